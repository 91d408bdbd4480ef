/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PV console of a guest that Hearth has started. While nobody is bound to its channel, Hearth is
 * the back end: what the guest sends there says that there is output. Nothing is kept between two
 * looks but where the ring is, so that another back end may come and go at any time.
 */
#include "private.h"

#include <hearth/atomic.h>
#include <hearth/console.h>
#include <hearth/console_ring.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/guest_copy.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>
#include <hearth/state.h>

#define CHUNK 128U /* bytes that are written to the console at a time */

/* Out of the way of the numbers that a guest is given on Xen, which has no such console. */
#define PORT 127U

/* public/io/console.h leaves them to both sides; the guest finds them empty. */
static void clear_ring(struct console_ring *ring)
{
    WRITE_ONCE(ring->in_cons, 0);
    WRITE_ONCE(ring->in_prod, 0);
    WRITE_ONCE(ring->out_cons, 0);
    WRITE_ONCE(ring->out_prod, 0);
}

static int attach(struct domain *d, gfn_t gfn, evtchn_port_t port)
{
    struct console_pv *pv = heap_alloc(sizeof(*pv));

    if (pv == NULL) {
        return -ENOMEM;
    }
    if (p2m_get_page(d->p2m[0], gfn, P2M_GET_WRITE, &pv->mfn) != 0) {
        heap_free(pv);
        return -EINVAL;
    }
    spin_lock_init(&pv->lock, RANK_VUART);
    pv->ring = guest_map(pv->mfn);
    pv->gfn = gfn;
    pv->port = port;
    store_release(&d->console_pv, pv); /* nobody sees it before it is whole */
    return 0;
}

int console_pv_init(struct domain *d, gfn_t gfn, evtchn_port_t *port)
{
    int rc = evtchn_alloc_unbound_at(d, hardware_domain->id, PORT);

    if (rc == 0) {
        *port = PORT;
        rc = attach(d, gfn, PORT);
    }
    if (rc == 0) {
        clear_ring(d->console_pv->ring);
    }
    return rc;
}

void console_pv_release(struct domain *d)
{
    struct console_pv *pv = d->console_pv;
    struct console_ring *ring;

    if (pv == NULL) {
        return;
    }
    spin_lock(&pv->lock);
    ring = pv->ring;
    pv->ring = NULL;
    spin_unlock(&pv->lock);
    if (ring != NULL) {
        guest_unmap(ring);
        page_put(pv->mfn);
    }
}

void console_pv_free(struct domain *d)
{
    heap_free(d->console_pv);
    d->console_pv = NULL;
}

/* --- Bytes --- */

/* Takes at most CHUNK bytes out. A ring that is out of order is begun anew. */
static size_t take_output(struct console_pv *pv, char *to)
{
    struct console_ring *ring;
    uint32_t cons, n = 0;

    spin_lock(&pv->lock);
    ring = pv->ring;
    if (ring != NULL) {
        cons = READ_ONCE(ring->out_cons);
        n = load_acquire(&ring->out_prod) - cons;
        if (n > CONSOLE_RING_OUT) {
            cons += n;
            n = 0;
        }
        n = MIN(n, CHUNK);
        for (uint32_t i = 0; i < n; i++) {
            to[i] = (char)READ_ONCE(ring->out[(cons + i) % CONSOLE_RING_OUT]);
        }
        store_release(&ring->out_cons, cons + n); /* the bytes are read */
    }
    spin_unlock(&pv->lock);
    return n;
}

int console_pv_told(struct domain *d, evtchn_port_t port)
{
    struct console_pv *pv = load_acquire(&d->console_pv);
    size_t n, all = 0;
    char text[CHUNK];
    int rc = 0;

    if (likely(pv == NULL) || pv->port != port) {
        return 0;
    }
    do {
        n = take_output(pv, text);
        console_domain_write(d, text, n);
        all += n;
        rc = n == CHUNK && preempt_check() ? -ERESTART : 0;
    } while (rc == 0 && n == CHUNK && all < CONSOLE_RING_OUT);
    if (all != 0) {
        (void)evtchn_raise_waiting(d, port);
    }
    return rc;
}

bool console_pv_takes_input(const struct domain *d)
{
    const struct console_pv *pv = load_acquire(&d->console_pv);

    return pv != NULL && evtchn_is_waiting(d, pv->port);
}

void console_pv_rx(struct domain *d, char c)
{
    struct console_pv *pv = load_acquire(&d->console_pv);
    struct console_ring *ring;
    uint32_t prod;

    spin_lock(&pv->lock);
    ring = pv->ring;
    if (ring != NULL) {
        prod = READ_ONCE(ring->in_prod);
        if (prod - load_acquire(&ring->in_cons) < CONSOLE_RING_IN) {
            WRITE_ONCE(ring->in[prod % CONSOLE_RING_IN], (uint8_t)c);
            store_release(&ring->in_prod, prod + 1); /* the byte is there */
        }
    }
    spin_unlock(&pv->lock);
    (void)evtchn_raise_waiting(d, pv->port);
}

/* --- State --- */

#define VERSION 1

struct console_state {
    uint64_t gfn;
    uint32_t port;
    uint32_t reserved;
};

static_assert(sizeof(struct console_state) == 16, "no hidden padding");

void console_pv_state_save(struct domain *d, struct state_stream *s)
{
    const struct console_state r = {.gfn = d->console_pv->gfn.n, .port = d->console_pv->port};
    const struct state_header h = {
        .type = STATE_CONSOLE,
        .version = VERSION,
        .domid = d->id,
        .length = sizeof(r),
    };

    state_save(s, &h, &r);
}

int console_pv_state_load(struct domain *d, const struct state_header *h, const void *body)
{
    const struct console_state *r = body;
    int rc = state_expect(h, VERSION, sizeof(*r));

    if (rc != 0) {
        return rc;
    }
    return r->reserved != 0 || d->console_pv != NULL ? -EINVAL : attach(d, gfn(r->gfn), r->port);
}
