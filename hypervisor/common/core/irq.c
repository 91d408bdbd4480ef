/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns each physical interrupt. The table is made with the first owner, when the controller
 * has said how many lines there are. `lock` (RANK_IRQ) covers changes of ownership; the dispatch
 * path reads `fn` without it: a handler is set once, `arg` before it (release, acquire).
 */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/irq.h>
#include <hearth/lock.h>

#include <hearth/arch/irq.h>

struct irq_desc {
    void (*fn)(void *arg); /* Hearth's own */
    void *arg;
    struct domain *domain; /* or a domain's */
};

static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ);
static struct irq_desc *descs;
static unsigned int nr_descs;

/* The descriptor if irq is valid and has no owner. */
static int free_desc(unsigned int irq, struct irq_desc **out) REQUIRES(lock)
{
    if (irq >= arch_irq_count()) {
        return -EINVAL;
    }
    if (descs == NULL) {
        unsigned int count = arch_irq_count();
        struct irq_desc *table = heap_alloc_array(count, sizeof(*table));

        if (table == NULL) {
            return -ENOMEM;
        }
        nr_descs = count;
        store_release(&descs, table);
    }
    *out = &descs[irq];
    return (*out)->fn != NULL || (*out)->domain != NULL ? -EBUSY : 0;
}

int irq_request(unsigned int irq, unsigned int trigger, void (*fn)(void *arg), void *arg)
{
    struct irq_desc *desc;
    int err;

    spin_lock(&lock);
    err = free_desc(irq, &desc);
    if (err == 0) {
        desc->arg = arg;
        store_release(&desc->fn, fn);
        err = arch_irq_enable(irq, trigger, this_cpu_id());
        if (err != 0) {
            desc->fn = NULL;
        }
    }
    spin_unlock(&lock);
    return err;
}

int irq_route_to_domain(unsigned int irq, struct domain *d, unsigned int virq)
{
    struct irq_desc *desc;
    int err;

    spin_lock(&lock);
    err = free_desc(irq, &desc);
    if (err == 0) {
        desc->domain = d;
        err = arch_irq_route(irq, d, virq);
        if (err != 0) {
            desc->domain = NULL;
        }
    }
    spin_unlock(&lock);
    return err;
}

void irq_unroute(unsigned int irq, struct domain *d)
{
    spin_lock(&lock);
    if (irq < nr_descs && descs[irq].domain == d) {
        arch_irq_unroute(irq, d);
        descs[irq].domain = NULL;
    }
    spin_unlock(&lock);
}

/* Valid until the next quiescent point, as every domain pointer. */
struct domain *irq_domain(unsigned int irq)
{
    struct irq_desc *table = load_acquire(&descs);

    return table != NULL && irq < nr_descs ? READ_ONCE(table[irq].domain) : NULL;
}

void irq_dispatch(void)
{
    arch_irq_dispatch();
}

void irq_run_handler(unsigned int irq)
{
    struct irq_desc *table = load_acquire(&descs);
    void (*fn)(void *arg) = NULL;

    if (table != NULL && irq < nr_descs) {
        fn = load_acquire(&table[irq].fn);
    }
    if (fn != NULL) {
        fn(table[irq].arg);
    } else {
        arch_irq_disable(irq); /* nobody wants it: masked, so that it cannot come again at once */
    }
}
