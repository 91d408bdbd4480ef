/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred work. A CPU's pending bits are set by anyone and cleared by that CPU alone, before the
 * handler runs, so that what is raised meanwhile is seen by the next round.
 */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/rcu.h>
#include <hearth/sched.h>
#include <hearth/smp_call.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include <hearth/arch/cpu.h>

static void (*const handlers[NR_SOFTIRQS])(void) = {
    [SOFTIRQ_TIMER] = timer_softirq,
    [SOFTIRQ_SCHEDULE] = sched_softirq,
    [SOFTIRQ_RCU] = rcu_softirq,
    [SOFTIRQ_CALL] = smp_call_softirq,
};

void softirq_raise(enum softirq s)
{
    atomic_bit_set(&this_cpu()->softirq_pending, s);
}

/* A bit that is set already has brought its own interrupt, or its CPU is on the way to it. */
void softirq_raise_on(unsigned int cpu, enum softirq s)
{
    struct cpu *c = cpus[cpu];

    if (!atomic_bit_test_set(&c->softirq_pending, s) && c != this_cpu()) {
        arch_send_ipi(cpu);
    }
}

void softirq_run(void)
{
    struct cpu *c = this_cpu();
    unsigned long pending;

    while ((pending = READ_ONCE(c->softirq_pending)) != 0) {
        unsigned int s = (unsigned int)__builtin_ctzl(pending);

        atomic_bit_clear(&c->softirq_pending, s);
        handlers[s]();
    }
}
