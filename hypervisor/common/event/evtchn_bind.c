/* SPDX-License-Identifier: Apache-2.0 */
/* Binding ports to domains, VIRQs, vCPUs; closing, status, reset: the rows that change a table. */
#include <hearth/evtchn.h>

#include <hearth/errno.h>
#include <hearth/xsm.h>

#include "private.h"

/* *port: the one that is wanted, or 0 for any. */
static int alloc(struct domain *d, domid_t remote, uint16_t notify, evtchn_port_t *port)
{
    struct evtchn_table *t = d->events;
    struct evtchn *c;
    int rc;

    spin_lock(&t->lock);
    rc = *port != 0 ? evtchn_take_this_port(t, *port, &c) : evtchn_take_port(t, &c);
    if (rc == 0) {
        c->data = remote;
        c->notify = notify;
        store_release(&c->state, EVTCHN_UNBOUND);
        *port = c->port;
    }
    spin_unlock(&t->lock);
    return rc;
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    *port = 0;
    return alloc(d, remote, 0, port);
}

int evtchn_alloc_unbound_at(struct domain *d, domid_t remote, evtchn_port_t port)
{
    return alloc(d, remote, 0, &port);
}

int evtchn_alloc_own(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    *port = 0;
    return alloc(d, remote, EVTCHN_NOTIFY_VUART, port);
}

bool evtchn_port_is_own(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *c = evtchn_at(d->events, port);

    return c != NULL && evtchn_is_own(c);
}

int evtchn_op_alloc_unbound(struct vcpu *v, struct domain *d, struct evtchn_alloc_unbound_arg *a)
{
    domid_t remote = a->remote_dom == DOMID_SELF ? v->domain->id : a->remote_dom;
    struct domain *peer = domain_find(remote);
    /* XEN-ABI: the remote domain need not exist yet; a policy that must know it refuses. */
    int rc = xsm_check_pair(XSM_EVTCHN_UNBOUND, v->domain, d, peer);

    return rc != 0 ? rc : evtchn_alloc_unbound(d, remote, &a->port);
}

/* With both locks held: ties a fresh port of d to a remote one that waits for d. */
static int evtchn_accept(struct domain *d, struct evtchn *remote,
                         struct evtchn **out) NO_LOCK_ANALYSIS
{
    int rc;

    if (remote->state != EVTCHN_UNBOUND || remote->data != d->id) {
        return -EINVAL;
    }
    rc = evtchn_take_port(d->events, out);
    if (rc == 0) {
        evtchn_tie(*out, remote);
    }
    return rc;
}

int evtchn_op_bind_interdomain(struct vcpu *v,
                               struct evtchn_bind_interdomain_arg *a) NO_LOCK_ANALYSIS
{
    struct domain *d = v->domain;
    struct domain *rd = domain_find(a->remote_dom);
    struct evtchn *remote;
    struct evtchn *c;
    int rc;

    if (rd == NULL) {
        return -ESRCH;
    }
    remote = evtchn_at(rd->events, a->remote_port);
    if (remote == NULL) {
        return -EINVAL;
    }
    rc = xsm_check_pair(XSM_EVTCHN_INTERDOMAIN, d, d, rd);
    if (rc != 0) {
        return rc;
    }
    spin_lock_pair(&d->events->lock, &rd->events->lock);
    rc = evtchn_accept(d, remote, &c);
    spin_unlock_pair(&d->events->lock, &rd->events->lock);
    if (rc == 0) {
        /* What the peer sent while it was unbound is made up for. */
        evtchn_set_pending(c);
        a->local_port = c->port;
    }
    return rc;
}

int evtchn_op_bind_virq(struct vcpu *v, struct evtchn_bind_virq_arg *a)
{
    struct domain *d = v->domain;
    struct evtchn_table *t = d->events;
    struct vcpu *target;
    struct evtchn *c;
    uint32_t virq;
    int rc;

    if (a->virq >= NR_VIRQS || (virq_is_global(a->virq) && a->vcpu != 0)) {
        return -EINVAL;
    }
    virq = (uint32_t)index_nospec(a->virq, NR_VIRQS);
    target = domain_vcpu(d, a->vcpu);
    if (target == NULL) {
        return -ENOENT;
    }
    spin_lock(&t->lock);
    rc = target->virq_port[virq] != 0 ? -EEXIST : evtchn_take_port(t, &c);
    if (rc == 0) {
        c->data = virq;
        c->notify = (uint16_t)target->id;
        c->state = EVTCHN_VIRQ;
        a->port = c->port;
        rc = evtchn_own_virq(c);
    }
    spin_unlock(&t->lock);
    return rc;
}

