// SPDX-License-Identifier: Apache-2.0
/* Executes one marker when it starts, and sleeps: the guest of the growth figures. */
#include <guest.h>

#define MARK_STARTED 0x100

void test_main(void)
{
    MARKER(MARK_STARTED);
    for (;;) {
        timer_set(timer_now() + timer_frequency());
        wait_irq();
    }
}
