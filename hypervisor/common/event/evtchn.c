/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's table of channels: birth, growth, ports, closing, death. See private.h. */
#include <hearth/evtchn.h>

#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/softirq.h>
#include <hearth/string.h>

#include "private.h"

/* Tries to lock a pair of which the other end keeps changing. */
#define PEER_TRIES 16U

int evtchn_domain_init(struct domain *d)
{
    struct evtchn_table *t = heap_alloc(sizeof(*t));
    uint32_t most = d->config.max_evtchn_port;
    int rc;

    if (t == NULL) {
        return -ENOMEM;
    }
    spin_lock_init(&t->lock, RANK_EVTCHN);
    t->page = t->small;
    t->limit = most < FIFO_PORTS ? most + 1 : FIFO_PORTS;
    spin_lock(&t->lock);
    rc = evtchn_grow(t, d);
    spin_unlock(&t->lock);
    if (rc != 0) {
        heap_free(t);
        return rc;
    }
    d->events = t;
    return 0;
}

/* From the inline array of pages to one for all ports. Readers may use the old one on. */
static int evtchn_widen(struct evtchn_table *t)
{
    struct evtchn **page = heap_alloc_array(EVTCHN_ALL_PAGES, sizeof(*page));

    if (page == NULL) {
        return -ENOMEM;
    }
    memcpy(page, t->small, sizeof(t->small));
    store_release(&t->page, page);
    return 0;
}

static void evtchn_append_free(struct evtchn_table *t, struct evtchn *c) REQUIRES(t->lock)
{
    struct evtchn_free *list = &t->free[c->port >= EVTCHN_2L_PORTS];

    c->data = 0;
    if (list->head == 0) {
        list->head = c->port;
    } else {
        evtchn_at(t, list->tail)->data = c->port;
    }
    list->tail = c->port;
}

/* Ports that the ABI in use can name. */
static uint32_t evtchn_abi_limit(const struct evtchn_table *t)
{
    uint32_t abi = t->fifo != NULL ? FIFO_PORTS : EVTCHN_2L_PORTS;

    return MIN(t->limit, abi);
}

/* Adds a page of channels and its free ports. -ENOSPC at the limit, -ENOMEM. */
int evtchn_grow(struct evtchn_table *t, struct domain *d)
{
    uint32_t first = t->valid;
    uint32_t slot = first / EVTCHN_PER_PAGE;
    uint32_t limit = evtchn_abi_limit(t);
    struct evtchn *page;

    if (first % EVTCHN_PER_PAGE != 0 || first >= limit) {
        return -ENOSPC;
    }
    if (slot == EVTCHN_SMALL_PAGES && t->page == t->small && evtchn_widen(t) != 0) {
        return -ENOMEM;
    }
    page = heap_alloc_array(EVTCHN_PER_PAGE, sizeof(*page));
    if (page == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < EVTCHN_PER_PAGE; i++) {
        page[i].domain = d;
        page[i].port = first + i;
        page[i].priority = FIFO_PRIORITY;
        page[i].queue_priority = FIFO_PRIORITY;
    }
    t->page[slot] = page;
    /* Pairs with the acquire in evtchn_at(). */
    store_release(&t->valid, MIN(first + EVTCHN_PER_PAGE, limit));
    if (first == 0) {
        page[0].state = EVTCHN_RESERVED;
    }
    for (uint32_t i = first == 0 ? 1 : first; i < t->valid; i++) {
        evtchn_append_free(t, &page[i % EVTCHN_PER_PAGE]);
    }
    return 0;
}

/* First free port that is on no queue; ports the guest has not consumed go to the end. */
static struct evtchn *evtchn_pop_free(struct evtchn_table *t) REQUIRES(t->lock)
{
    bool high = t->free[0].head == 0 && t->fifo != NULL;
    struct evtchn_free *list = &t->free[high];

    for (unsigned int i = 0; i < 8 && list->head != 0; i++) {
        struct evtchn *c = evtchn_at(t, list->head);

        list->head = c->data;
        if (t->fifo == NULL || !fifo_is_linked(t->fifo, c)) {
            return c;
        }
        evtchn_append_free(t, c);
    }
    return NULL;
}

static void evtchn_reset_channel(struct evtchn *c)
{
    c->notify = 0;
    c->priority = FIFO_PRIORITY;
    c->data = 0;
}

/* A port that is off the free list gets bound. */
static void evtchn_count(struct evtchn_table *t, struct evtchn *c) REQUIRES(t->lock)
{
    evtchn_reset_channel(c);
    t->next_reset = MIN(t->next_reset, c->port);
    t->bound++;
}

/* Takes a port out of the free list; the caller sets its state. -EINVAL, -ENOSPC, -ENOMEM. */
int evtchn_take_port(struct evtchn_table *t, struct evtchn **out)
{
    struct evtchn *c;

    if (t->dead) {
        return -EINVAL;
    }
    c = evtchn_pop_free(t);
    if (c == NULL) {
        int rc = evtchn_grow(t, evtchn_at(t, 0)->domain);

        if (rc != 0) {
            return rc;
        }
        c = evtchn_pop_free(t);
    }
    if (c == NULL) {
        return -ENOSPC;
    }
    evtchn_count(t, c);
    *out = c;
    return 0;
}

/* Makes two ports the ends of one channel. Both tables' locks are held. */
void evtchn_tie(struct evtchn *a, struct evtchn *b)
{
    a->state = EVTCHN_INTERDOMAIN;
    a->data = 0;
    b->state = EVTCHN_INTERDOMAIN;
    b->data = 0;
    /* Read in evtchn_send() without a lock. */
    store_release(&a->peer, b);
    store_release(&b->peer, a);
}

