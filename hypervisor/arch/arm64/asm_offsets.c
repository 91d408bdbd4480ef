/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets for assembly, turned into generated/asm_offsets.h. */
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/vcpu.h>

#define DEFINE(sym, val) __asm__ volatile("\n.ascii \"->" #sym " %0 \"" : : "i"(val))

void asm_offsets(void);

void asm_offsets(void)
{
    static_assert(offsetof(struct cpu, softirq_pending) == offsetof(struct cpu, current) + 8,
                  "read as one pair");

    DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
    DEFINE(VCPU_WORK, offsetof(struct vcpu, work));
    DEFINE(HYPERCALL_RESTART, ERESTART);
    DEFINE(CPU_STACK_TOP, offsetof(struct cpu, arch.stack_top));
    DEFINE(REGS_X0, offsetof(struct arch_regs, x[0]));
    DEFINE(REGS_X30, offsetof(struct arch_regs, x[30]));
    DEFINE(REGS_PC, offsetof(struct arch_regs, pc));
    DEFINE(REGS_PSTATE, offsetof(struct arch_regs, pstate));
    DEFINE(REGS_STACK, offsetof(struct arch_regs, stack));
}
