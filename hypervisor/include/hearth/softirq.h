/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred work of a CPU, run with no lock held on the way out of the hypervisor and from idle.
 * Handlers are a fixed table (common/core/softirq.c), so that the order is read, not computed.
 */
#pragma once

#include <hearth/compiler.h>

enum softirq {
    SOFTIRQ_TIMER = 0, /* expired timers */
    SOFTIRQ_SCHEDULE,  /* choose a vCPU */
    SOFTIRQ_RCU,       /* run callbacks whose grace period has ended */
    SOFTIRQ_CALL,      /* cross-CPU calls: common/core/smp_call.c */
    NR_SOFTIRQS
};

/* Marks work for this CPU. */
void softirq_raise(enum softirq s);
/* Marks work for another CPU and interrupts it when it needs waking. Any context. */
void softirq_raise_on(unsigned int cpu, enum softirq s);
/* Runs all pending work of this CPU, in the order of the enum, until none is left. */
void softirq_run(void);

/*
 * True when the current operation should stop at the next safe point: pending softirq, or a
 * physical interrupt waiting. Called at most every 64 items of a loop that a guest can lengthen;
 * the operation then saves its progress and returns -ERESTART.
 */
bool preempt_check(void) must_check;
