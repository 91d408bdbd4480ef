/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivering through the FIFO ABI: event words, and queues linked through them.
 *
 * The guest unlinks at the head, Hearth links at the tail, and each word is changed by both:
 * a tail that still is LINKED gets the new port as its link, in one bounded exchange under the
 * BUSY bit; a tail that is not LINKED any more was consumed, so the queue is empty and the new
 * port becomes its head. Locks: evtchn_fifo_vcpu.lock of the queue that the event was on last
 * and of the one that it goes to.
 */
#include <hearth/evtchn.h>

#include <hearth/console.h>
#include <hearth/guest_atomic.h>
#include <hearth/vuart.h>

#include "private.h"

/* Tries to lock the queues of a channel that is being moved. */
#define QUEUE_TRIES 8U

/* Makes `port` the successor of the queue's tail: false when the tail was consumed. */
static bool fifo_link_to(uint32_t *tail, evtchn_port_t port)
{
    uint32_t old = READ_ONCE(*tail);

    for (unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++) {
        uint32_t w = (old & ~(FIFO_LINK_MASK | FIFO_BUSY)) | port;

        if ((old & FIFO_LINKED) == 0) {
            break;
        }
        if (guest_cas_once(tail, &old, w)) {
            return true;
        }
        /* The guest changes its mask bit just now: BUSY asks it to wait. */
        if ((old & (FIFO_LINKED | FIFO_BUSY)) == FIFO_LINKED &&
            guest_cas_once(tail, &old, old | FIFO_BUSY)) {
            old |= FIFO_BUSY;
        }
    }
    if ((old & FIFO_BUSY) != 0) {
        guest_clear_32(tail, FIFO_BUSY);
    }
    return false;
}

/* Locks the queue that c was on last and vCPU `to`'s; the caller checks that c stayed there. */
static bool fifo_lock_queues(struct evtchn *c, uint16_t to, struct evtchn_fifo_vcpu **from_q,
                             struct evtchn_fifo_vcpu **to_q) NO_LOCK_ANALYSIS
{
    for (unsigned int i = 0; i < QUEUE_TRIES; i++) {
        uint16_t from = READ_ONCE(c->queue_vcpu);
        struct vcpu *from_v = domain_vcpu(c->domain, from);
        struct vcpu *to_v = domain_vcpu(c->domain, to);

        *to_q = to_v != NULL ? load_acquire(&to_v->fifo) : NULL;
        *from_q = from_v != NULL ? load_acquire(&from_v->fifo) : NULL;
        if (*to_q == NULL) {
            return false; /* no control block yet: the guest may not have unmasked the event */
        }
        if (*from_q == NULL) {
            *from_q = *to_q;
        }
        spin_lock_pair(&(*from_q)->lock, &(*to_q)->lock);
        if (READ_ONCE(c->queue_vcpu) == from) {
            return true;
        }
        spin_unlock_pair(&(*from_q)->lock, &(*to_q)->lock);
    }
    return false;
}

/* Claims the word: PENDING, neither MASKED nor LINKED, becomes LINKED with no successor. */
static bool fifo_claim(uint32_t *word)
{
    uint32_t old = READ_ONCE(*word);

    for (unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++) {
        if ((old & FIFO_PENDING) == 0 || (old & (FIFO_MASKED | FIFO_LINKED)) != 0) {
            return false;
        }
        if (guest_cas_once(word, &old, (old | FIFO_LINKED) & ~FIFO_LINK_MASK)) {
            return true;
        }
    }
    return false;
}

/* Under the locks of both queues: puts c at the end of queue `priority` of `to`. */
static bool fifo_append(struct evtchn_fifo *f, struct evtchn *c, struct evtchn_fifo_vcpu *from,
                        struct evtchn_fifo_vcpu *to, unsigned int priority, uint32_t *word)
{
    unsigned int old_priority = c->queue_priority;
    uint32_t *tail_word;

    if (!fifo_claim(word)) {
        return false;
    }
    /* It was its queue's last event and is consumed: that queue is empty now. */
    if (from->tail[old_priority] == c->port) {
        from->tail[old_priority] = 0;
    }
    c->queue_priority = (uint8_t)priority;
    tail_word = to->tail[priority] != 0 ? fifo_word(f, to->tail[priority]) : NULL;
    if (tail_word == NULL || !fifo_link_to(tail_word, c->port)) {
        store_release(&to->control->head[priority], c->port);
    }
    to->tail[priority] = c->port;
    return true;
}

