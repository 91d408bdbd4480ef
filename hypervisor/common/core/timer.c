/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot timers: a binary min-heap of pointers per CPU, ordered by expiry.
 *
 * A CPU's heap, timer_running, and the `cpu`, `expires` and `heap_index` of the timers that belong
 * to it are under its lock. Only the CPU itself programs its hardware: who arms a timer for another
 * CPU and makes it the first raises SOFTIRQ_TIMER there.
 */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/lock.h>
#include <hearth/softirq.h>
#include <hearth/string.h>
#include <hearth/timer.h>

#include <hearth/arch/cpu.h>

#define FIRST_CAPACITY 32U

nanosec_t now(void)
{
    return arch_now();
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
    /* The first timer of a CPU ranks its lock; later ones write the same byte again. */
    cpus[cpu]->timer_lock.rank = RANK_TIMER;
    *t = (struct timer){.expires = TIMER_NEVER, .fn = fn, .arg = arg, .cpu = (uint16_t)cpu};
}

static void place(struct cpu *c, struct timer *t, uint32_t i)
{
    c->timers[i] = t;
    t->heap_index = i + 1;
}

/* Puts t where slot i is free, moving later parents down. */
static void sift_up(struct cpu *c, struct timer *t, uint32_t i)
{
    while (i > 0 && c->timers[(i - 1) / 2]->expires > t->expires) {
        place(c, c->timers[(i - 1) / 2], i);
        i = (i - 1) / 2;
    }
    place(c, t, i);
}

/* Puts t where slot i is free, moving earlier children up. */
static void sift_down(struct cpu *c, struct timer *t, uint32_t i)
{
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child + 1 < c->timer_count &&
            c->timers[child + 1]->expires < c->timers[child]->expires) {
            child++;
        }
        if (child >= c->timer_count || c->timers[child]->expires >= t->expires) {
            break;
        }
        place(c, c->timers[child], i);
        i = child;
    }
    place(c, t, i);
}

static int grow(struct cpu *c)
{
    uint32_t capacity = c->timer_capacity == 0 ? FIRST_CAPACITY : 2 * c->timer_capacity;
    struct timer **bigger = heap_alloc_array(capacity, sizeof(*bigger));

    if (bigger == NULL) {
        return -ENOMEM;
    }
    if (c->timer_count > 0) {
        memcpy(bigger, c->timers, c->timer_count * sizeof(*bigger));
    }
    heap_free(c->timers);
    c->timers = bigger;
    c->timer_capacity = capacity;
    return 0;
}

static int heap_insert(struct cpu *c, struct timer *t)
{
    if (c->timer_count == c->timer_capacity && grow(c) != 0) {
        return -ENOMEM;
    }
    sift_up(c, t, c->timer_count++);
    return 0;
}

static void heap_remove(struct cpu *c, struct timer *t)
{
    uint32_t i = t->heap_index - 1;
    struct timer *last = c->timers[--c->timer_count];

    t->heap_index = 0;
    if (last == t) {
        return;
    }
    if (i > 0 && last->expires < c->timers[(i - 1) / 2]->expires) {
        sift_up(c, last, i);
    } else {
        sift_down(c, last, i);
    }
}

static nanosec_t first_expiry(const struct cpu *c)
{
    return c->timer_count > 0 ? c->timers[0]->expires : TIMER_NEVER;
}

/* The first expiry of c changed. */
static void reprogram(struct cpu *c)
{
    nanosec_t first = first_expiry(c);

    if (c != this_cpu()) {
        softirq_raise_on(c->id, SOFTIRQ_TIMER);
    } else if (first <= arch_now()) {
        softirq_raise(SOFTIRQ_TIMER);
    } else {
        arch_timer_program(first);
    }
}

