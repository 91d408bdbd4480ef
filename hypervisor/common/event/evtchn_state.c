/* SPDX-License-Identifier: Apache-2.0 */
/* State records of channels and FIFO queues. Frames are named by the guest's numbers. */
#include <hearth/evtchn.h>

#include <hearth/errno.h>
#include <hearth/state.h>

#include "private.h"

#define EVTCHN_VERSION 1U

/* Instance 0. */
struct table_record {
    uint32_t fifo;  /* 0: 2-level */
    uint32_t pages; /* of the event array; their gfns follow */
    uint64_t gfn[FIFO_PAGES];
};

/* Instance: port. */
struct channel_record {
    uint32_t data; /* virq, or domid that may bind */
    uint32_t peer_port;
    uint16_t peer_domid;
    uint16_t notify;
    uint16_t queue_vcpu;
    uint8_t state;
    uint8_t priority;
    uint8_t queue_priority;
    uint8_t deferred;
    uint8_t reserved[6];
};

struct queues_record {
    uint64_t gfn;
    uint32_t offset;
    uint32_t reserved;
    uint32_t tail[FIFO_QUEUES];
};

static_assert(sizeof(struct table_record) == 8 + 8 * FIFO_PAGES, "wire format");
static_assert(sizeof(struct channel_record) == 24, "wire format");
static_assert(sizeof(struct queues_record) == 80, "wire format");

static void save_table(struct domain *d, struct state_stream *s)
{
    const struct evtchn_fifo *f = d->events->fifo;
    struct table_record r = {.fifo = f != NULL, .pages = f != NULL ? f->pages : 0};
    struct state_header h = {.type = STATE_EVTCHN, .version = EVTCHN_VERSION, .domid = d->id};

    for (uint32_t i = 0; i < r.pages; i++) {
        r.gfn[i] = f->array[i].gfn.n;
    }
    h.length = (uint32_t)(offsetof(struct table_record, gfn) + r.pages * sizeof(r.gfn[0]));
    state_save(s, &h, &r);
}

static void save_channel(const struct evtchn *c, struct state_stream *s)
{
    struct channel_record r = {
        .data = c->data,
        .peer_port = c->peer != NULL ? c->peer->port : 0,
        .peer_domid = c->peer != NULL ? c->peer->domain->id : 0,
        .notify = c->notify,
        .queue_vcpu = c->queue_vcpu,
        .state = c->state,
        .priority = c->priority,
        .queue_priority = c->queue_priority,
        .deferred = c->deferred,
    };
    struct state_header h = {
        .type = STATE_EVTCHN,
        .version = EVTCHN_VERSION,
        .domid = c->domain->id,
        .instance = c->port,
        .length = sizeof(r),
    };

    state_save(s, &h, &r);
}

static void save_queues(const struct vcpu *v, struct state_stream *s)
{
    const struct evtchn_fifo_vcpu *q = v->fifo;
    struct queues_record r = {
        .gfn = q->frame.gfn.n,
        .offset = (uint32_t)((uintptr_t)q->control - (uintptr_t)q->frame.va),
    };
    struct state_header h = {
        .type = STATE_EVTCHN_VCPU,
        .version = EVTCHN_VERSION,
        .domid = v->domain->id,
        .instance = v->id,
        .length = sizeof(r),
    };

    for (unsigned int i = 0; i < FIFO_QUEUES; i++) {
        r.tail[i] = q->tail[i];
    }
    state_save(s, &h, &r);
}

void evtchn_state_save(struct domain *d, struct state_stream *s)
{
    struct evtchn_table *t = d->events;
    struct vcpu *v;
    uint32_t i;

    save_table(d, s);
    for (i = 0; i < t->valid; i++) {
        const struct evtchn *c = evtchn_at(t, i);

        if (evtchn_is_bound(c)) {
            save_channel(c, s);
        }
    }
    for_each_vcpu (d, i, v) {
        if (v->fifo != NULL) {
            save_queues(v, s);
        }
    }
}

