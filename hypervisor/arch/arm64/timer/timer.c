/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architected timer. Hearth uses the EL2 physical timer (PPI 26); the virtual timer (PPI 27)
 * belongs to the running guest.
 */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/bug.h>
#include <hearth/irq.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>

#define PPI_HYP_TIMER 26U

/* ns = ticks * mult >> 32, ticks = ns * rmult >> 32, with 128-bit products. */
static uint64_t mult __ro_after_init;
static uint64_t rmult __ro_after_init;
static uint64_t boot_count __ro_after_init;

uint64_t counter_read(void)
{
    isb();
    return read_sysreg(cntpct_el0);
}

uint64_t counter_to_ns(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * mult) >> 32);
}

uint64_t ns_to_counter(uint64_t ns)
{
    return (uint64_t)(((unsigned __int128)ns * rmult) >> 32);
}

uint64_t arch_now(void)
{
    return counter_to_ns(counter_read() - boot_count);
}

void arch_timer_program(uint64_t deadline)
{
    if (deadline == TIMER_NEVER) {
        write_sysreg(cnthp_ctl_el2, 0);
    } else {
        /* Rounded up, so that the handler does not find the deadline still ahead. */
        write_sysreg(cnthp_cval_el2, boot_count + ns_to_counter(deadline) + 1);
        write_sysreg(cnthp_ctl_el2, CNT_CTL_ENABLE);
    }
    isb();
}

static void hyp_timer_expired(void *arg)
{
    (void)arg;
    write_sysreg(cnthp_ctl_el2, 0);
    isb();
    softirq_raise(SOFTIRQ_TIMER);
}

void arch_timer_init(void)
{
    if (mult == 0) {
        uint64_t hz = read_sysreg(cntfrq_el0);

        if (hz < 1000000 || hz > 4000000000UL) {
            panic("CNTFRQ_EL0 says %lu Hz: the firmware must set the counter's frequency", hz);
        }
        mult = (uint64_t)(((unsigned __int128)NS_PER_S << 32) / hz);
        rmult = (hz << 32) / NS_PER_S;
        boot_count = counter_read();
        if (irq_request(PPI_HYP_TIMER, IRQ_LEVEL, hyp_timer_expired, NULL) != 0) {
            panic("interrupt %u of the EL2 timer cannot be enabled", PPI_HYP_TIMER);
        }
    }
    write_sysreg(cnthp_ctl_el2, 0);
    write_sysreg(cntv_ctl_el0, 0);
    isb();
}

uint32_t arch_cpu_khz(void)
{
    return (uint32_t)(read_sysreg(cntfrq_el0) / 1000);
}