/* Takes a certain port, growing the table to it (state records). */
int evtchn_take_this_port(struct evtchn_table *t, evtchn_port_t port, struct evtchn **out)
{
    struct evtchn_free *list = &t->free[port >= EVTCHN_2L_PORTS];
    uint32_t before = 0;
    struct evtchn *c;
    uint32_t p;
    int rc = 0;

    while (rc == 0 && port >= t->valid) {
        rc = evtchn_grow(t, evtchn_at(t, 0)->domain);
    }
    for (p = list->head; rc == 0 && p != port; p = evtchn_at(t, p)->data) {
        if (p == 0) {
            return -EEXIST;
        }
        before = p;
    }
    if (rc != 0) {
        return rc;
    }
    c = evtchn_at(t, port);
    if (before == 0) {
        list->head = c->data;
    } else {
        evtchn_at(t, before)->data = c->data;
    }
    list->tail = list->tail == port ? before : list->tail;
    evtchn_count(t, c);
    *out = c;
    return 0;
}

/* The vCPU that a VIRQ was bound on: a global one stays vCPU 0's, wherever it is delivered. */
static struct vcpu *evtchn_virq_owner(const struct evtchn *c)
{
    return domain_vcpu(c->domain, virq_is_global(c->data) ? 0 : c->notify);
}

/* -EEXIST when another port has it. */
int evtchn_own_virq(struct evtchn *c)
{
    struct vcpu *v = evtchn_virq_owner(c);

    if (v == NULL || v->virq_port[c->data] != 0) {
        return -EEXIST;
    }
    store_release(&v->virq_port[c->data], c->port);
    return 0;
}

/* Frees a channel whose peer is already gone. */
static void evtchn_release(struct evtchn_table *t, struct evtchn *c) REQUIRES(t->lock)
{
    if (c->state == EVTCHN_VIRQ) {
        struct vcpu *v = evtchn_virq_owner(c);

        if (v != NULL && v->virq_port[c->data] == c->port) {
            WRITE_ONCE(v->virq_port[c->data], 0);
        }
    }
    c->state = EVTCHN_FREE;
    evtchn_clear_pending(c);
    evtchn_reset_channel(c);
    t->bound--;
    evtchn_append_free(t, c);
}

/* Parts the two ends: the other one waits for its next partner. */
static void evtchn_part(struct evtchn *c) NO_LOCK_ANALYSIS
{
    struct evtchn *peer = c->peer;

    store_release(&c->peer, NULL);
    store_release(&peer->peer, NULL);
    peer->data = c->domain->id;
    peer->state = EVTCHN_UNBOUND;
    c->state = EVTCHN_UNBOUND;
}

/* Closes a port of d. -EINVAL: not d's to close; -ERESTART: the other end was never at rest. */
int evtchn_close_port(struct domain *d, evtchn_port_t port) NO_LOCK_ANALYSIS
{
    struct evtchn_table *t = d->events;
    struct evtchn *c = evtchn_at(t, port);

    if (c == NULL) {
        return -EINVAL;
    }
    for (unsigned int i = 0; i < PEER_TRIES; i++) {
        struct evtchn *peer = load_acquire(&c->peer);
        struct evtchn_table *other = peer != NULL ? peer->domain->events : t;
        int rc = 0;

        spin_lock_pair(&t->lock, &other->lock);
        if (c->peer != peer) {
            spin_unlock_pair(&t->lock, &other->lock);
            continue;
        }
        if (!evtchn_is_bound(c) || (evtchn_is_own(c) && !t->dead)) {
            rc = -EINVAL;
        } else {
            if (peer != NULL) {
                evtchn_part(c);
            }
            evtchn_release(t, c);
        }
        spin_unlock_pair(&t->lock, &other->lock);
        return rc;
    }
    return -ERESTART;
}

/* Closes all ports from *next on, which follows; -ERESTART until done. */
int evtchn_close_all(struct domain *d, uint32_t *next)
{
    struct evtchn_table *t = d->events;

    while (*next < load_acquire(&t->valid)) {
        evtchn_port_t port = *next;
        int rc = evtchn_is_bound(evtchn_at(t, port)) ? evtchn_close_port(d, port) : 0;

        if (rc == -ERESTART) {
            return rc;
        }
        *next = port + 1;
        if (port % 64 == 63 && preempt_check()) {
            return -ERESTART;
        }
    }
    return 0;
}

int evtchn_domain_destroy(struct domain *d)
{
    struct evtchn_table *t = d->events;
    int rc;

    if (t == NULL) {
        return 0;
    }
    spin_lock(&t->lock);
    t->dead = true; /* from here on no port is bound */
    spin_unlock(&t->lock);
    rc = evtchn_close_all(d, &t->next_end);
    if (rc == 0) {
        spin_lock(&t->lock);
        fifo_destroy(d);
        spin_unlock(&t->lock);
    }
    return rc;
}

void evtchn_domain_free(struct domain *d)
{
    struct evtchn_table *t = d->events;

    if (t == NULL) {
        return;
    }
    d->events = NULL;
    for (uint32_t i = 0; i < DIV_ROUND_UP(t->valid, EVTCHN_PER_PAGE); i++) {
        heap_free(t->page[i]);
    }
    if (t->page != t->small) {
        heap_free(t->page);
    }
    heap_free(t);
}
