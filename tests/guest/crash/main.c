// SPDX-License-Identifier: Apache-2.0
/*
 * Ends badly, as `how` says: 0 reports a crash, 1 loses its vectors and then its way, 2 powers off,
 * 3 resets, 4 loses its page tables, 5 sets a watchdog that has no patience.
 */
#include <guest.h>
#include <hypercall.h>

static void shut_down(unsigned int reason)
{
    struct sched_shutdown op = {.reason = reason};

    sched_op(SCHEDOP_shutdown, &op);
}

static void lose_vectors(void)
{
    sysreg_write("vbar_el1", BAD_ADDRESS);
    isb();
    (void)*(volatile uint64_t *)(uintptr_t)BAD_ADDRESS;
}

static void lose_page_tables(void)
{
    sysreg_write("ttbr0_el1", BAD_ADDRESS);
    isb();
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

static void set_watchdog(void)
{
    struct sched_watchdog op = {.id = 0, .timeout = 0};

    test_equal(sched_op(SCHEDOP_watchdog, &op), 1, "a watchdog of no time");
    timer_delay_us(100000);
    print("crash: still here\n");
}

void test_main(void)
{
    uint64_t how = boot_option("how", 0);

    print("crash: now, %lu\n", (unsigned long)how);
    timer_delay_us(1000);
    if (how == 1) {
        lose_vectors();
    } else if (how == 2) {
        guest_off();
    } else if (how == 3) {
        guest_reset();
    } else if (how == 4) {
        lose_page_tables();
    } else if (how == 5) {
        set_watchdog();
    }
    shut_down(SHUTDOWN_crash);
    print("crash: still here\n");
}
