/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that tests move. */
#include <hearth/arch/cpu.h>
#include <hearth/atomic.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include <asm/host.h>

uint64_t arch_now(void)
{
    return __atomic_load_n(&host_clock, __ATOMIC_ACQUIRE);
}

void arch_timer_program(uint64_t deadline)
{
    this_cpu()->arch.deadline = deadline;
}

void host_advance(uint64_t ns)
{
    uint64_t at = __atomic_add_fetch(&host_clock, ns, __ATOMIC_ACQ_REL);
    unsigned int i;

    for_each_cpu (i) {
        if (cpus[i]->arch.deadline <= at) {
            cpus[i]->arch.deadline = TIMER_NEVER;
            atomic_bit_set(&cpus[i]->softirq_pending, SOFTIRQ_TIMER);
        }
    }
}

uint32_t arch_cpu_khz(void)
{
    return 1000000; /* a counter of nanoseconds */
}
