/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL011's state record: STATE_VUART, version 1. */
#include "private.h"

#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/string.h>
#include <hearth/vuart.h>

#define VERSION 1

/* Base and interrupt are not here: they come with the domain's configuration. */
struct vuart_state {
    uint16_t tx_raised;
    uint16_t imsc;
    uint16_t kept[VUART_KEPT];
    uint16_t reserved;
    uint32_t waiting;
    uint8_t fifo[VUART_FIFO]; /* in order; zeros after `waiting` */
};

static_assert(sizeof(struct vuart_state) == 24 + VUART_FIFO, "no hidden padding");

void vpl011_state_save(struct domain *d, struct state_stream *s)
{
    struct vuart *u = d->vuart;
    struct vuart_state r = {.reserved = 0};
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
    return r->reserved == 0 && (r->tx_raised & ~VUART_INT_TX) == 0 &&
           (r->imsc & ~VUART_INT_ALL) == 0 && r->waiting <= VUART_FIFO;
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
    spin_lock(&u->lock);
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