/* Locks the CPU that t belongs to; migration may change it until the lock is held. */
NO_LOCK_ANALYSIS static struct cpu *lock_cpu_of(struct timer *t)
{
    for (;;) {
        unsigned int cpu = READ_ONCE(t->cpu);
        struct cpu *c = cpus[cpu];

        spin_lock(&c->timer_lock);
        if (likely(t->cpu == cpu)) {
            return c;
        }
        spin_unlock(&c->timer_lock);
    }
}

NO_LOCK_ANALYSIS int timer_set(struct timer *t, nanosec_t expires)
{
    struct cpu *c = lock_cpu_of(t);
    nanosec_t first = first_expiry(c);
    int err = 0;

    if (t->dead) {
        goto out;
    }
    if (t->heap_index != 0) {
        heap_remove(c, t);
    }
    t->expires = expires;
    if (expires != TIMER_NEVER) {
        err = heap_insert(c, t);
    }
    if (first_expiry(c) != first) {
        reprogram(c);
    }
out:
    spin_unlock(&c->timer_lock);
    return err;
}

/* Takes t out. An early interrupt of another CPU does no harm, so only this one's is put right. */
static void disarm(struct cpu *c, struct timer *t)
{
    if (t->heap_index != 0) {
        nanosec_t first = first_expiry(c);

        heap_remove(c, t);
        if (c == this_cpu() && first_expiry(c) != first) {
            arch_timer_program(first_expiry(c));
        }
    }
}

NO_LOCK_ANALYSIS void timer_stop(struct timer *t)
{
    struct cpu *c = lock_cpu_of(t);

    disarm(c, t);
    spin_unlock(&c->timer_lock);
}

NO_LOCK_ANALYSIS int timer_migrate(struct timer *t, unsigned int cpu)
{
    struct cpu *to = cpus[cpu];
    struct cpu *from;
    int err = 0;

    for (;;) {
        from = cpus[READ_ONCE(t->cpu)];
        spin_lock_pair(&from->timer_lock, &to->timer_lock);
        if (likely(t->cpu == from->id)) {
            break;
        }
        spin_unlock_pair(&from->timer_lock, &to->timer_lock);
    }
    if (from != to && t->heap_index != 0) {
        if (to->timer_count == to->timer_capacity && grow(to) != 0) {
            err = -ENOMEM;
            goto out;
        }
        disarm(from, t);
        sift_up(to, t, to->timer_count++);
        if (to->timers[0] == t) {
            reprogram(to);
        }
    }
    WRITE_ONCE(t->cpu, (uint16_t)cpu);
out:
    spin_unlock_pair(&from->timer_lock, &to->timer_lock);
    return err;
}

NO_LOCK_ANALYSIS void timer_kill(struct timer *t)
{
    struct cpu *c = lock_cpu_of(t);

    t->dead = 1;
    disarm(c, t);
    spin_unlock(&c->timer_lock);
    /* A handler started before may still run, on whichever CPU it was armed. */
    for (unsigned int i = 0; i < nr_cpus; i++) {
        while (cpus[i] != this_cpu() && load_acquire(&cpus[i]->timer_running) == t) {
            arch_cpu_relax();
        }
    }
}

/*
 * What expires while handlers run, or is armed again by them, waits for the interrupt that is
 * programmed at the end.
 */
void timer_softirq(void)
{
    struct cpu *c = this_cpu();
    nanosec_t at = arch_now();
    uint32_t left;

    if (READ_ONCE(c->timers) == NULL) {
        return; /* never had one; who brings the first raises the softirq again */
    }
    spin_lock(&c->timer_lock);
    for (left = c->timer_count; left > 0 && first_expiry(c) <= at; left--) {
        struct timer *t = c->timers[0];
        void (*fn)(void *arg) = t->fn;
        void *arg = t->arg;

        heap_remove(c, t);
        c->timer_running = t;
        spin_unlock(&c->timer_lock);
        fn(arg);
        spin_lock(&c->timer_lock);
        /* Pairs with timer_kill(): the handler has returned; t may be gone. */
        store_release(&c->timer_running, NULL);
    }
    arch_timer_program(first_expiry(c));
    spin_unlock(&c->timer_lock);
}
