/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap dispatch of arm64: const tables by exception class and system register. A handler returns a
 * verdict; only the dispatcher moves the PC, injects or crashes.
 */
#pragma once

#include <hearth/compiler.h>
#include <hearth/vcpu.h>

#include <asm/sysreg.h>

enum trap_verdict {
    TRAP_HEAVY = 1,  /* not looked at yet: trap_light() */
    TRAP_DONE,       /* the guest goes on where its PC says */
    TRAP_SKIP,       /* the instruction was emulated */
    TRAP_UNDEF,      /* undefined instruction exception */
    TRAP_DATA_ABORT, /* synchronous external abort at FAR_EL2 */
    TRAP_INSN_ABORT,
    TRAP_CRASH, /* this domain cannot go on */
};

/* Syndromes of EC_SYSREG and EC_DABT_LOW. */
#define ISS_SYSREG_RT(e)  ((unsigned int)((e) >> 5) & 31U)
#define ISS_SYSREG_CRM(e) ((unsigned int)((e) >> 1) & 15U)
#define ISS_SYSREG_OP2(e) ((unsigned int)((e) >> 17) & 7U)
#define ISS_SYSREG_READ   (1UL << 0)
#define SYSREG_ID_SPACE   SYSREG(3, 0, 0, 0, 0)
#define SYSREG_ID_MASK    SYSREG(3, 7, 15, 0, 0)
#define ISS_ABORT_ISV     (1UL << 24)
#define ISS_ABORT_SRT(e)  ((unsigned int)((e) >> 16) & 31U)

struct trap_row {
    enum trap_verdict (*handler)(struct vcpu *v, uint64_t esr);
    const char *name;
};

/* Exception classes 0 to 63. */
extern const struct trap_row trap_table[64];

enum trap_verdict trap_sysreg(struct vcpu *v, uint64_t esr);
enum trap_verdict trap_data_abort(struct vcpu *v, uint64_t esr);
/* Tries the commonest data abort: true when it was emulated, false when nothing was done. */
bool trap_vgic_word(struct vcpu *v, uint64_t esr);
enum trap_verdict trap_insn_abort(struct vcpu *v, uint64_t esr);

/* ID registers (op0 3, op1 0, CRn 0, CRm 1 to 7, op2) as guests see them, by CRm and op2. */
extern uint64_t guest_id_registers[8][8];
void guest_id_registers_init(void);

/* Exceptions to EL1 of the current vCPU, as the architecture takes them (DDI 0487 D1.3). */
void inject_undef(struct vcpu *v, uint64_t esr);
void inject_abort(struct vcpu *v, bool instruction, uint64_t esr, uint64_t far);

/* Reads or writes register number r of the current vCPU, 31 being XZR. */
static inline uint64_t guest_reg_read(const struct vcpu *v, unsigned int r)
{
    return r < 31 ? v->arch.regs.x[r] : 0;
}
static inline void guest_reg_write(struct vcpu *v, unsigned int r, uint64_t value)
{
    if (r < 31) {
        v->arch.regs.x[r] = value;
    }
}
