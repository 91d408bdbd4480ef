/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: domains and vCPUs of the architecture. */
#pragma once

#include <hearth/num.h>
#include <hearth/state.h>

struct domain;
struct domain_config;
struct vcpu;

/* Checks and completes the config (defaults); -EINVAL with a message through guest_printk. */
int arch_domain_check_config(struct domain_config *config) must_check;
/*
 * The architecture's words of createdomain (abi_domctl.h), from the tools into a config (-EINVAL),
 * and what a domain has become, back.
 */
int arch_domain_config_in(struct domain_config *config, const uint32_t *words) must_check;
void arch_domain_config_out(const struct domain *d, uint32_t *words);
/* Width of guest-physical addresses of new domains. */
unsigned int arch_guest_address_bits(void);
/* d->lock not held; undone by arch_domain_destroy(), also after a failure half-way. */
int arch_domain_create(struct domain *d) must_check;
/* -ERESTART until done. */
int arch_domain_release(struct domain *d) must_check;
void arch_domain_destroy(struct domain *d);

int arch_vcpu_create(struct vcpu *v) must_check;
void arch_vcpu_destroy(struct vcpu *v);
/* Start state as the boot protocol has it: `entry` in guest-physical space, one argument. */
void arch_vcpu_set_entry(struct vcpu *v, gaddr_t entry, uint64_t argument);

/*
 * The public vcpu_guest_context at the current vCPU's address. v is paused and on no CPU.
 * _in: -EFAULT, -EINVAL (a state that no guest may be in; v is unchanged). *online as it says.
 */
int arch_vcpu_context_in(struct vcpu *v, guest_ptr_t from, bool *online) must_check;
int arch_vcpu_context_out(struct vcpu *v, guest_ptr_t to) must_check;
/* set_address_size: -EINVAL for a width that guests cannot have. */
int arch_domain_set_width(struct domain *d, unsigned int bits) must_check;
/*
 * vuart_op: where guests of the tools have their virtual UART, and its line (arch_domain_set_line).
 * -EOPNOTSUPP: nowhere; -EINVAL: d was made without that line.
 */
int arch_domain_vuart(const struct domain *d, gaddr_t *base, unsigned int *line) must_check;

/*
 * Switching. _save puts the CPU's guest state into v, _load the reverse; the scheduler's frame
 * calls them with interrupts masked. After _load, translations of the incoming vCPU are in force.
 */
void arch_vcpu_save(struct vcpu *v);
void arch_vcpu_load(struct vcpu *v);

/* VCPU_WORK_ARCH: places pending interrupts and whatever else entry needs. v is current. */
void arch_vcpu_entry_work(struct vcpu *v);
/* Something that wakes a blocked vCPU is pending (an enabled virtual interrupt, an event). */
bool arch_vcpu_wakeable(struct vcpu *v) must_check;
/* vcpu_info.evtchn_upcall_pending went from 0 to 1: raise the upcall interrupt. Any CPU. */
void arch_vcpu_upcall(struct vcpu *v);
/* Level of a virtual device's interrupt line (arm64: SPI INTID, riscv64: source). Any CPU; takes
 * RANK_VGIC. */
void arch_domain_set_line(struct domain *d, unsigned int line, bool level);
/* Prints v's registers (debug key, crash). v is not running elsewhere, or the dump is torn. */
void arch_vcpu_dump(struct vcpu *v);

/* Arguments and result registers, for continuations and delayed results. */
void arch_vcpu_set_result(struct vcpu *v, int64_t result);

/* VCPUOP and SCHEDOP need guest-visible time fields in vcpu_info on some architectures. */
void arch_vcpu_update_time(struct vcpu *v);

/* State records of the architecture's part. */
void arch_vcpu_state_save(struct vcpu *v, struct state_stream *s);
int arch_vcpu_state_load(struct vcpu *v, struct state_stream *s) must_check;

/* XENVER_capabilities text, e.g. "xen-3.0-aarch64 "; XENFEAT bits of submap 0. */
const char *arch_capabilities(void);
uint32_t arch_features(const struct domain *d);
/* memory_op XENMAPSPACE_* that only this architecture has: -ENOSYS otherwise. */
int arch_add_to_physmap(struct domain *d, unsigned int space, uint64_t idx, gfn_t gfn) must_check;
