/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL011's state record: STATE_VUART, version 2. */
#include "private.h"

#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/string.h>
#include <hearth/vuart.h>

#define VERSION 2
#define NO_RING UINT64_MAX

/* Base and interrupt are not here: they come with the domain's configuration. */
struct vuart_state {
    uint16_t tx_raised;
    uint16_t imsc;
    uint16_t kept[VUART_KEPT];
    uint16_t reserved[3];
    uint64_t ring; /* gfn; what is in it is memory */
    uint32_t port; /* 0 without a ring */
    uint32_t waiting;
    uint8_t fifo[VUART_FIFO]; /* in order; zeros after `waiting` */
};

static_assert(sizeof(struct vuart_state) == 40 + VUART_FIFO, "no hidden padding");

void vpl011_state_save(struct domain *d, struct state_stream *s)
{
    struct vuart *u = d->vuart;
    struct vuart_state r = {.ring = NO_RING};
    struct state_header h = {
        .type = STATE_VUART,
        .version = VERSION,
        .domid = d->id,
        .length = sizeof(r),
    };

    spin_lock(&u->lock);
    r.tx_raised = u->tx_raised;
    r.imsc = u->imsc;
    memcpy(r.kept, u->kept, sizeof(r.kept));
    if (u->ring != NULL) {
        r.ring = u->ring_gfn.n;
        r.port = u->port;
    }
    r.waiting = u->head - u->tail;
    for (uint32_t i = 0; i < r.waiting; i++) {
        r.fifo[i] = u->fifo[(u->tail + i) % VUART_FIFO];
    }
    spin_unlock(&u->lock);
    state_save(s, &h, &r);
}

/* False for what vpl011_state_save() never writes. */
static bool is_sane(const struct vuart_state *r)
{
    return (r->reserved[0] | r->reserved[1] | r->reserved[2]) == 0 &&
           (r->tx_raised & ~VUART_INT_TX) == 0 && (r->imsc & ~VUART_INT_ALL) == 0 &&
           r->waiting <= VUART_FIFO && (r->ring == NO_RING ? r->port == 0 : r->waiting == 0);
}

/* The ring that the record names, behind a UART that has none yet. */
static int load_ring(struct domain *d, struct vuart *u, const struct vuart_state *r)
{
    if (u->ring != NULL || !evtchn_port_is_own(d, r->port)) {
        return -EINVAL;
    }
    u->port = r->port;
    return vuart_ring_attach(d, u, gfn(r->ring));
}

int vpl011_state_load(struct domain *d, const struct state_header *h, const void *body)
{
    struct vuart *u = d->vuart;
    struct vuart_state r;
    int error = state_expect(h, VERSION, sizeof(r));

    if (error != 0) {
        return error;
    }
    memcpy(&r, body, sizeof(r));
    if (u == NULL || !is_sane(&r)) {
        return -EINVAL;
    }
    if (r.ring != NO_RING) {
        error = load_ring(d, u, &r);
        if (error != 0) {
            return error;
        }
    }
    spin_lock(&u->lock);
    u->blocked = u->ring != NULL && vuart_ring_is_full(u);
    u->tx_raised = r.tx_raised;
    u->imsc = r.imsc;
    memcpy(u->kept, r.kept, sizeof(u->kept));
    memcpy(u->fifo, r.fifo, sizeof(u->fifo));
    u->tail = 0;
    u->head = r.waiting;
    vuart_update_line(d, u);
    spin_unlock(&u->lock);
    return 0;
}
