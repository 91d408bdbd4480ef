/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL011's registers and state. */
#pragma once

#include <hearth/console_ring.h>
#include <hearth/lock.h>
#include <hearth/num.h>

struct domain;

#define VUART_DR         0x000U
#define VUART_RSR        0x004U
#define VUART_FR         0x018U
#define VUART_ILPR       0x020U
#define VUART_IBRD       0x024U
#define VUART_FBRD       0x028U
#define VUART_LCRH       0x02cU
#define VUART_CR         0x030U
#define VUART_IFLS       0x034U
#define VUART_IMSC       0x038U
#define VUART_RIS        0x03cU
#define VUART_MIS        0x040U
#define VUART_ICR        0x044U
#define VUART_DMACR      0x048U
#define VUART_ID         0xfe0U
#define VUART_SIZE_IDS   0x1000U

#define VUART_FR_CTS     (1U << 0)
#define VUART_FR_DSR     (1U << 1)
#define VUART_FR_DCD     (1U << 2)
#define VUART_FR_RXFE    (1U << 4)
#define VUART_FR_TXFF    (1U << 5)
#define VUART_FR_RXFF    (1U << 6)
#define VUART_FR_TXFE    (1U << 7)

#define VUART_INT_RX     (1U << 4)
#define VUART_INT_TX     (1U << 5)
#define VUART_INT_RT     (1U << 6)
#define VUART_INT_ALL    0x7ffU

#define VUART_CR_RESET   0x300U
#define VUART_IFLS_RESET 0x12U

#define VUART_FIFO       128U /* power of two; more than the chip's 32, for pasted input */
#define VUART_KEPT       7U

struct vuart {
    struct spinlock lock;
    gaddr_t base;
    unsigned int spi;
    bool level;         /* of the line, as last set */
    uint16_t tx_raised; /* 0 or VUART_INT_TX */
    uint16_t imsc;
    uint16_t kept[VUART_KEPT];
    uint32_t head; /* run freely: [tail, head) waits in the FIFO */
    uint32_t tail;
    uint8_t fifo[VUART_FIFO];

    struct console_ring *ring; /* NULL: the console is behind it */
    mfn_t ring_mfn;            /* a reference is held */
    gfn_t ring_gfn;
    evtchn_port_t port;
    uint32_t in_cons; /* of the ring, as Hearth knows them: the guest does not */
    uint32_t out_prod;
    bool blocked; /* the ring was full when last written to */
    bool tell;    /* the back end is to hear of it when the lock is released */
};

/* Sets the interrupt line to what the registers say. */
void vuart_update_line(struct domain *d, struct vuart *u) REQUIRES(u->lock);

/* As after reset, with the console behind it; NULL: out of memory. */
struct vuart *vuart_new(gaddr_t base, unsigned int spi) must_check;

/* vuart_ring.c. -EINVAL: no RAM of d's at gfn that can be written. */
int vuart_ring_attach(struct domain *d, struct vuart *u, gfn_t gfn) must_check;
/* Bytes of input; none while the back end's index is out of order. */
uint32_t vuart_ring_waiting(const struct vuart *u) REQUIRES(u->lock);
uint8_t vuart_ring_take(struct vuart *u) REQUIRES(u->lock);
/* No room, or the back end's index is out of order. */
bool vuart_ring_is_full(const struct vuart *u) REQUIRES(u->lock);
/* Not while it is full. */
void vuart_ring_put(struct vuart *u, uint8_t byte) REQUIRES(u->lock);
