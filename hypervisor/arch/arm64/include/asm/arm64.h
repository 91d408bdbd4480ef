/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the files of arch/arm64 share. */
#pragma once

#include <hearth/num.h>

struct vcpu;
struct domain;

/* mm/ */
extern uint64_t main_ttbr; /* physical address of Hearth's own level 0 table */
void mm_use_main_tables(void);
struct p2m;
/* VTCR_EL2 and VTTBR_EL2 for a vCPU of this p2m. */
uint64_t stage2_vtcr(void);
uint64_t stage2_vttbr(const struct p2m *p2m);
/* boot/ */
void vectors_install(void);
paddr_t image_to_paddr(const void *symbol);
/* vcpu/ */
void cpu_features_init(void);
unsigned int cpu_guest_address_bits(void);
bool cpu_has_pauth(void);
void fp_save(void *regs);
void fp_load(const void *regs);
/* timer/ */
void vtimer_init(struct vcpu *v);
void vtimer_destroy(struct vcpu *v);
/* Both timers off, as of a CPU that has just been turned on. */
void vtimer_reset(struct vcpu *v);
void vtimer_save(struct vcpu *v);
void vtimer_load(struct vcpu *v);
bool vtimer_pending(struct vcpu *v);
uint64_t counter_read(void);
uint64_t counter_to_ns(uint64_t ticks);
uint64_t ns_to_counter(uint64_t ns);
/* EL1 physical timer registers: op2 of CNTP_TVAL (0), CNTP_CTL (1), CNTP_CVAL (2). */
void ptimer_access(struct vcpu *v, unsigned int op2, bool write, uint64_t *value);
/* psci/ */
/* SMC Calling Convention: function id in x0. Sets the result registers. */
void smccc_handle(struct vcpu *v);
/* Calls firmware by the conduit that it names. */
struct smccc_result {
    uint64_t x0, x1, x2, x3;
};
void smccc_smc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3, struct smccc_result *out);
#define PSCI_CPU_ON_64      0xc4000003U
#define PSCI_SYSTEM_OFF     0x84000008U
#define PSCI_SYSTEM_RESET   0x84000009U
#define SMCCC_VERSION       0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
