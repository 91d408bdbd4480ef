/* SPDX-License-Identifier: Apache-2.0 */
/* Affinity and per-domain parameters. */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/softirq.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include "private.h"

#define RATE_LIMIT_MOST (500 * NS_PER_MS)

int sched_set_affinity(struct vcpu *v, const unsigned long *hard, const unsigned long *soft)
{
    struct sched_unit *u = &v->sched;
    struct cpupool *pool = u->pool;
    int rc = 0;

    spin_lock(&pool->lock);
    if (hard != NULL) {
        bool any = false;

        for (unsigned int i = 0; i < ARRAY_SIZE(u->hard_affinity); i++) {
            any = any || (hard[i] & pool->cpus[i]) != 0;
        }
        if (any) {
            memcpy(u->hard_affinity, hard, sizeof(u->hard_affinity));
        } else {
            rc = -EINVAL;
        }
    }
    if (rc == 0 && soft != NULL) {
        memcpy(u->soft_affinity, soft, sizeof(u->soft_affinity));
    }
    if (rc == 0 && u->on_cpu != CPU_NONE) {
        softirq_raise_on(u->on_cpu, SOFTIRQ_SCHEDULE);
    } else if (rc == 0) {
        if (!sched_allowed(u, u->cpu)) {
            u->cpu = (uint16_t)bitmap_next_set(u->hard_affinity, nr_cpus, 0);
        }
        if (u->queued) {
            sched_tickle(pool, u); /* a CPU that was closed to it may be idle */
        }
    }
    spin_unlock(&pool->lock);
    return rc;
}

int sched_set_params(struct domain *d, const struct sched_params *p)
{
    unsigned int cpu;
    int rc;

    spin_lock(&d->pool->lock);
    rc = d->pool->policy->set_params(d, p);
    if (rc == 0) {
        d->sched = *p;
        for_each_cpu (cpu) {
            if (bit_test(d->pool->cpus, cpu)) {
                softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
            }
        }
    }
    spin_unlock(&d->pool->lock);
    return rc;
}

void sched_get_params(const struct domain *d, struct sched_params *p)
{
    *p = d->sched;
}

const struct sched_policy *sched_policy_of(const struct domain *d)
{
    return d->pool->policy;
}

struct cpupool *sched_default_pool(void)
{
    return &cpupool0;
}

int sched_set_ratelimit(struct domain *d, nanosec_t least)
{
    if (least > RATE_LIMIT_MOST) {
        return -EINVAL;
    }
    spin_lock(&d->pool->lock);
    d->pool->ratelimit = least;
    spin_unlock(&d->pool->lock);
    return 0;
}

nanosec_t sched_ratelimit(const struct domain *d)
{
    return READ_ONCE(d->pool->ratelimit);
}

nanosec_t sched_idle_time(unsigned int cpu)
{
    const struct cpu *c = cpus[cpu];
    struct cpupool *pool = c->sched->pool;
    nanosec_t idle;

    spin_lock(&pool->lock);
    idle = c->idle_ns;
    if (c->sched->running == NULL) {
        idle += now() - c->idle_since;
    }
    spin_unlock(&pool->lock);
    return idle;
}
