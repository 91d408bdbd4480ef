/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-CPU calls. Each CPU has a stack of calls that anyone pushes to and only it takes, whole;
 * the take's acquire pairs with the push's release, and smp_call_wait()'s with the release that
 * ends a call.
 */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/smp_call.h>
#include <hearth/softirq.h>

#include <hearth/arch/cpu.h>

static struct smp_call *queues[NR_CPUS];

void smp_call_start(struct smp_call *call, unsigned int cpu, void (*fn)(void *arg), void *arg)
{
    struct smp_call *top = READ_ONCE(queues[cpu]);

    *call = (struct smp_call){.fn = fn, .arg = arg, .pending = 1};
    do {
        call->next = top;
    } while (!atomic_cas(&queues[cpu], &top, call));
    softirq_raise_on(cpu, SOFTIRQ_CALL);
}

/* Taken newest first, run oldest first. */
static struct smp_call *reversed(struct smp_call *call)
{
    struct smp_call *out = NULL;

    while (call != NULL) {
        struct smp_call *next = call->next;

        call->next = out;
        out = call;
        call = next;
    }
    return out;
}

void smp_call_softirq(void)
{
    struct smp_call *call = reversed(atomic_exchange(&queues[this_cpu_id()], NULL));

    while (call != NULL) {
        struct smp_call *next = call->next;

        call->fn(call->arg);
        store_release(&call->pending, 0); /* the caller may have dropped it from here on */
        call = next;
    }
}

void smp_call_wait(struct smp_call *call)
{
    while (load_acquire(&call->pending) != 0) {
        smp_call_softirq();
        arch_cpu_relax();
    }
}

void smp_call_run(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
    struct smp_call call;

    if (cpu == this_cpu_id()) {
        fn(arg);
        return;
    }
    smp_call_start(&call, cpu, fn, arg);
    smp_call_wait(&call);
}
