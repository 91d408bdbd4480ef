// SPDX-License-Identifier: Apache-2.0
/*
 * Prints a count every `ms` milliseconds of virtual time, by the virtual timer, for `beats` times
 * (for ever without it). The healthy neighbour of the hostile guests.
 */
#include <guest.h>

static volatile unsigned int fired;

static void on_irq(unsigned int irq)
{
    if (irq == IRQ_VTIMER) {
        timer_stop();
        fired++;
    }
}

void test_main(void)
{
    uint64_t period = timer_frequency() / 1000 * boot_option("ms", 100);
    uint64_t beats = boot_option("beats", 0);
    uint64_t next = timer_now();

    irq_set_handler(on_irq);
    gic_enable(IRQ_VTIMER);
    print("heartbeat starts\n");
    for (uint64_t i = 1; beats == 0 || i <= beats; i++) {
        unsigned int before = fired;

        next += period;
        timer_set(next);
        while (fired == before) {
            wait_irq();
            irq_enable();
            isb();
            irq_disable();
        }
        print("beat %lu\n", (unsigned long)i);
    }
}
