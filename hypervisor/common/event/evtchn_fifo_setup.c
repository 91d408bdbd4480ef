/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of the FIFO ABI: control blocks, event array, priorities, and the way back to 2-level.
 * Frames are the domain's own RAM, referenced and mapped for good; senders use them without a
 * lock, so they are let go only after a grace period.
 */
#include <hearth/evtchn.h>

#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/rcu.h>

#include "private.h"

static int fifo_map_frame(struct domain *d, uint64_t frame, struct evtchn_frame *out)
{
    int rc = p2m_get_page(d->p2m[0], gfn(frame), P2M_GET_WRITE, &out->mfn);

    if (rc != 0) {
        return -EINVAL;
    }
    out->va = guest_map(out->mfn);
    out->gfn = gfn(frame);
    return 0;
}

static void fifo_unmap_frame(struct evtchn_frame *f)
{
    if (f->va != NULL) {
        guest_unmap(f->va);
        page_put(f->mfn);
        f->va = NULL;
    }
}

static void fifo_vcpu_free(struct rcu_head *head)
{
    struct evtchn_fifo_vcpu *q = container_of(head, struct evtchn_fifo_vcpu, rcu);

    fifo_unmap_frame(&q->frame);
    heap_free(q);
}

static void fifo_free(struct rcu_head *head)
{
    struct evtchn_fifo *f = container_of(head, struct evtchn_fifo, rcu);

    for (uint32_t i = 0; i < f->pages; i++) {
        fifo_unmap_frame(&f->array[i]);
    }
    heap_free(f);
}

void evtchn_vcpu_destroy(struct vcpu *v)
{
    struct evtchn_fifo_vcpu *q = v->fifo;

    if (q != NULL) {
        store_release(&v->fifo, NULL);
        rcu_call(&q->rcu, fifo_vcpu_free);
    }
}

void fifo_destroy(struct domain *d)
{
    struct evtchn_table *t = d->events;
    struct evtchn_fifo *f = t->fifo;
    struct vcpu *v;
    uint32_t i;

    store_release(&t->fifo, NULL);
    for_each_vcpu (d, i, v) {
        evtchn_vcpu_destroy(v);
    }
    if (f != NULL) {
        rcu_call(&f->rcu, fifo_free);
    }
}

/* Publishes a queue for v, and the FIFO ABI with the first. */
static int fifo_install(struct evtchn_table *t, struct vcpu *v, struct evtchn_fifo_vcpu *q,
                        struct evtchn_fifo **spare) REQUIRES(t->lock)
{
    if (t->dead || v->fifo != NULL) {
        return -EINVAL;
    }
    store_release(&v->fifo, q);
    if (t->fifo == NULL) {
        store_release(&t->fifo, *spare);
        *spare = NULL;
    }
    return 0;
}

/* The FIFO ABI before its first control block: state records. */
int fifo_enable(struct evtchn_table *t)
{
    struct evtchn_fifo *f = t->fifo == NULL ? heap_alloc(sizeof(*f)) : NULL;

    if (f == NULL) {
        return t->fifo != NULL ? -EINVAL : -ENOMEM;
    }
    store_release(&t->fifo, f);
    return 0;
}

int fifo_init_control(struct domain *d, struct vcpu *v, uint64_t frame, uint32_t offset)
{
    struct evtchn_table *t = d->events;
    struct evtchn_fifo_vcpu *q;
    struct evtchn_fifo *spare;
    int rc = -ENOMEM;

    q = heap_alloc(sizeof(*q));
    spare = heap_alloc(sizeof(*spare));
    if (q == NULL || spare == NULL) {
        goto free;
    }
    rc = fifo_map_frame(d, frame, &q->frame);
    if (rc != 0) {
        goto free;
    }
    spin_lock_init(&q->lock, RANK_EVTCHN_QUEUE);
    q->control = (struct guest_fifo_control *)(void *)((char *)q->frame.va + offset);
    spin_lock(&t->lock);
    rc = fifo_install(t, v, q, &spare);
    spin_unlock(&t->lock);
    if (rc != 0) {
        fifo_unmap_frame(&q->frame);
        goto free;
    }
    q = NULL;
free:
    heap_free(q);
    heap_free(spare);
    return rc;
}

int evtchn_op_init_control(struct vcpu *v, struct evtchn_init_control_arg *a)
{
    struct vcpu *target = domain_vcpu(v->domain, a->vcpu);

    if (target == NULL) {
        return -ENOENT;
    }
    if (a->offset > PAGE_SIZE - sizeof(struct guest_fifo_control) || a->offset % 8 != 0) {
        return -EINVAL;
    }
    a->link_bits = FIFO_LINK_BITS;
    return fifo_init_control(v->domain, target, a->control_gfn, a->offset);
}

/* Appends a page to the event array. */
static int fifo_append_page(struct evtchn_table *t, struct evtchn_frame frame) REQUIRES(t->lock)
{
    struct evtchn_fifo *f = t->fifo;

    if (f == NULL) {
        return -EOPNOTSUPP;
    }
    if (f->pages == FIFO_PAGES) {
        return -ENOSPC;
    }
    f->array[f->pages] = frame;
    store_release(&f->pages, f->pages + 1); /* pairs with fifo_word() */
    return 0;
}

int fifo_expand(struct domain *d, uint64_t gfn_n)
{
    struct evtchn_table *t = d->events;
    struct evtchn_frame frame;
    struct evtchn_fifo *f;
    uint32_t page = 0;
    int rc;

    if (READ_ONCE(t->fifo) == NULL) {
        return -EOPNOTSUPP;
    }
    rc = fifo_map_frame(d, gfn_n, &frame);
    if (rc != 0) {
        return rc;
    }
    spin_lock(&t->lock);
    f = t->fifo;
    rc = fifo_append_page(t, frame);
    if (rc == 0) {
        page = f->pages - 1;
    }
    spin_unlock(&t->lock);
    if (rc != 0) {
        fifo_unmap_frame(&frame);
        return rc;
    }
    fifo_deliver_deferred(t, f, page);
    return 0;
}

int evtchn_op_expand_array(struct vcpu *v, struct evtchn_expand_array_arg *a)
{
    return fifo_expand(v->domain, a->array_gfn);
}

int evtchn_op_set_priority(struct vcpu *v, struct evtchn_set_priority_arg *a)
{
    struct evtchn_table *t = v->domain->events;
    struct evtchn *c = evtchn_at(t, a->port);
    int rc = 0;

    if (c == NULL) {
        return -EINVAL;
    }
    spin_lock(&t->lock);
    if (t->fifo == NULL) {
        rc = -ENOSYS;
    } else if (a->priority >= FIFO_QUEUES) {
        rc = -EINVAL;
    } else {
        WRITE_ONCE(c->priority, (uint8_t)a->priority);
    }
    spin_unlock(&t->lock);
    return rc;
}
