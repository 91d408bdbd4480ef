/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grace periods by epochs. `epoch` counts them; a CPU that passes a quiescent point stores the
 * epoch that it saw in rcu_generation. A CPU moves its new callbacks to rcu_waiting, starts an
 * epoch for them and interrupts the CPUs that have not seen it (idle ones too); the callbacks run
 * when every online CPU has.
 *
 * Both sides write, then a full barrier, then read: start_batch() its waiting generation and
 * everyone's progress, rcu_quiescent() its progress and everyone's waiting generation. So the last
 * CPU to pass, or the waiting one itself, sees that the period has ended.
 */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/irq.h>
#include <hearth/rcu.h>
#include <hearth/softirq.h>

#include <hearth/arch/cpu.h>

static unsigned long epoch;

void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
    struct cpu *c = this_cpu();

    head->fn = fn;
    head->next = c->rcu_list;
    c->rcu_list = head;
    softirq_raise(SOFTIRQ_RCU);
}

static bool behind(const struct cpu *c, unsigned long generation)
{
    return READ_ONCE(c->online) && load_acquire(&c->rcu_generation) < generation;
}

static bool period_over(unsigned long generation)
{
    unsigned int i;

    for_each_cpu (i) {
        if (behind(cpus[i], generation)) {
            return false;
        }
    }
    return true;
}

void rcu_quiescent(void)
{
    struct cpu *c = this_cpu();
    unsigned long now_at = load_acquire(&epoch);
    unsigned int i;

    if (likely(c->rcu_generation == now_at)) {
        return;
    }
    /* Release: what this CPU read before is read; pairs with the acquire in behind(). */
    store_release(&c->rcu_generation, now_at);
    smp_mb();
    for_each_cpu (i) {
        unsigned long wanted = READ_ONCE(cpus[i]->rcu_waiting_generation);

        if (wanted != 0 && period_over(wanted)) {
            softirq_raise_on(i, SOFTIRQ_RCU);
        }
    }
}

static void start_batch(struct cpu *c)
{
    unsigned long generation;
    unsigned int i;

    c->rcu_waiting = c->rcu_list;
    c->rcu_list = NULL;
    generation = atomic_fetch_add(&epoch, 1) + 1;
    WRITE_ONCE(c->rcu_waiting_generation, generation);
    smp_mb();
    for_each_cpu (i) {
        if (cpus[i] != c && behind(cpus[i], generation)) {
            softirq_raise_on(i, SOFTIRQ_RCU);
        }
    }
}

static void run_batch(struct cpu *c)
{
    struct rcu_head *head = c->rcu_waiting;

    c->rcu_waiting = NULL;
    WRITE_ONCE(c->rcu_waiting_generation, 0);
    while (head != NULL) {
        struct rcu_head *next = head->next;

        head->fn(head);
        head = next;
    }
}

void rcu_softirq(void)
{
    struct cpu *c = this_cpu();

    rcu_quiescent();
    if (c->rcu_waiting == NULL && c->rcu_list != NULL) {
        start_batch(c);
        rcu_quiescent();
    }
    if (c->rcu_waiting != NULL && period_over(c->rcu_waiting_generation)) {
        run_batch(c);
    }
    /*
     * Callbacks that came while a batch waited start the next one when it is done. One that was
     * preempted is among them: what it made way for goes first.
     */
    if (c->rcu_waiting == NULL && c->rcu_list != NULL) {
        if (arch_irq_pending()) {
            irq_dispatch();
        }
        softirq_raise(SOFTIRQ_RCU);
    }
}
