/* SPDX-License-Identifier: Apache-2.0 */
/* Time by rdtime, the timer by the firmware's TIME extension. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/bug.h>
#include <hearth/fdt.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include <asm/riscv64.h>

/* ns = ticks * mult >> 32, ticks = ns * rmult >> 32, with 128-bit products. */
static uint64_t mult __ro_after_init;
static uint64_t rmult __ro_after_init;
static uint64_t boot_count __ro_after_init;

void arch_timer_init(void)
{
    uint32_t cpus_node = fdt_find(&host_fdt, "/cpus");
    uint64_t hz = 0;

    if (!fdt_number(&host_fdt, cpus_node, "timebase-frequency", &hz) || hz < 1000 ||
        hz > 4 * NS_PER_S) {
        panic("/cpus/timebase-frequency is %lu: 1 kHz to 4 GHz are usable", hz);
    }
    mult = (NS_PER_S << 32) / hz;
    rmult = (hz << 32) / NS_PER_S;
    boot_count = csr_read(time);
    arch_timer_program(TIMER_NEVER);
    csr_write(sie, SIE_TIMER);
}

uint64_t arch_now(void)
{
    return (uint64_t)(((unsigned __int128)(csr_read(time) - boot_count) * mult) >> 32);
}

void arch_timer_program(uint64_t deadline)
{
    uint64_t count = UINT64_MAX;

    if (deadline != TIMER_NEVER) {
        count = boot_count + (uint64_t)(((unsigned __int128)deadline * rmult) >> 32) + 1;
    }
    (void)sbi_call(SBI_EXT_TIME, 0, count, 0, NULL);
}

bool arch_irq_pending(void)
{
    return (csr_read(sip) & csr_read(sie)) != 0;
}

void arch_idle(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void arch_irq_dispatch(void)
{
    if ((csr_read(sip) & SIE_TIMER) != 0) {
        arch_timer_program(TIMER_NEVER);
        softirq_raise(SOFTIRQ_TIMER);
    }
}
