/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weighted fair sharing, the default (answers to `sched=credit2`, whose parameters it takes).
 *
 * A unit's virtual time is the time it ran, scaled by 256/weight. The queue of runnable units is
 * sorted by it; the earliest runs next. A unit that slept continues at the pool's minimum, so that
 * sleep earns nothing, less a small bonus that lets it run soon (latency). It is never more than
 * MAX_LEAD ahead of the pool's minimum.
 *
 * A unit whose domain has spent its budget (cap.c) is parked: on a list of its own, so that it
 * holds nobody back. Each CPU that chooses looks again when the first of their budgets is refilled.
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
    list_init(&pool->parked);
    pool->next_refill = TIMER_NEVER;
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
        if (u->parked) {
            u->parked = 0;
        } else {
            pool->nr_queued--;
        }
    }
}

static void park(struct cpupool *pool, struct sched_unit *u)
{
    list_add(pool->parked.prev, &u->queue);
    u->queued = 1;
    u->parked = 1;
    pool->next_refill = MIN(pool->next_refill, u->vcpu->domain->budget.until);
}

static void enqueue(struct cpupool *pool, struct sched_unit *u, nanosec_t at)
{
    struct list *pos = pool->queue.prev;

    if (cap_spent(u->vcpu->domain, at)) {
        park(pool, u);
        return;
    }
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

    cap_charge(u->vcpu->domain, ran);
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

/* Time that a unit did not want the CPU, or might not have it, earns it nothing. */
static void forget_sleep(const struct cpupool *pool, struct sched_unit *u)
{
    uint64_t floor = pool->min_virtual_time - WAKE_BONUS;

    if (u->virtual_time < floor) {
        u->virtual_time = floor;
    }
}

static void fair_wake(struct cpupool *pool, struct sched_unit *u)
{
    nanosec_t at = now();

    advance_minimum(pool, charge_running(pool, at));
    forget_sleep(pool, u);
    enqueue(pool, u, at);
}

/* Those whose domains have a budget again are queued. */
static void unpark(struct cpupool *pool, nanosec_t at)
{
    struct list *pos = pool->parked.next;

    if (at < pool->next_refill) {
        return;
    }
    pool->next_refill = TIMER_NEVER;
    while (pos != &pool->parked) {
        struct sched_unit *u = list_entry(pos, struct sched_unit, queue);

        pos = pos->next;
        if (cap_spent(u->vcpu->domain, at)) {
            pool->next_refill = MIN(pool->next_refill, u->vcpu->domain->budget.until);
        } else {
            dequeue(pool, u);
            forget_sleep(pool, u);
            enqueue(pool, u, at);
            sched_tickle(pool, u);
        }
    }
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

static nanosec_t end_of_slice(const struct cpupool *pool, const struct sched_unit *prev,
                              struct sched_unit *next, nanosec_t ran, nanosec_t at)
{
    const struct domain *d = next->vcpu->domain;
    nanosec_t end = TIMER_NEVER;

    if (pool->nr_queued != 0) {
        if (next == prev && ran >= SLICE) {
            next->slice_start = at;
        }
        end = next->slice_start + (next == prev && ran < pool->ratelimit ? pool->ratelimit : SLICE);
    }
    return d->sched.cap == 0 ? end : MIN(end, at + (nanosec_t)d->budget.left);
}

static struct sched_unit *fair_pick(struct cpupool *pool, unsigned int cpu, struct sched_unit *prev,
                                    nanosec_t at, nanosec_t *slice_end)
{
    struct sched_unit *next;
    nanosec_t ran = 0;

    if (prev != NULL) {
        charge(pool, prev, at);
    }
    unpark(pool, at);
    next = first_allowed(pool, cpu);
    if (prev != NULL) {
        ran = at - prev->slice_start;
        if (prev->pause == 0 && sched_allowed(prev, cpu) && !cap_spent(prev->vcpu->domain, at)) {
            if (keeps_running(pool, prev, next, ran)) {
                next = prev;
            } else {
                if (prev->yielding && next != NULL && prev->virtual_time < next->virtual_time) {
                    prev->virtual_time = next->virtual_time; /* let it pass */
                }
                enqueue(pool, prev, at);
            }
        } else if (prev->pause == 0) {
            enqueue(pool, prev, at); /* its affinity changed, or its budget is spent */
        }
        prev->yielding = 0;
    }
    if (next != NULL && next != prev) {
        dequeue(pool, next);
        next->started = at;
        next->slice_start = at;
    }
    advance_minimum(pool, next);
    *slice_end = pool->next_refill;
    if (next != NULL) {
        *slice_end = MIN(*slice_end, end_of_slice(pool, prev, next, ran, at));
    }
    return next;
}

static int fair_set_params(struct domain *d, const struct sched_params *p)
{
    if (p->weight == 0 || p->weight > 65535 || p->cap > 100 * d->max_vcpus) {
        return -EINVAL;
    }
    if (p->cap != d->sched.cap) {
        d->pool->next_refill = 0; /* what is parked is looked at, with a budget or without a cap */
        d->budget.left = 0;
        d->budget.until = 0;
    }
    return 0;
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
