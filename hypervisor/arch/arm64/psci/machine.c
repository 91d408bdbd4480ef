/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's own power, through the firmware's PSCI. */
#include <hearth/arch/cpu.h>
#include <hearth/cpu.h>

#include <asm/arm64.h>
#include <asm/gic.h>
#include <asm/sysreg.h>

noreturn void arch_cpu_halt(void)
{
    for (;;) {
        __asm__ volatile("msr daifset, #0xf\n\twfi" ::: "memory");
        /* A pending interrupt makes WFI a no-operation: that of a stopped CPU stays masked. */
    }
}

void arch_stop_other_cpus(void)
{
    gic_stop_other_cpus();
}

noreturn void arch_machine_restart(void)
{
    struct smccc_result r;

    smccc_smc(PSCI_SYSTEM_RESET, 0, 0, 0, &r);
    arch_cpu_halt();
}

noreturn void arch_machine_power_off(void)
{
    struct smccc_result r;

    smccc_smc(PSCI_SYSTEM_OFF, 0, 0, 0, &r);
    arch_cpu_halt();
}

void arch_idle(void)
{
    dsb_sy();
    __asm__ volatile("wfi" ::: "memory");
}

void arch_cpu_relax(void)
{
    __asm__ volatile("yield" ::: "memory");
}

void arch_wait_change(const uint16_t *word, uint16_t old)
{
    uint32_t found;

    /* WFE sleeps until the exclusive monitor that LDXR set is cleared by a store. */
    __asm__ volatile("ldxrh %w0, [%1]\n\t"
                     "cmp %w0, %w2\n\t"
                     "b.ne 1f\n\t"
                     "wfe\n"
                     "1:"
                     : "=&r"(found)
                     : "r"(word), "r"((uint32_t)old)
                     : "cc", "memory");
}

void arch_dump_state(void)
{
    /* The registers of a fault are in the panic message (trap_hyp_fault). */
}
