/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weighted fair sharing, the default (answers to `sched=credit2`, whose parameters it takes).
 *
 * A unit's virtual time is the time it ran, scaled by 256/weight. The queue of runnable units is
 * sorted by it; the earliest runs next. A unit that slept continues at the pool's minimum, so that
 * sleep earns nothing, less a small bonus that lets it run soon (latency). It is never more than
 * MAX_LEAD ahead of the pool's minimum.
 *
 * All functions: the pool's lock is held.
 */
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/vcpu.h>

#include "private.h"

#define SLICE       (5 * NS_PER_MS)
#define RATE_LIMIT  (1 * NS_PER_MS) /* of a new pool */
#define WAKE_BONUS  (1 * NS_PER_MS)
#define WEIGHT_UNIT 256U
/* The most that one slice charges: who ran alone on a CPU owes no more when others come there. */
#define MAX_LEAD              (SLICE * WEIGHT_UNIT)

#define XEN_SCHEDULER_CREDIT2 6U

static int fair_pool_init(struct cpupool *pool)
{
    list_init(&pool->queue);
    pool->nr_queued = 0;
    pool->ratelimit = RATE_LIMIT;
    pool->min_virtual_time = NS_PER_S; /* room for bonuses */
    return 0;
}

static void fair_unit_init(struct cpupool *pool, struct sched_unit *u)
{
    list_init(&u->queue);
    u->virtual_time = pool->min_virtual_time;
}

static void dequeue(struct cpupool *pool, struct sched_unit *u)
{
    if (u->queued) {
        list_del(&u->queue);
        u->queued = 0;
        pool->nr_queued--;
    }
}

static void enqueue(struct cpupool *pool, struct sched_unit *u)
{
    struct list *pos = pool->queue.prev;

    /* From the back: a unit whose slice ended is usually the last. */
    while (pos != &pool->queue &&
           list_entry(pos, struct sched_unit, queue)->virtual_time > u->virtual_time) {
        pos = pos->prev;
    }
    list_add(pos, &u->queue);
    u->queued = 1;
    pool->nr_queued++;
}

static void charge(struct cpupool *pool, struct sched_unit *u, nanosec_t at)
{
    uint64_t ran = at > u->started ? at - u->started : 0;

    u->virtual_time += ran * WEIGHT_UNIT / u->vcpu->domain->sched.weight;
    u->virtual_time = MIN(u->virtual_time, pool->min_virtual_time + MAX_LEAD);
    u->started = at;
}

static void advance_minimum(struct cpupool *pool, const struct sched_unit *chosen)
{
    uint64_t first = chosen != NULL ? chosen->virtual_time : UINT64_MAX;

    if (!list_empty(&pool->queue)) {
        first = MIN(first, list_first(&pool->queue, struct sched_unit, queue)->virtual_time);
    }
    if (first != UINT64_MAX && first > pool->min_virtual_time) {
        pool->min_virtual_time = first;
    }
}

/* Charges what runs now: alone on its CPU, it may not have been for long. The one least ahead. */
static const struct sched_unit *charge_running(struct cpupool *pool, nanosec_t at)
{
    const struct sched_unit *least = NULL;
    unsigned int cpu;

    for_each_cpu (cpu) {
        if (cpus[cpu]->sched != NULL && cpus[cpu]->sched->pool == pool &&
            sched_running(cpu) != NULL) {
            struct sched_unit *u = sched_running(cpu);

            charge(pool, u, at);
            if (least == NULL || u->virtual_time < least->virtual_time) {
                least = u;
            }
        }
    }
    return least;
}

static void fair_wake(struct cpupool *pool, struct sched_unit *u)
{
    uint64_t floor;

    advance_minimum(pool, charge_running(pool, now()));
    floor = pool->min_virtual_time - WAKE_BONUS;
    if (u->virtual_time < floor) {
        u->virtual_time = floor;
    }
    enqueue(pool, u);
}

static void fair_sleep(struct cpupool *pool, struct sched_unit *u)
{
    dequeue(pool, u);
}

static void fair_yield(struct cpupool *pool, struct sched_unit *u)
{
    (void)pool;
    u->yielding = 1;
}

/* First queued unit that may run on cpu and whose state is not still on another one. */
static struct sched_unit *first_allowed(struct cpupool *pool, unsigned int cpu)
{
    struct list *pos;

    list_for_each (pos, &pool->queue) {
        struct sched_unit *u = list_entry(pos, struct sched_unit, queue);

        if (sched_allowed(u, cpu) && (u->on_cpu == CPU_NONE || u->on_cpu == cpu)) {
            return u;
        }
    }
    return NULL;
}

static bool keeps_running(const struct cpupool *pool, const struct sched_unit *prev,
                          const struct sched_unit *next, nanosec_t ran)
{
    if (next == NULL) {
        return true;
    }
    if (prev->yielding) {
        return false;
    }
    if (ran < pool->ratelimit) {
        return true;
    }
    /* Weights need this at the end of a slice too: whoever is behind has another one. */
    return ran < SLICE ? prev->virtual_time <= next->virtual_time
                       : prev->virtual_time < next->virtual_time;
}

static struct sched_unit *fair_pick(struct cpupool *pool, unsigned int cpu, struct sched_unit *prev,
                                    nanosec_t at, nanosec_t *slice_end)
{
    struct sched_unit *next = first_allowed(pool, cpu);
    nanosec_t ran = 0;

    if (prev != NULL) {
        ran = at - prev->slice_start;
        charge(pool, prev, at);
        if (prev->pause == 0 && sched_allowed(prev, cpu)) {
            if (keeps_running(pool, prev, next, ran)) {
                next = prev;
            } else {
                if (prev->yielding && next != NULL && prev->virtual_time < next->virtual_time) {
                    prev->virtual_time = next->virtual_time; /* let it pass */
                }
                enqueue(pool, prev);
            }
        } else if (prev->pause == 0) {
            enqueue(pool, prev); /* its affinity changed */
        }
        prev->yielding = 0;
    }
    if (next != NULL && next != prev) {
        dequeue(pool, next);
        next->started = at;
        next->slice_start = at;
    }
    advance_minimum(pool, next);
    *slice_end = TIMER_NEVER;
    if (next != NULL && pool->nr_queued != 0) {
        if (next == prev && ran >= SLICE) {
            next->slice_start = at;
        }
        *slice_end =
            next->slice_start + (next == prev && ran < pool->ratelimit ? pool->ratelimit : SLICE);
    }
    return next;
}

static int fair_set_params(struct domain *d, const struct sched_params *p)
{
    (void)d;
    if (p->weight == 0 || p->weight > 65535) {
        return -EINVAL;
    }
    return p->cap == 0 ? 0 : -EOPNOTSUPP;
}

const struct sched_policy sched_fair = {
    .name = "credit2",
    .id = XEN_SCHEDULER_CREDIT2,
    .pool_init = fair_pool_init,
    .unit_init = fair_unit_init,
    .unit_remove = fair_sleep,
    .wake = fair_wake,
    .sleep = fair_sleep,
    .yield = fair_yield,
    .pick = fair_pick,
    .set_params = fair_set_params,
};
