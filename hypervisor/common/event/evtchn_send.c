/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivering events. Everything here runs without the table's lock, in any context; the fast path
 * of evtchn_op_send() is measured (docs/event-channels.md).
 */
#include <hearth/evtchn.h>

#include <hearth/arch/vcpu.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/guest_atomic.h>
#include <hearth/vuart.h>

#include "private.h"

/* upcall_pending of v from 0 to 1 raises the upcall interrupt. */
void evtchn_upcall(struct vcpu *v)
{
    struct guest_vcpu_info *info = load_acquire(&v->info);
    uint8_t old;

    if (info != NULL && guest_change_8(&info->upcall_pending, 0, 1, &old) && old == 0) {
        arch_vcpu_upcall(v);
    }
}

/* Marks word `sel` of the pending bits; again when vcpu_info moved meanwhile. */
static void evtchn_select(struct vcpu *v, unsigned int sel)
{
    struct guest_vcpu_info *info;
    unsigned long old;

    do {
        info = load_acquire(&v->info);
        if (info == NULL) {
            return; /* registering one later makes everything pending */
        }
        if (guest_change_64(&info->pending_sel, 0, 1UL << sel, &old) && (old >> sel & 1UL) == 0) {
            evtchn_upcall(v);
        }
        smp_mb(); /* pairs with the one in evtchn_vcpu_info_moved() */
    } while (unlikely(info != READ_ONCE(v->info)));
}

void evtchn_wake_pollers(struct domain *d, struct evtchn_table *t, evtchn_port_t port)
{
    struct vcpu *v;
    uint32_t i;

    smp_mb(); /* pairs with evtchn_poll_begin(): the port is pending, or the poller is seen */
    if (likely(READ_ONCE(t->pollers) == 0)) {
        return;
    }
    for_each_vcpu (d, i, v) {
        bool mine = READ_ONCE(v->polling) && (v->poll_all || READ_ONCE(v->poll_port) == port);

        if (mine && evtchn_poll_end(v)) {
            vcpu_post_work(v, VCPU_WORK_POLL);
            sched_wake(v);
        }
    }
}

/* The hypervisor's own ends are never pending, unless their domain says so in its memory. */
static noinline void evtchn_2l_raise(struct domain *d, struct evtchn *c)
{
    struct guest_shared_info *s = d->shared_info;
    unsigned int sel = c->port / BITS_PER_LONG;
    unsigned long bit = 1UL << (c->port % BITS_PER_LONG);
    struct vcpu *v = domain_vcpu(d, READ_ONCE(c->notify));
    unsigned long old;

    if (unlikely(evtchn_is_own(c))) {
        vpl011_told(d);
        return;
    }
    if (!guest_change_64(&s->evtchn_pending[sel], 0, bit, &old) || (old & bit) != 0) {
        return;
    }
    if (v != NULL && (READ_ONCE(s->evtchn_mask[sel]) & bit) == 0) {
        evtchn_select(v, sel);
    }
    evtchn_wake_pollers(d, d->events, c->port);
}

/* Sends on the receiving end c. Inline: this is the way of every event. */
static always_inline void evtchn_deliver(struct evtchn *c)
{
    struct domain *d = c->domain;
    struct evtchn_fifo *f = READ_ONCE(d->events->fifo); /* used through it: address dependency */
    struct guest_shared_info *s;
    unsigned int port = c->port;

    if (f != NULL) {
        if (unlikely(!fifo_is_set(f, port))) {
            fifo_raise(f, c);
        }
        return;
    }
    s = d->shared_info;
    /* A late send after the domain went back from FIFO may have a port that 2-level has not. */
    if (unlikely(s == NULL || port >= EVTCHN_2L_PORTS)) {
        return;
    }
    /*
     * What the sender wrote before is visible before the bit is found set: pairs with the
     * receiver's clearing it before it looks.
     */
    smp_mb();
    if (!bit_test(s->evtchn_pending, port)) {
        evtchn_2l_raise(d, c);
    }
}

void evtchn_set_pending(struct evtchn *c)
{
    evtchn_deliver(c);
}

void evtchn_clear_pending(struct evtchn *c)
{
    struct evtchn_fifo *f = c->domain->events->fifo;
    struct guest_shared_info *s = c->domain->shared_info;

    if (f != NULL) {
        fifo_clear_pending(f, c);
    } else if (s != NULL && c->port < EVTCHN_2L_PORTS) {
        guest_clear_64(&s->evtchn_pending[c->port / BITS_PER_LONG],
                       1UL << (c->port % BITS_PER_LONG));
    }
}

