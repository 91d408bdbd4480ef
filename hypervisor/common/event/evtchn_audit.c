/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants of a domain's channels, for tests, fuzzers and debug builds. */
#include <hearth/evtchn.h>

#include "private.h"

static const char *audit_pair(const struct evtchn *c)
{
    const struct evtchn *peer = c->peer;

    if (evtchn_is_own(c) && c->state != EVTCHN_UNBOUND && c->state != EVTCHN_INTERDOMAIN) {
        return "an end of the hypervisor's that is none";
    }
    if ((c->state == EVTCHN_INTERDOMAIN) != (peer != NULL)) {
        return "a peer without a channel, or a channel without a peer";
    }
    if (peer == NULL) {
        return NULL;
    }
    if (peer->peer != c || peer->state != EVTCHN_INTERDOMAIN || peer == c) {
        return "the peer is tied to another port";
    }
    return evtchn_at(peer->domain->events, peer->port) == peer ? NULL : "the peer is in no table";
}

static const char *audit_virq(const struct evtchn *c)
{
    struct vcpu *v;
    uint32_t i;

    for_each_vcpu (c->domain, i, v) {
        if (c->data < NR_VIRQS && v->virq_port[c->data] == c->port) {
            return NULL;
        }
    }
    return "a VIRQ's port that no vCPU knows";
}

static const char *audit_free_list(const struct evtchn_table *t, unsigned int which, uint32_t *n)
{
    uint32_t last = 0;

    for (uint32_t p = t->free[which].head; p != 0; p = evtchn_at(t, p)->data) {
        const struct evtchn *c = evtchn_at(t, p);

        if (c == NULL || c->state != EVTCHN_FREE || (p >= EVTCHN_2L_PORTS) != (which == 1)) {
            return "a port on the wrong free list";
        }
        if (++*n > t->valid) {
            return "a circle in the free list";
        }
        last = p;
    }
    return last == 0 || t->free[which].tail == last ? NULL : "the free list's tail is not its end";
}

static const char *audit_fifo(const struct domain *d, const struct evtchn_fifo *f,
                              uint32_t deferred)
{
    const struct vcpu *v;
    uint32_t i;

    for_each_vcpu (d, i, v) {
        if (v->fifo != NULL && f == NULL) {
            return "queues without the FIFO ABI";
        }
        for (unsigned int q = 0; v->fifo != NULL && q < FIFO_QUEUES; q++) {
            if (v->fifo->tail[q] != 0 && evtchn_at(d->events, v->fifo->tail[q]) == NULL) {
                return "a queue's tail outside the table";
            }
        }
    }
    for (i = 0; f != NULL && i < f->pages; i++) {
        if (f->array[i].va == NULL) {
            return "a hole in the event array";
        }
    }
    return deferred == (f != NULL ? f->deferred : 0) ? NULL : "deferred events are miscounted";
}

const char *evtchn_audit(const struct domain *d)
{
    const struct evtchn_table *t = d->events;
    uint32_t bound = 0, deferred = 0, free = 0;
    const char *bad = NULL;

    for (uint32_t p = 0; bad == NULL && p < t->valid; p++) {
        const struct evtchn *c = evtchn_at(t, p);

        bound += evtchn_is_bound(c);
        deferred += c->deferred;
        bad = c->port != p || c->domain != d ? "a channel in the wrong place" : audit_pair(c);
        if (bad == NULL && c->state == EVTCHN_VIRQ) {
            bad = audit_virq(c);
        }
    }
    for (unsigned int i = 0; bad == NULL && i < 2; i++) {
        bad = audit_free_list(t, i, &free);
    }
    if (bad == NULL && (bound != t->bound || bound + free + 1 != t->valid)) {
        bad = "ports are miscounted";
    }
    return bad != NULL ? bad : audit_fifo(d, t->fifo, deferred);
}