static void fifo_link(struct evtchn_fifo *f, struct evtchn *c, uint32_t *word) NO_LOCK_ANALYSIS
{
    uint16_t to = READ_ONCE(c->notify);
    unsigned int priority = READ_ONCE(c->priority);
    struct evtchn_fifo_vcpu *from_q;
    struct evtchn_fifo_vcpu *to_q;
    uint32_t ready = 1U << priority;
    uint32_t old = ready;
    bool done;

    if (!fifo_lock_queues(c, to, &from_q, &to_q)) {
        return;
    }
    done = fifo_append(f, c, from_q, to_q, priority, word);
    if (done) {
        WRITE_ONCE(c->queue_vcpu, to);
    }
    spin_unlock_pair(&from_q->lock, &to_q->lock);
    if (done && guest_change_32(&to_q->control->ready, 0, ready, &old) && (old & ready) == 0) {
        struct vcpu *v = domain_vcpu(c->domain, to);

        if (v != NULL) {
            evtchn_upcall(v);
        }
    }
}

static void fifo_raise_word(struct evtchn_fifo *f, struct evtchn *c, uint32_t *word)
{
    uint32_t old;

    if (!guest_change_32(word, 0, FIFO_PENDING, &old)) {
        return;
    }
    if ((old & (FIFO_MASKED | FIFO_LINKED)) == 0) {
        fifo_link(f, c, word);
    }
    if ((old & FIFO_PENDING) == 0) {
        evtchn_wake_pollers(c->domain, c->domain->events, c->port);
    }
}

/* Sends an event that is not fifo_is_set(). */
void fifo_raise(struct evtchn_fifo *f, struct evtchn *c)
{
    uint32_t *word = fifo_word(f, c->port);

    if (unlikely(evtchn_is_own(c))) {
        vpl011_told(c->domain);
        return;
    }
    if (word == NULL) {
        /* Remembered until expand_array brings the word. */
        if (!atomic_exchange(&c->deferred, 1)) {
            atomic_fetch_add(&f->deferred, 1);
        }
        smp_mb(); /* pairs with the one in fifo_deliver_deferred() */
        word = fifo_word(f, c->port);
        if (word == NULL || !atomic_exchange(&c->deferred, 0)) {
            return;
        }
        atomic_fetch_sub(&f->deferred, 1);
    }
    fifo_raise_word(f, c, word);
}

void fifo_deliver_deferred(struct evtchn_table *t, struct evtchn_fifo *f, uint32_t page)
{
    uint32_t first = page * FIFO_WORDS_PER_PAGE;

    smp_mb(); /* pairs with the one in fifo_defer() */
    if (READ_ONCE(f->deferred) == 0) {
        return;
    }
    for (uint32_t i = 0; i < FIFO_WORDS_PER_PAGE; i++) {
        struct evtchn *c = evtchn_at(t, first + i);

        if (c == NULL) {
            break;
        }
        if (READ_ONCE(c->deferred) != 0 && atomic_exchange(&c->deferred, 0)) {
            atomic_fetch_sub(&f->deferred, 1);
            fifo_raise(f, c);
        }
    }
}

void fifo_unmask(struct evtchn_fifo *f, struct evtchn *c)
{
    uint32_t *word = fifo_word(f, c->port);
    uint32_t old;

    if (word != NULL && guest_change_32(word, FIFO_MASKED, 0, &old) &&
        (old & (FIFO_PENDING | FIFO_LINKED)) == FIFO_PENDING) {
        fifo_link(f, c, word);
    }
}

void fifo_clear_pending(struct evtchn_fifo *f, struct evtchn *c)
{
    uint32_t *word = fifo_word(f, c->port);

    if (atomic_exchange(&c->deferred, 0)) {
        atomic_fetch_sub(&f->deferred, 1);
    }
    if (word != NULL) {
        guest_clear_32(word, FIFO_PENDING);
    }
}

static uint32_t fifo_read(const struct evtchn_fifo *f, const struct evtchn *c)
{
    uint32_t *word = fifo_word(f, c->port);

    return word != NULL ? READ_ONCE(*word) : 0;
}

bool fifo_is_pending(const struct evtchn_fifo *f, const struct evtchn *c)
{
    return (fifo_read(f, c) & FIFO_PENDING) != 0;
}

bool fifo_is_masked(const struct evtchn_fifo *f, const struct evtchn *c)
{
    return (fifo_read(f, c) & FIFO_MASKED) != 0;
}

bool fifo_is_linked(const struct evtchn_fifo *f, const struct evtchn *c)
{
    return (fifo_read(f, c) & FIFO_LINKED) != 0;
}
