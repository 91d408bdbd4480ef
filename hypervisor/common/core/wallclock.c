/* SPDX-License-Identifier: Apache-2.0 */
/* The wall clock: one number, the time of day when Hearth started. */
#include <hearth/atomic.h>
#include <hearth/timer.h>

static nanosec_t base;

nanosec_t wallclock_base(void)
{
    return load_acquire(&base);
}

void wallclock_set(uint64_t secs, uint32_t nsecs, nanosec_t system_time)
{
    store_release(&base, secs * NS_PER_S + nsecs - system_time);
}
