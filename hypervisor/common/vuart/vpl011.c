/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual PL011 (DDI 0183, chapter 3). See <hearth/vuart.h>.
 *
 * The transmitter is always empty, unless a ring behind it is full: a write to DR goes out at once
 * and raises TXRIS, as draining a FIFO does. RXRIS and RTRIS are levels: set while input waits,
 * whatever was written to ICR, so that no guest loses an interrupt. Registers of line control and
 * DMA read back what was written and do nothing. There are no errors, modem lines or loop-back.
 */
#include "private.h"

#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/heap.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>

static const uint8_t ids[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

/* Kept registers and the bits that exist in each. */
static const struct {
    uint16_t reg;
    uint16_t mask;
} kept_rows[VUART_KEPT] = {
    {VUART_ILPR, 0xff}, {VUART_IBRD, 0xffff}, {VUART_FBRD, 0x3f}, {VUART_LCRH, 0xff},
    {VUART_CR, 0xff87}, {VUART_IFLS, 0x3f},   {VUART_DMACR, 0x7},
};

static uint16_t *kept_register(struct vuart *u, uint32_t reg, uint16_t *mask)
{
    for (size_t i = 0; i < VUART_KEPT; i++) {
        if (kept_rows[i].reg == reg) {
            *mask = kept_rows[i].mask;
            return &u->kept[i];
        }
    }
    return NULL;
}

static uint32_t waiting(const struct vuart *u) REQUIRES(u->lock)
{
    return u->ring != NULL ? vuart_ring_waiting(u) : u->head - u->tail;
}

static uint16_t raw_interrupts(const struct vuart *u) REQUIRES(u->lock)
{
    uint16_t rx = waiting(u) != 0 ? VUART_INT_RX | VUART_INT_RT : 0;

    return u->tx_raised | rx;
}

void vuart_update_line(struct domain *d, struct vuart *u)
{
    bool level = (raw_interrupts(u) & u->imsc) != 0;

    if (level != u->level) {
        u->level = level;
        arch_domain_set_line(d, u->spi, level);
    }
}

static uint32_t flags(const struct vuart *u) REQUIRES(u->lock)
{
    uint32_t n = waiting(u);
    bool full = u->ring != NULL && vuart_ring_is_full(u);

    return VUART_FR_CTS | VUART_FR_DSR | VUART_FR_DCD | (full ? VUART_FR_TXFF : VUART_FR_TXFE) |
           (n == 0 ? VUART_FR_RXFE : 0) | (n >= VUART_FIFO ? VUART_FR_RXFF : 0);
}

static uint32_t take_input(struct vuart *u) REQUIRES(u->lock)
{
    if (waiting(u) == 0) {
        return 0;
    }
    if (u->ring != NULL) {
        return vuart_ring_take(u);
    }
    return u->fifo[u->tail++ % VUART_FIFO];
}

static uint32_t read_register(struct vuart *u, uint32_t reg) REQUIRES(u->lock)
{
    uint16_t mask;
    uint16_t *kept = kept_register(u, reg, &mask);

    if (kept != NULL) {
        return *kept;
    }
    if (reg >= VUART_ID && reg < VUART_SIZE_IDS) {
        return ids[(reg - VUART_ID) / 4];
    }
    switch (reg) {
    case VUART_DR:
        return take_input(u);
    case VUART_FR:
        return flags(u);
    case VUART_IMSC:
        return u->imsc;
    case VUART_RIS:
        return raw_interrupts(u);
    case VUART_MIS:
        return raw_interrupts(u) & u->imsc;
    default: /* RSR has no errors to show; the rest is reserved, or write-only */
        return 0;
    }
}

/* Into the ring; a byte that finds it full is lost, as the flags said. */
static void transmit(struct vuart *u, uint8_t byte) REQUIRES(u->lock)
{
    if (!vuart_ring_is_full(u)) {
        vuart_ring_put(u, byte);
    }
    u->blocked = vuart_ring_is_full(u);
    u->tx_raised = u->blocked ? 0 : VUART_INT_TX;
}

/* True when `value` is a character to write to the console. */
static bool write_register(struct vuart *u, uint32_t reg, uint32_t value) REQUIRES(u->lock)
{
    uint16_t mask;
    uint16_t *kept = kept_register(u, reg, &mask);

    if (kept != NULL) {
        *kept = (uint16_t)value & mask;
        return false;
    }
    switch (reg) {
    case VUART_DR:
        if (u->ring != NULL) {
            transmit(u, (uint8_t)value);
            return false;
        }
        u->tx_raised = VUART_INT_TX;
        return true;
    case VUART_IMSC:
        u->imsc = value & VUART_INT_ALL;
        break;
    case VUART_ICR:
        u->tx_raised &= (uint16_t)~value;
        break;
    default:
        break;
    }
    return false;
}

bool vpl011_mmio(struct vcpu *v, gaddr_t addr, bool write, unsigned int size, uint64_t *value)
{
    struct domain *d = v->domain;
    struct vuart *u = d->vuart;
    uint64_t offset;
    bool output = false, tell;

    if (u == NULL || (size != 1 && size != 2 && size != 4) || !IS_ALIGNED(addr.a, size)) {
        return false;
    }
    offset = addr.a - u->base.a;
    if (offset >= VPL011_SIZE) {
        return false;
    }

    /* Narrow reads see the bytes that they name; narrow writes count from a register's start. */
    uint32_t reg = (uint32_t)offset & ~3U;
    uint32_t shift = ((uint32_t)offset & 3U) * 8;
    uint64_t mask = (1ULL << (size * 8)) - 1;

    spin_lock(&u->lock);
    if (!write) {
        *value = (read_register(u, reg) >> shift) & mask;
    } else if (shift == 0) {
        output = write_register(u, reg, (uint32_t)(*value & mask));
    }
    vuart_update_line(d, u);
    tell = u->tell;
    u->tell = false;
    spin_unlock(&u->lock);
    if (output) {
        char c = (char)(*value & 0xff);

        console_domain_write(d, &c, 1);
    }
    if (tell) {
        evtchn_send_own(d, u->port);
    }
    return true;
}

bool vpl011_on_console(const struct domain *d)
{
    const struct vuart *u = load_acquire(&d->vuart);

    return u != NULL && READ_ONCE(u->ring) == NULL;
}

void vpl011_rx(struct domain *d, char c)
{
    struct vuart *u = READ_ONCE(d->vuart);

    if (u == NULL) {
        return;
    }
    spin_lock(&u->lock);
    if (u->ring == NULL && u->head - u->tail < VUART_FIFO) {
        u->fifo[u->head++ % VUART_FIFO] = (uint8_t)c;
        vuart_update_line(d, u);
    }
    spin_unlock(&u->lock);
}

struct vuart *vuart_new(gaddr_t base, unsigned int spi)
{
    struct vuart *u = heap_alloc(sizeof(*u));

    if (u == NULL) {
        return NULL;
    }
    spin_lock_init(&u->lock, RANK_VUART);
    u->base = base;
    u->spi = spi;
    *kept_register(u, VUART_CR, &(uint16_t){0}) = VUART_CR_RESET;
    *kept_register(u, VUART_IFLS, &(uint16_t){0}) = VUART_IFLS_RESET;
    return u;
}

int vpl011_init(struct domain *d, gaddr_t base, unsigned int spi)
{
    struct vuart *u;

    if (d->vuart != NULL) {
        return -EEXIST;
    }
    u = vuart_new(base, spi);
    store_release(&d->vuart, u);
    return u != NULL ? 0 : -ENOMEM;
}

void vpl011_destroy(struct domain *d)
{
    heap_free(d->vuart);
    d->vuart = NULL;
}
