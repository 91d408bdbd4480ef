/* SPDX-License-Identifier: Apache-2.0 */
/* Between the scheduler's frame (sched.c) and policies. */
#pragma once

#include <hearth/cpu.h>
#include <hearth/sched.h>

struct cpupool {
    struct spinlock lock; /* RANK_SCHED: units' states, queues, and cpu/on_cpu of units */
    const struct sched_policy *policy;
    DECLARE_BITMAP(cpus, CONFIG_NR_CPUS);
    struct list queue; /* runnable units that run nowhere, in the policy's order */
    uint32_t nr_queued;
    nanosec_t ratelimit;       /* runs at least this long, whoever waits */
    uint64_t min_virtual_time; /* fair.c: no runnable unit is behind it; only grows */
    struct list parked;        /* fair.c: runnable, but their domain's budget is spent */
    nanosec_t next_refill;     /* of the parked ones' budgets, the first */
};

struct sched_cpu {
    struct cpupool *pool;
    struct timer slice;
    struct sched_unit *running; /* under the pool's lock; NULL: idle */
};

extern struct cpupool cpupool0;
extern const struct sched_policy sched_fair;

/* This unit may run on cpu. */
static inline bool sched_allowed(const struct sched_unit *u, unsigned int cpu)
{
    return bit_test(u->hard_affinity, cpu) && bit_test(u->pool->cpus, cpu);
}

/* Queue is not empty on account of u: a CPU that may run it has to look. Pool's lock held. */
void sched_tickle(struct cpupool *pool, const struct sched_unit *u);

/* cap.c: budgets of domains with a cap. Pool's lock held. */
void cap_charge(struct domain *d, nanosec_t ran);
bool cap_spent(struct domain *d, nanosec_t at); /* nothing is left until budget.until */

static inline struct sched_unit *sched_running(unsigned int cpu)
{
    return cpus[cpu]->sched->running;
}
