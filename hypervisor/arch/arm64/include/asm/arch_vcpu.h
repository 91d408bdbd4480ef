/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64's part of a vCPU. Guest general registers are saved here by the trap entry itself; system,
 * FP and interrupt state only when another vCPU takes the CPU.
 */
#pragma once

#include <hearth/compiler.h>
#include <hearth/timer.h>

#include <asm/vgic.h> /* struct vgic_vcpu */

struct arch_regs {
    uint64_t x[31];
    uint64_t pc;     /* ELR_EL2 */
    uint64_t pstate; /* SPSR_EL2 */
    void *stack;     /* top of the stack of the CPU that the vCPU is loaded on */
};

/* EL1 and EL0 system registers that guests own. */
struct arch_sysregs {
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t sctlr_el1, cpacr_el1, actlr_el1;
    uint64_t ttbr0_el1, ttbr1_el1, tcr_el1, mair_el1, amair_el1;
    uint64_t esr_el1, far_el1, afsr0_el1, afsr1_el1, par_el1;
    uint64_t vbar_el1, contextidr_el1;
    uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
    uint64_t cntkctl_el1, csselr_el1, mdscr_el1;
    uint64_t pauth_keys[10];
};

struct arch_fpregs {
    __uint128_t v[32];
    uint64_t fpsr;
    uint64_t fpcr;
} aligned(16);

struct arch_vtimer {
    struct timer soft; /* fires for the guest's virtual timer while the vCPU does not run */
    uint64_t cval;
    uint64_t ctl;
};

/* The EL1 physical timer, emulated. */
struct arch_ptimer {
    struct timer soft;
    uint64_t cval;
    uint64_t ctl;
};

struct arch_vcpu {
    struct arch_regs regs;
    uint64_t hcr;
    uint64_t vmpidr;
    struct arch_sysregs sys;
    struct arch_vtimer vtimer;
    struct arch_ptimer ptimer;
    struct arch_fpregs fp;
    struct vgic_vcpu vgic;
    bool upcall_line;
};
