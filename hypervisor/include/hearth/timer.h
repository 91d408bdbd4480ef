/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot timers on a per-CPU binary heap, in host-independent nanoseconds since start-up.
 * A handler runs from SOFTIRQ_TIMER on the timer's CPU with no lock held.
 */
#pragma once

#include <hearth/compiler.h>

typedef uint64_t nanosec_t;

#define NS_PER_S    1000000000ULL
#define NS_PER_MS   1000000ULL
#define NS_PER_US   1000ULL
#define TIMER_NEVER UINT64_MAX

struct timer {
    nanosec_t expires;
    void (*fn)(void *arg);
    void *arg;
    uint32_t heap_index; /* position + 1 in its CPU's heap, 0 when not armed */
    uint16_t cpu;
    uint16_t dead; /* set by timer_kill() */
};

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu);
/* Arms or re-arms; a time in the past fires at once. -ENOMEM when the heap cannot grow. */
int timer_set(struct timer *t, nanosec_t expires) must_check;
void timer_stop(struct timer *t);
/* Moves an armed timer to another CPU; -ENOMEM leaves it where it was. */
int timer_migrate(struct timer *t, unsigned int cpu) must_check;
/* Stops it for good and waits until a handler that runs on another CPU has returned. */
void timer_kill(struct timer *t);

/* Nanoseconds since start-up. Any context, monotonic on all CPUs. */
nanosec_t now(void);
/* Wall clock: nanoseconds since 1970 at start-up; set by the hardware domain (settime64). */
nanosec_t wallclock_base(void);
void wallclock_set(uint64_t secs, uint32_t nsecs, nanosec_t system_time);

/* SOFTIRQ_TIMER's handler, and the interrupt that the architecture's timer raises. */
void timer_softirq(void);
