/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap dispatch of arm64: const tables by exception class and system register. A handler returns a
 * verdict; only the dispatcher moves the PC, injects or crashes.
 */
#pragma once

#include <hearth/compiler.h>

#include <asm/sysreg.h>

struct vcpu;

enum trap_verdict {
    TRAP_DONE,       /* the guest goes on where its PC says */
    TRAP_SKIP,       /* the instruction was emulated */
    TRAP_UNDEF,      /* undefined instruction exception */
    TRAP_DATA_ABORT, /* synchronous external abort at FAR_EL2 */
    TRAP_INSN_ABORT,
    TRAP_CRASH, /* this domain cannot go on */
};

struct trap_row {
    enum trap_verdict (*handler)(struct vcpu *v, uint64_t esr);
    const char *name;
};

/* Exception classes 0 to 63. */
extern const struct trap_row trap_table[64];

enum trap_verdict trap_sysreg(struct vcpu *v, uint64_t esr);
enum trap_verdict trap_data_abort(struct vcpu *v, uint64_t esr);
enum trap_verdict trap_insn_abort(struct vcpu *v, uint64_t esr);

/* ID register (op0 3, op1 0, CRn 0, CRm 1 to 7, op2) as guests see it. */
uint64_t guest_id_register(unsigned int crm, unsigned int op2);
void guest_id_registers_init(void);

/* Exceptions to EL1 of the current vCPU, as the architecture takes them (DDI 0487 D1.3). */
void inject_undef(struct vcpu *v, uint64_t esr);
void inject_abort(struct vcpu *v, bool instruction, uint64_t esr, uint64_t far);

/* Reads or writes register number r of the current vCPU, 31 being XZR. */
uint64_t guest_reg_read(const struct vcpu *v, unsigned int r);
void guest_reg_write(struct vcpu *v, unsigned int r, uint64_t value);
