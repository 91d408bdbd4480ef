/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler's frame: vCPU states, runstate accounting, switching. See <hearth/sched.h>.
 *
 * sched_unit.pause is changed atomically by anyone; what follows from it (queues, states) is done
 * under the pool's lock. A waker makes its reason visible, then looks at PAUSE_BLOCKED; a blocker
 * sets PAUSE_BLOCKED, then looks for reasons: one of them sees the other (full barriers in both).
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/smp_call.h>
#include <hearth/softirq.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include "private.h"

static const struct sched_policy *const policies[] = {&sched_fair};
static uint32_t sched_waiting; /* a CPU is between sched_wait_begin() and _end() */

static void slice_expired(void *arg)
{
    (void)arg;
    softirq_raise(SOFTIRQ_SCHEDULE);
}

void sched_init(void)
{
    const struct sched_policy *chosen = policies[0];

    for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
        if (strcmp(policies[i]->name, options.sched) == 0) {
            chosen = policies[i];
        }
    }
    if (options.sched[0] != '\0' && strcmp(chosen->name, options.sched) != 0) {
        printk(LOG_WARNING, "sched=%s is not known; using %s\n", options.sched, chosen->name);
    }
    cpupool0.policy = chosen;
    if (chosen->pool_init(&cpupool0) != 0) {
        panic("scheduler %s: no memory for the first CPU pool", chosen->name);
    }
    sched_init_cpu();
}

void sched_init_cpu(void)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *sc = heap_alloc(sizeof(*sc));

    if (sc == NULL) {
        panic("no memory for the scheduler's data of CPU %u", c->id);
    }
    timer_init(&sc->slice, slice_expired, NULL, c->id);
    sc->pool = &cpupool0;
    spin_lock(&cpupool0.lock);
    c->sched = sc;
    bit_set(cpupool0.cpus, c->id);
    spin_unlock(&cpupool0.lock);
}

static void account(struct sched_unit *u, enum runstate state, nanosec_t at)
{
    u->state_time[u->state] += at - u->state_since;
    u->state_since = at;
    u->state = state;
}

/* The state of a unit that does not run. */
static enum runstate resting_state(unsigned long pause)
{
    if (pause == 0) {
        return RUNSTATE_RUNNABLE;
    }
    return pause == PAUSE_BLOCKED ? RUNSTATE_BLOCKED : RUNSTATE_OFFLINE;
}

int sched_unit_init(struct vcpu *v)
{
    struct sched_unit *u = &v->sched;
    unsigned int cpu = 0;

    memset(u, 0, sizeof(*u));
    u->vcpu = v;
    u->pause = PAUSE_DOWN;
    u->on_cpu = CPU_NONE;
    u->state = RUNSTATE_OFFLINE;
    u->state_since = now();
    u->pool = v->domain->pool;
    memset(u->hard_affinity, 0xff, sizeof(u->hard_affinity));
    memset(u->soft_affinity, 0xff, sizeof(u->soft_affinity));
    cpu = (v->domain->id + v->id) % nr_cpus;
    u->cpu = (uint16_t)cpu;
    spin_lock(&u->pool->lock);
    u->pool->policy->unit_init(u->pool, u);
    spin_unlock(&u->pool->lock);
    return 0;
}

void sched_unit_destroy(struct vcpu *v)
{
    struct sched_unit *u = &v->sched;

    spin_lock(&u->pool->lock);
    u->pool->policy->unit_remove(u->pool, u);
    spin_unlock(&u->pool->lock);
}

/* Where a unit that became runnable should run: an idle CPU, else the one that has run longest. */
static unsigned int choose_cpu(struct cpupool *pool, const struct sched_unit *u)
{
    unsigned int best = NR_CPUS;
    unsigned int cpu;

    if (sched_allowed(u, u->cpu) && sched_running(u->cpu) == NULL) {
        return u->cpu;
    }
    for_each_cpu (cpu) {
        if (cpus[cpu]->sched == NULL || cpus[cpu]->sched->pool != pool || !sched_allowed(u, cpu)) {
            continue;
        }
        if (sched_running(cpu) == NULL) {
            return cpu;
        }
        if (best == NR_CPUS ||
            sched_running(cpu)->virtual_time > sched_running(best)->virtual_time) {
            best = cpu;
        }
    }
    return best;
}

void sched_tickle(struct cpupool *pool, const struct sched_unit *u)
{
    unsigned int cpu = choose_cpu(pool, u);

    if (cpu < NR_CPUS) {
        softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
    }
}

void sched_set_pause(struct vcpu *v, unsigned long bit)
{
    struct sched_unit *u = &v->sched;
    struct cpupool *pool = u->pool;

    (void)atomic_fetch_or(&u->pause, bit);
    spin_lock(&pool->lock);
    if (u->on_cpu != CPU_NONE) {
        softirq_raise_on(u->on_cpu, SOFTIRQ_SCHEDULE);
    } else {
        if (u->queued) {
            pool->policy->sleep(pool, u);
        }
        account(u, resting_state(READ_ONCE(u->pause)), now());
    }
    spin_unlock(&pool->lock);
}

void sched_clear_pause(struct vcpu *v, unsigned long bit)
{
    struct sched_unit *u = &v->sched;
    struct cpupool *pool = u->pool;

    (void)atomic_fetch_and(&u->pause, ~bit);
    spin_lock(&pool->lock);
    if (READ_ONCE(u->pause) == 0 && !u->queued && u->on_cpu == CPU_NONE) {
        account(u, RUNSTATE_RUNNABLE, now());
        pool->policy->wake(pool, u);
        sched_tickle(pool, u);
    } else if (u->on_cpu == CPU_NONE && !u->queued) {
        account(u, resting_state(READ_ONCE(u->pause)), now());
    }
    spin_unlock(&pool->lock);
}

