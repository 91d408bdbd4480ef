/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a function on another CPU, from its SOFTIRQ_CALL, with no lock held. */
#pragma once

#include <hearth/compiler.h>

struct smp_call {
    struct smp_call *next;
    void (*fn)(void *arg);
    void *arg;
    uint32_t pending; /* queued or running; the caller may reuse it when clear */
};

/* Queues; `call` must stay until smp_call_wait(). fn must not wait for calls itself. Any context.
 */
void smp_call_start(struct smp_call *call, unsigned int cpu, void (*fn)(void *arg), void *arg);
/* Waits for a queued call; runs this CPU's own calls meanwhile. No lock held. */
void smp_call_wait(struct smp_call *call);
/* Both at once; runs fn directly when `cpu` is this one. No lock held. */
void smp_call_run(unsigned int cpu, void (*fn)(void *arg), void *arg);
/* SOFTIRQ_CALL's handler. */
void smp_call_softirq(void);
