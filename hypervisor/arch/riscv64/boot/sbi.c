/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the firmware, and what the machine does through it. */
#include <hearth/arch/cpu.h>

#include <asm/riscv64.h>

int64_t sbi_call(int64_t eid, int64_t fid, uint64_t a0, uint64_t a1, uint64_t *value)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = a1;
    register int64_t r6 __asm__("a6") = fid;
    register int64_t r7 __asm__("a7") = eid;

    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r6), "r"(r7) : "memory");
    if (value != NULL) {
        *value = r1;
    }
    return (int64_t)r0;
}

void sbi_putchar(char c)
{
    (void)sbi_call(SBI_EXT_PUTCHAR, 0, (uint8_t)c, 0, NULL);
}

noreturn void arch_cpu_halt(void)
{
    csr_write(sie, 0);
    for (;;) {
        __asm__ volatile("wfi" ::: "memory");
    }
}

void arch_stop_other_cpus(void)
{
    /* Only the boot hart was started. */
}

static noreturn void system_reset(uint64_t type)
{
    (void)sbi_call(SBI_EXT_SRST, 0, type, 0, NULL);
    arch_cpu_halt();
}

noreturn void arch_machine_restart(void)
{
    system_reset(SBI_SRST_COLD);
}

noreturn void arch_machine_power_off(void)
{
    system_reset(SBI_SRST_OFF);
}

void arch_cpu_relax(void)
{
    /* PAUSE (Zihintpause), a hint that harts without it ignore. */
    __asm__ volatile(".word 0x0100000f" ::: "memory");
}

void arch_wait_change(const uint16_t *word, uint16_t old)
{
    if (READ_ONCE(*word) == old) {
        arch_cpu_relax();
    }
}
