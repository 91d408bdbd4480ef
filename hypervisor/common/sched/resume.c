/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out of the hypervisor: softirqs and the vCPU's work until there is something to enter,
 * idling while there is not.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/irq.h>
#include <hearth/page.h>
#include <hearth/rcu.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>
#include <hearth/vcpu_ops.h>

/* Frames scrubbed between two looks at what is pending. */
#define IDLE_SCRUB 16U

static void idle(struct cpu *c)
{
    if (page_scrub_some(IDLE_SCRUB) == 0) {
        WRITE_ONCE(c->idle, true);
        smp_mb(); /* pairs with softirq_raise_on(): it sees idle, or we see its bit */
        if (READ_ONCE(c->softirq_pending) == 0 && !arch_irq_pending()) {
            arch_idle();
        }
        WRITE_ONCE(c->idle, false);
    }
    irq_dispatch();
}

static void vcpu_work(struct vcpu *v, unsigned long work)
{
    (void)atomic_fetch_and(&v->work, ~work);
    if ((work & VCPU_WORK_ARCH) != 0) {
        arch_vcpu_entry_work(v);
    }
    if ((work & VCPU_WORK_RUNSTATE) != 0) {
        vcpu_update_runstate_area(v);
    }
    if ((work & VCPU_WORK_POLL) != 0) {
        vcpu_poll_finish(v);
    }
}

struct vcpu *vcpu_resume(void)
{
    struct cpu *c = this_cpu();

    for (;;) {
        struct vcpu *v;
        unsigned long work;

        rcu_quiescent();
        if (READ_ONCE(c->softirq_pending) != 0) {
            softirq_run();
        }
        v = c->current;
        if (v == NULL) {
            idle(c);
            continue;
        }
        work = READ_ONCE(v->work);
        if (work != 0) {
            vcpu_work(v, work);
            continue;
        }
        if (READ_ONCE(c->softirq_pending) == 0) {
            return v;
        }
    }
}