int evtchn_op_bind_pirq(struct vcpu *v, struct evtchn_bind_pirq_arg *a)
{
    /* No guest type that we have routes interrupts through event channels. */
    (void)v;
    (void)a;
    return -EINVAL;
}

int evtchn_op_bind_ipi(struct vcpu *v, struct evtchn_bind_ipi_arg *a)
{
    struct evtchn_table *t = v->domain->events;
    struct evtchn *c;
    int rc;

    if (domain_vcpu(v->domain, a->vcpu) == NULL) {
        return -ENOENT;
    }
    spin_lock(&t->lock);
    rc = evtchn_take_port(t, &c);
    if (rc == 0) {
        c->notify = (uint16_t)a->vcpu;
        store_release(&c->state, EVTCHN_IPI);
        a->port = c->port;
    }
    spin_unlock(&t->lock);
    return rc;
}

int evtchn_op_bind_vcpu(struct vcpu *v, struct evtchn_bind_vcpu_arg *a)
{
    struct evtchn_table *t = v->domain->events;
    struct evtchn *c = evtchn_at(t, a->port);
    int rc = -EINVAL;

    if (domain_vcpu(v->domain, a->vcpu) == NULL) {
        return -ENOENT;
    }
    if (c == NULL) {
        return -EINVAL;
    }
    spin_lock(&t->lock);
    if (!evtchn_is_own(c) && (c->state == EVTCHN_UNBOUND || c->state == EVTCHN_INTERDOMAIN ||
                              (c->state == EVTCHN_VIRQ && virq_is_global(c->data)))) {
        WRITE_ONCE(c->notify, (uint16_t)a->vcpu);
        rc = 0;
    }
    spin_unlock(&t->lock);
    return rc;
}

int evtchn_op_close(struct vcpu *v, struct evtchn_close_arg *a)
{
    return evtchn_close_port(v->domain, a->port);
}

int evtchn_op_status(struct vcpu *v, struct domain *d, struct evtchn_status_arg *a)
{
    struct evtchn_table *t = d->events;
    struct evtchn *c = evtchn_at(t, a->port);

    (void)v;
    if (c == NULL) {
        return -EINVAL;
    }
    a->status = EVTCHN_FREE;
    a->vcpu = 0;
    a->u.interdomain.dom = 0;
    a->u.interdomain.pad = 0;
    a->u.interdomain.port = 0;
    a->pad = 0;
    spin_lock(&t->lock);
    if (evtchn_is_bound(c)) {
        a->status = c->state;
        a->vcpu = evtchn_is_own(c) ? 0 : c->notify;
    }
    if (c->state == EVTCHN_UNBOUND) {
        a->u.unbound.dom = (domid_t)c->data;
    } else if (c->state == EVTCHN_INTERDOMAIN) {
        a->u.interdomain.dom = c->peer->domain->id;
        a->u.interdomain.port = c->peer->port;
    } else if (c->state == EVTCHN_VIRQ) {
        a->u.virq = c->data;
    }
    spin_unlock(&t->lock);
    return 0;
}

/*
 * One reset at a time closes; another one comes again. A preempted one may never go on: the next
 * starts where that was, or at what was bound before it since.
 */
static int reset(struct domain *d, struct evtchn_table *t)
{
    uint32_t port;
    int rc;

    spin_lock(&t->lock);
    port = t->next_reset;
    t->next_reset = EVTCHN_RESETTING;
    spin_unlock(&t->lock);
    if (port == EVTCHN_RESETTING) {
        return -ERESTART;
    }
    rc = evtchn_close_all(d, &port);
    spin_lock(&t->lock);
    if (rc == 0 && t->next_reset != EVTCHN_RESETTING) {
        rc = -EAGAIN; /* XEN-ABI: something was bound meanwhile, by FIFO or not */
    }
    t->next_reset = MIN(t->next_reset, port);
    if (rc == 0) {
        fifo_destroy(d);
    }
    spin_unlock(&t->lock);
    return rc;
}

int evtchn_op_reset(struct vcpu *v, struct domain *d, struct evtchn_reset_arg *a)
{
    (void)a;
    /* XEN-ABI: another domain's channels are reset only while the tools hold it paused. */
    if (d != v->domain && READ_ONCE(d->pause_count) == 0) {
        return -EINVAL;
    }
    return reset(d, d->events);
}
