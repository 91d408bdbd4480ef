/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the hypervisor itself (RISC-V privileged architecture, 12.1.8). */
#include <hearth/arch/cpu.h>
#include <hearth/bug.h>
#include <hearth/console.h>

#include <asm/arch_vcpu.h>
#include <asm/riscv64.h>

static const char *const causes[] = {
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
    [12] = "instruction page fault",
    [13] = "load page fault",
    [15] = "store page fault",
};

static const struct arch_regs *fault;

noreturn void riscv64_trap(const struct arch_regs *regs);

noreturn void riscv64_trap(const struct arch_regs *regs)
{
    const char *text = NULL;

    if (fault != NULL) {
        arch_cpu_halt(); /* a fault while one is reported */
    }
    fault = regs;
    if (regs->scause < ARRAY_SIZE(causes)) {
        text = causes[regs->scause];
    }
    panic("%s (scause 0x%lx) at 0x%lx, stval 0x%lx", text != NULL ? text : "unexpected trap",
          regs->scause, regs->sepc, regs->stval);
}

void arch_dump_state(void)
{
    if (fault == NULL) {
        return;
    }
    printk(LOG_ERR, "sepc 0x%016lx  sstatus 0x%016lx\n", fault->sepc, fault->sstatus);
    for (unsigned int i = 0; i < 32; i += 4) {
        printk(LOG_ERR, "x%02u %016lx %016lx %016lx %016lx\n", i, fault->x[i], fault->x[i + 1],
               fault->x[i + 2], fault->x[i + 3]);
    }
}