static int load_table(struct domain *d, const struct state_header *h, const struct table_record *r)
{
    uint32_t length = (uint32_t)offsetof(struct table_record, gfn);
    struct evtchn_table *t = d->events;
    int rc;

    if (r->pages > FIFO_PAGES || r->fifo > 1 || (r->fifo == 0 && r->pages != 0)) {
        return -EINVAL;
    }
    rc = state_expect(h, EVTCHN_VERSION, length + r->pages * sizeof(r->gfn[0]));
    if (rc == 0 && r->fifo != 0) {
        rc = fifo_enable(t);
    }
    for (uint32_t i = 0; rc == 0 && i < r->pages; i++) {
        rc = fifo_expand(d, r->gfn[i]);
    }
    return rc;
}

static bool channel_is_sane(const struct domain *d, const struct channel_record *r)
{
    return r->state != EVTCHN_FREE && r->state < EVTCHN_RESERVED && r->state != EVTCHN_PIRQ &&
           r->priority < FIFO_QUEUES && r->queue_priority < FIFO_QUEUES && r->deferred <= 1 &&
           (r->notify == 0 || domain_vcpu(d, r->notify) != NULL ||
            (r->notify == EVTCHN_NOTIFY_VUART &&
             (r->state == EVTCHN_UNBOUND || r->state == EVTCHN_INTERDOMAIN))) &&
           (r->state != EVTCHN_VIRQ || (r->data < NR_VIRQS && domain_vcpu(d, r->notify) != NULL)) &&
           (r->state != EVTCHN_UNBOUND || r->data <= UINT16_MAX);
}

/* An interdomain channel: tied when the other end is loaded, else it waits for it. */
static void load_peer(struct evtchn *c, const struct channel_record *r)
{
    struct domain *pd = r->peer_domid == c->domain->id ? c->domain : domain_find(r->peer_domid);
    struct evtchn *peer = pd != NULL ? evtchn_at(pd->events, r->peer_port) : NULL;

    c->state = EVTCHN_UNBOUND;
    c->data = r->peer_domid;
    if (peer != NULL && peer != c && peer->state == EVTCHN_UNBOUND && peer->data == c->domain->id) {
        evtchn_tie(c, peer);
    }
}

static int load_channel(struct domain *d, uint32_t port, const struct channel_record *r)
{
    struct evtchn_table *t = d->events;
    struct evtchn *c;
    int rc;

    if (!channel_is_sane(d, r)) {
        return -EINVAL;
    }
    spin_lock(&t->lock);
    rc = evtchn_take_this_port(t, port, &c);
    spin_unlock(&t->lock);
    if (rc != 0) {
        return rc;
    }
    c->notify = r->notify;
    c->queue_vcpu = r->queue_vcpu;
    c->priority = r->priority;
    c->queue_priority = r->queue_priority;
    c->data = r->data;
    if (r->deferred != 0 && t->fifo != NULL) {
        c->deferred = 1;
        t->fifo->deferred++;
    }
    if (r->state == EVTCHN_INTERDOMAIN) {
        load_peer(c, r);
    } else {
        c->state = r->state;
    }
    return r->state == EVTCHN_VIRQ ? evtchn_own_virq(c) : 0;
}

static int load_queues(struct domain *d, const struct state_header *h,
                       const struct queues_record *r)
{
    struct vcpu *v = domain_vcpu(d, h->instance);
    int rc;

    if (v == NULL || r->offset > PAGE_SIZE - sizeof(struct guest_fifo_control) ||
        r->offset % 8 != 0) {
        return -EINVAL;
    }
    rc = fifo_init_control(d, v, r->gfn, r->offset);
    for (unsigned int i = 0; rc == 0 && i < FIFO_QUEUES; i++) {
        v->fifo->tail[i] = r->tail[i] < d->events->valid ? r->tail[i] : 0;
    }
    return rc;
}

int evtchn_state_load(struct domain *d, const struct state_header *h, const void *body)
{
    int rc;

    if (h->type == STATE_EVTCHN_VCPU) {
        rc = state_expect(h, EVTCHN_VERSION, sizeof(struct queues_record));
        return rc != 0 ? rc : load_queues(d, h, body);
    }
    if (h->type != STATE_EVTCHN) {
        return -EINVAL;
    }
    if (h->instance == 0) {
        rc = state_expect(h, EVTCHN_VERSION, offsetof(struct table_record, gfn));
        return rc != 0 ? rc : load_table(d, h, body);
    }
    rc = state_expect(h, EVTCHN_VERSION, sizeof(struct channel_record));
    return rc != 0 ? rc : load_channel(d, h->instance, body);
}