bool evtchn_is_pending(const struct evtchn *c)
{
    struct evtchn_fifo *f = load_acquire(&c->domain->events->fifo);
    struct guest_shared_info *s = c->domain->shared_info;

    if (f != NULL) {
        return fifo_is_pending(f, c);
    }
    return s != NULL && c->port < EVTCHN_2L_PORTS &&
           bit_test(s->evtchn_pending, (unsigned int)index_nospec(c->port, EVTCHN_2L_PORTS));
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *c = evtchn_at(d->events, port);
    struct evtchn *peer;
    int rc = 0;

    if (unlikely(c == NULL || evtchn_is_own(c))) {
        return -EINVAL;
    }
    peer = READ_ONCE(c->peer); /* pairs with the release in evtchn_tie(), by address dependency */
    if (likely(peer != NULL)) {
        evtchn_deliver(peer);
        return 0;
    }
    switch (READ_ONCE(c->state)) {
    case EVTCHN_IPI:
        evtchn_set_pending(c);
        break;
    case EVTCHN_UNBOUND:
        rc = console_pv_told(d, c->port);
        break;
    case EVTCHN_INTERDOMAIN: /* bound at this moment: it was unbound when we looked */
        break;
    default:
        rc = -EINVAL;
        break;
    }
    return rc;
}

void evtchn_send_own(struct domain *d, evtchn_port_t port)
{
    struct evtchn *c = evtchn_at(d->events, port);
    struct evtchn *peer = c != NULL && evtchn_is_own(c) ? READ_ONCE(c->peer) : NULL;

    if (peer != NULL) {
        evtchn_deliver(peer);
    }
}

bool evtchn_is_waiting(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn *c = evtchn_at(d->events, port);

    return c != NULL && READ_ONCE(c->state) == EVTCHN_UNBOUND && !evtchn_is_own(c);
}

bool evtchn_raise_waiting(struct domain *d, evtchn_port_t port)
{
    if (!evtchn_is_waiting(d, port)) {
        return false;
    }
    evtchn_set_pending(evtchn_at(d->events, port));
    return true;
}

int evtchn_op_send(struct vcpu *v, struct evtchn_send_arg *a)
{
    return evtchn_send(v->domain, a->port);
}

void evtchn_send_virq(struct vcpu *v, uint32_t virq)
{
    struct evtchn *c;
    evtchn_port_t port;

    if (virq >= NR_VIRQS) {
        return;
    }
    port = READ_ONCE(v->virq_port[virq]);
    c = port != 0 ? evtchn_at(v->domain->events, port) : NULL;
    if (c != NULL && READ_ONCE(c->state) == EVTCHN_VIRQ && READ_ONCE(c->data) == virq) {
        evtchn_set_pending(c);
    }
}

void evtchn_send_global_virq(struct domain *d, uint32_t virq)
{
    struct vcpu *v = domain_vcpu(d, 0);

    if (v != NULL) {
        evtchn_send_virq(v, virq);
    }
}

int evtchn_op_unmask(struct vcpu *v, struct evtchn_unmask_arg *a)
{
    struct domain *d = v->domain;
    struct evtchn *c = evtchn_at(d->events, a->port);
    struct evtchn_fifo *f = load_acquire(&d->events->fifo);
    struct guest_shared_info *s = d->shared_info;
    struct vcpu *target;
    unsigned int port;
    unsigned long old;

    if (c == NULL) {
        return -EINVAL;
    }
    if (f != NULL) {
        fifo_unmask(f, c);
        return 0;
    }
    if (s == NULL || a->port >= EVTCHN_2L_PORTS) {
        return -EINVAL;
    }
    port = (unsigned int)index_nospec(a->port, EVTCHN_2L_PORTS);
    target = domain_vcpu(d, READ_ONCE(c->notify));
    if (guest_change_64(&s->evtchn_mask[port / BITS_PER_LONG], 1UL << (port % BITS_PER_LONG), 0,
                        &old) &&
        (old >> (port % BITS_PER_LONG) & 1UL) != 0 && bit_test(s->evtchn_pending, port) &&
        target != NULL) {
        evtchn_select(target, port / BITS_PER_LONG);
    }
    return 0;
}

int evtchn_port_pending(struct domain *d, evtchn_port_t port, bool *pending)
{
    struct evtchn *c = evtchn_at(d->events, port);

    if (c == NULL) {
        return -EINVAL;
    }
    *pending = evtchn_is_pending(c);
    return 0;
}

void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port, bool all)
{
    (void)evtchn_poll_end(v); /* a multicall may poll again before its first poll ended */
    WRITE_ONCE(v->poll_port, port);
    v->poll_all = all;
    atomic_fetch_add(&v->domain->events->pollers, 1);
    store_release(&v->polling, true);
    smp_mb(); /* pairs with evtchn_wake_pollers() */
}

bool evtchn_poll_end(struct vcpu *v)
{
    if (!atomic_exchange(&v->polling, false)) {
        return false;
    }
    atomic_fetch_sub(&v->domain->events->pollers, 1);
    return true;
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    struct guest_vcpu_info *info = v->info;
    unsigned long old;
    uint8_t was;

    smp_mb(); /* pairs with evtchn_select(): it sees the new place, or we its bits in pending */
    if (info == NULL) {
        return;
    }
    /* Whatever was under way towards the old place is looked for by the guest itself. */
    if (guest_change_64(&info->pending_sel, 0, ~0UL, &old) &&
        guest_change_8(&info->upcall_pending, 0, 1, &was)) {
        arch_vcpu_upcall(v);
    }
}