void sched_wake(struct vcpu *v)
{
    smp_mb(); /* the reason to wake is visible: pairs with sched_block_current() */
    if ((READ_ONCE(v->sched.pause) & PAUSE_BLOCKED) != 0) {
        sched_clear_pause(v, PAUSE_BLOCKED);
    }
}

void sched_block_current(void)
{
    struct vcpu *v = current_vcpu();

    (void)atomic_fetch_or(&v->sched.pause, PAUSE_BLOCKED);
    smp_mb(); /* pairs with sched_wake() */
    if (arch_vcpu_wakeable(v)) {
        (void)atomic_fetch_and(&v->sched.pause, ~PAUSE_BLOCKED);
    } else {
        softirq_raise(SOFTIRQ_SCHEDULE);
    }
}

void sched_yield_current(void)
{
    struct sched_unit *u = &current_vcpu()->sched;

    if (READ_ONCE(u->pool->nr_queued) != 0) {
        u->pool->policy->yield(u->pool, u);
        softirq_raise(SOFTIRQ_SCHEDULE);
    }
}

bool sched_wait_begin(void)
{
    uint32_t nobody = 0;

    return atomic_cas(&sched_waiting, &nobody, 1);
}

void sched_wait_end(void)
{
    store_release(&sched_waiting, 0);
}

void sched_wait_descheduled(struct vcpu *v)
{
    /* Pairs with switch_to(). Its CPU may wait for a call to this one. */
    while (load_acquire(&v->sched.on_cpu) != CPU_NONE) {
        smp_call_softirq();
        arch_cpu_relax();
    }
}

/* A unit's state was just saved: what changed meanwhile takes effect. Pool's lock held. */
static void settle(struct cpupool *pool, struct sched_unit *u)
{
    unsigned long pause = READ_ONCE(u->pause);

    if (pause != 0) {
        if (u->queued) {
            pool->policy->sleep(pool, u);
        }
        account(u, resting_state(pause), now());
        return;
    }
    if (!u->queued) {
        account(u, RUNSTATE_RUNNABLE, now());
        pool->policy->wake(pool, u);
    }
    sched_tickle(pool, u); /* others had to pass it over until now */
}

/* Saves prev, loads next; prev may run elsewhere once its state is saved. */
static void switch_to(struct cpu *c, struct sched_unit *prev, struct sched_unit *next)
{
    if (prev != NULL) {
        arch_vcpu_save(prev->vcpu);
    }
    c->current = next != NULL ? next->vcpu : NULL;
    if (prev != NULL) {
        struct cpupool *pool = prev->pool;

        spin_lock(&pool->lock);
        store_release(&prev->on_cpu, (uint16_t)CPU_NONE); /* pairs with sched_wait_descheduled() */
        settle(pool, prev);
        spin_unlock(&pool->lock);
    }
    if (next != NULL) {
        arch_vcpu_load(next->vcpu);
        if (next->vcpu->runstate_area.a != 0) {
            (void)atomic_fetch_or(&next->vcpu->work, VCPU_WORK_RUNSTATE);
        }
        (void)atomic_fetch_or(&next->vcpu->work, VCPU_WORK_ARCH);
    }
}

static void arm_slice(struct sched_cpu *sc, nanosec_t end)
{
    if (end == TIMER_NEVER) {
        if (sc->slice.heap_index != 0) {
            timer_stop(&sc->slice);
        }
    } else if (timer_set(&sc->slice, end) != 0) {
        softirq_raise(SOFTIRQ_TIMER); /* no memory for the heap: ask again at the next exit */
    }
}

void sched_softirq(void)
{
    struct cpu *c = this_cpu();
    struct sched_cpu *sc = c->sched;
    struct cpupool *pool = sc->pool;
    struct sched_unit *prev;
    struct sched_unit *next;
    nanosec_t slice_end;
    nanosec_t at;

    spin_lock(&pool->lock);
    at = now(); /* under the lock: times of one unit do not go back */
    prev = sc->running;
    next = pool->policy->pick(pool, c->id, prev, at, &slice_end);
    if (next != prev) {
        if (prev != NULL) {
            account(prev, resting_state(READ_ONCE(prev->pause)), at);
        } else {
            c->idle_ns += at - c->idle_since;
        }
        if (next != NULL) {
            account(next, RUNSTATE_RUNNING, at);
            next->cpu = (uint16_t)c->id;
            next->on_cpu = (uint16_t)c->id;
        } else {
            c->idle_since = at;
        }
        sc->running = next;
    }
    arm_slice(sc, slice_end);
    spin_unlock(&pool->lock);
    if (next != prev) {
        switch_to(c, prev, next);
    }
}

void sched_runstate(const struct vcpu *v, struct runstate_info *out)
{
    const struct sched_unit *u = &v->sched;
    struct cpupool *pool = u->pool;

    memset(out, 0, sizeof(*out));
    spin_lock(&pool->lock);
    out->state = u->state;
    out->entry_time = u->state_since;
    memcpy(out->time, u->state_time, sizeof(out->time));
    out->time[u->state] += now() - u->state_since;
    spin_unlock(&pool->lock);
}

void sched_add_runstate(struct vcpu *v, const nanosec_t time[4])
{
    struct sched_unit *u = &v->sched;

    spin_lock(&u->pool->lock);
    for (unsigned int i = 0; i < ARRAY_SIZE(u->state_time); i++) {
        u->state_time[i] += time[i];
    }
    spin_unlock(&u->pool->lock);
}
