/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring behind the virtual UART. It lies in the guest's RAM: Hearth's own indexes are kept beside
 * it and only shown there; of the back end's two each use looks once.
 */
#include "private.h"

#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/guest_copy.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/vuart.h>

int vuart_ring_attach(struct domain *d, struct vuart *u, gfn_t gfn)
{
    struct console_ring *ring;

    if (p2m_get_page(d->p2m[0], gfn, P2M_GET_WRITE, &u->ring_mfn) != 0) {
        return -EINVAL;
    }
    ring = guest_map(u->ring_mfn);
    u->ring_gfn = gfn;
    u->in_cons = READ_ONCE(ring->in_cons);
    u->out_prod = READ_ONCE(ring->out_prod);
    u->ring = ring;
    return 0;
}

static void vuart_ring_drop(struct vuart *u, struct console_ring *ring)
{
    if (ring != NULL) {
        guest_unmap(ring);
        page_put(u->ring_mfn);
    }
}

int vpl011_init_ring(struct domain *d, gaddr_t base, unsigned int spi, gfn_t ring, domid_t console,
                     evtchn_port_t *port)
{
    struct vuart *u;
    int rc;

    if (d->vuart != NULL) {
        return -EEXIST;
    }
    u = vuart_new(base, spi);
    if (u == NULL) {
        return -ENOMEM;
    }
    rc = vuart_ring_attach(d, u, ring);
    if (rc == 0) {
        rc = evtchn_alloc_own(d, console, &u->port);
    }
    if (rc != 0) {
        vuart_ring_drop(u, u->ring);
        heap_free(u);
        return rc;
    }
    *port = u->port;
    store_release(&d->vuart, u); /* nobody sees it before it is whole */
    return 0;
}

void vpl011_release(struct domain *d)
{
    struct vuart *u = d->vuart;
    struct console_ring *ring;

    if (u == NULL) {
        return;
    }
    spin_lock(&u->lock);
    ring = u->ring;
    u->ring = NULL;
    spin_unlock(&u->lock);
    vuart_ring_drop(u, ring);
}

uint32_t vuart_ring_waiting(const struct vuart *u)
{
    /* Pairs with the back end's barrier between a byte and its index. */
    uint32_t n = load_acquire(&u->ring->in_prod) - u->in_cons;

    return n <= CONSOLE_RING_IN ? n : 0;
}

uint8_t vuart_ring_take(struct vuart *u)
{
    uint8_t byte = READ_ONCE(u->ring->in[u->in_cons % CONSOLE_RING_IN]);

    u->in_cons++;
    store_release(&u->ring->in_cons, u->in_cons); /* the byte is read */
    u->tell = true;
    return byte;
}

bool vuart_ring_is_full(const struct vuart *u)
{
    return u->out_prod - load_acquire(&u->ring->out_cons) >= CONSOLE_RING_OUT;
}

void vuart_ring_put(struct vuart *u, uint8_t byte)
{
    WRITE_ONCE(u->ring->out[u->out_prod % CONSOLE_RING_OUT], byte);
    u->out_prod++;
    store_release(&u->ring->out_prod, u->out_prod); /* the byte is there */
    u->tell = true;
}

void vpl011_told(struct domain *d)
{
    struct vuart *u = load_acquire(&d->vuart);

    if (u == NULL) {
        return;
    }
    spin_lock(&u->lock);
    if (u->ring != NULL) {
        if (u->blocked && !vuart_ring_is_full(u)) {
            u->blocked = false;
            u->tx_raised = VUART_INT_TX;
        }
        vuart_update_line(d, u);
    }
    spin_unlock(&u->lock);
}
