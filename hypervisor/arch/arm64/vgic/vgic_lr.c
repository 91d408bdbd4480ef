/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers of a vCPU: what each holds, which interrupts have one, refilling by priority.
 *
 *   wanted (bank) --place--> PENDING --guest acknowledges--> ACTIVE --guest ends--> empty
 *        ^--------retract-------'      ACTIVE --evict--> active (bank) --eoi_count--> inactive
 *
 * Pending interrupts are retracted when they are disabled, routed away, or must make room; active
 * ones are evicted only to make room, and their ends are counted by the hardware.
 */
#include "private.h"

static uint32_t all_lrs(void)
{
    return (uint32_t)((1ULL << vgic_hw_nr_lrs()) - 1);
}

static inline bool loaded(const struct vgic_vcpu *v)
{
    return v->cpu != VGIC_NOT_LOADED;
}

uint64_t vgic_lr_peek(struct vgic_vcpu *v, unsigned int i)
{
    if (loaded(v)) {
        v->lr[i] = vgic_hw_lr_read(i);
    }
    return v->lr[i];
}

static void lr_write(struct vgic_vcpu *v, unsigned int i, uint64_t lr)
{
    v->lr[i] = lr;
    if (loaded(v)) {
        vgic_hw_lr_write(i, lr);
    }
}

static inline bool line_high(const struct vgic_bank *b, uint32_t mask)
{
    return (b->level & ~b->edge & mask) != 0;
}

static inline bool has_sources(const struct vgic_vcpu *v, const struct vgic_bank *b,
                               unsigned int bit)
{
    return v->domain->version == 2 && !vgic_bank_is_spi(b) && bit < VGIC_NR_SGIS;
}

/* The pending state of a list register goes back to the bank. */
void vgic_lr_retract(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t lr)
{
    if (has_sources(v, b, bit)) {
        v->sgi_source[bit] |= (uint8_t)(1U << LR_SOURCE(lr));
    }
    if ((lr & (LR_EOI | LR_HW)) != LR_EOI || has_sources(v, b, bit)) {
        b->pending |= vgic_bit(bit);
    }
}

static bool belongs_here(const struct vgic_vcpu *v, const struct vgic_bank *b, uint32_t mask)
{
    return !vgic_bank_is_spi(b) || (v->routed[vgic_spi_index(b)] & mask) != 0;
}

static uint64_t unlinked(uint64_t lr)
{
    return lr & ~(LR_HW | (0x3ffULL << LR_PHYSICAL_SHIFT));
}

/* The guest's end was the physical end too, whatever state it asks for since. */
static uint64_t settle_ended(struct vgic_bank *b, uint32_t mask, uint64_t lr)
{
    if ((lr & (LR_STATE | LR_HW)) != LR_HW) {
        return lr;
    }
    b->owed &= ~mask | b->refired;
    b->refired &= ~mask;
    return unlinked(lr);
}

static uint64_t apply_requests(struct vgic_bank *b, uint32_t mask, uint64_t lr)
{
    lr |= (b->add_active & mask) != 0 ? LR_ACTIVE : 0;
    lr &= (b->drop_active & mask) != 0 ? ~LR_ACTIVE : ~0ULL;
    lr &= (b->drop_pending & mask) != 0 ? ~LR_PENDING : ~0ULL;
    b->add_active &= ~mask;
    b->drop_active &= ~mask;
    b->drop_pending &= ~mask;
    return lr;
}

/* Takes back a pending state that must not be signalled (any more) from here. */
static uint64_t withdraw(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t lr)
{
    uint32_t mask = vgic_bit(bit);
    bool stale =
        (lr & (LR_EOI | LR_HW)) == LR_EOI && !has_sources(v, b, bit) && !line_high(b, mask);
    bool disabled = v->domain->ctlr == 0 || (b->enabled & mask) == 0;
    bool moved = (lr & LR_ACTIVE) == 0 && !belongs_here(v, b, mask);

    if ((lr & LR_PENDING) == 0 || !(stale || disabled || moved)) {
        return lr;
    }
    if (!stale) {
        vgic_lr_retract(v, b, bit, lr);
    }
    return lr & ~LR_PENDING;
}

/* New pending state that fits the register, and the need to look again at its end. */
static uint64_t merge(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t lr)
{
    uint32_t mask = vgic_bit(bit);
    bool enabled = v->domain->ctlr != 0 && (b->enabled & mask) != 0;

    if ((lr & LR_HW) != 0) {
        if ((b->hw & mask) != 0) {
            return lr;
        }
        lr = unlinked(lr); /* meanwhile */
    }
    if (has_sources(v, b, bit)) {
        if ((lr & LR_PENDING) != 0) {
            v->sgi_source[bit] &= (uint8_t) ~(1U << LR_SOURCE(lr));
            b->pending &= v->sgi_source[bit] == 0 ? ~mask : ~0U;
        }
        return v->sgi_source[bit] != 0 ? lr | LR_EOI : lr;
    }
    if (enabled && (b->pending & ~b->owed & mask) != 0) {
        lr |= LR_PENDING;
        b->pending &= ~mask;
    }
    return line_high(b, mask) || (b->pending & mask) != 0 ? lr | LR_EOI : lr;
}

static void release(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t old)
{
    unsigned int i = b->lr[bit];
    uint32_t mask = vgic_bit(bit);

    b->in_lr &= ~mask;
    v->lr_used &= ~vgic_bit(i);
    v->lr_spi &= ~vgic_bit(i);
    if ((old & LR_HW) != 0 && (b->pending & mask) == 0) {
        vgic_settle(v, b, bit);
    }
    b->refired &= ~mask;
    if ((vgic_wanted(v->domain, b) & mask) != 0) {
        v->resync = true;
        if (vgic_bank_is_spi(b)) {
            v->spi_hint |= vgic_bit(vgic_spi_index(b));
        }
    }
}

uint64_t vgic_lr_refresh(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit)
{
    unsigned int i = b->lr[bit];
    uint64_t old = vgic_lr_peek(v, i);
    uint64_t settled = settle_ended(b, vgic_bit(bit), old);
    uint64_t lr = withdraw(v, b, bit, apply_requests(b, vgic_bit(bit), settled));

    if ((lr & LR_STATE) != 0) {
        lr = merge(v, b, bit, lr);
    } else {
        release(v, b, bit, settled);
        lr = 0;
    }
    if (lr != old) {
        lr_write(v, i, lr);
    }
    return lr;
}

/* Gives back registers of completed interrupts. Those of SPIs only with the domain's lock. */
static void reclaim(struct vgic_vcpu *v, bool spis)
{
    uint32_t empty = v->lr_used & (spis ? ~0U : ~v->lr_spi);

    if (loaded(v)) {
        empty &= vgic_hw_empty_lrs();
    }
    for (; empty != 0; empty &= empty - 1) {
        unsigned int i = vgic_first_bit(empty);
        unsigned int intid = LR_INTID(v->lr[i]);
        struct vgic_bank *b = vgic_bank_of(v, intid);

        /* An SPI that moved while it was active may be wanted elsewhere: for vgic_sync(). */
        if ((loaded(v) || (v->lr[i] & LR_STATE) == 0) && belongs_here(v, b, vgic_bit(intid % 32))) {
            (void)vgic_lr_refresh(v, b, intid % 32);
        }
    }
}

static uint64_t compose(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t state)
{
    uint32_t mask = vgic_bit(bit);
    uint64_t lr =
        state | v->lr_flags | (b->first + bit) | (uint64_t)b->priority[bit] << LR_PRIORITY_SHIFT;

    if ((b->owed & b->hw & mask) != 0) {
        lr |= LR_HW | (uint64_t)b->hwirq[bit] << LR_PHYSICAL_SHIFT;
    } else if (line_high(b, mask)) {
        lr |= LR_EOI;
    }
    if ((state & LR_PENDING) == 0) {
        return lr;
    }
    b->pending &= ~mask;
    if (has_sources(v, b, bit) && v->sgi_source[bit] != 0) {
        unsigned int source = vgic_first_bit(v->sgi_source[bit]);

        v->sgi_source[bit] &= (uint8_t)(v->sgi_source[bit] - 1);
        lr |= (uint64_t)source << LR_SOURCE_SHIFT;
        if (v->sgi_source[bit] != 0) {
            b->pending |= mask;
            lr |= LR_EOI;
        }
    }
    return lr;
}

bool vgic_lr_place(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t state)
{
    uint32_t free = ~v->lr_used & all_lrs();
    uint32_t mask = vgic_bit(bit);
    unsigned int i;

    if (unlikely(free == 0)) {
        reclaim(v, vgic_bank_is_spi(b));
        free = ~v->lr_used & all_lrs();
        if (free == 0) {
            return false;
        }
    }
    i = vgic_first_bit(free);
    v->lr_used |= vgic_bit(i);
    if (vgic_bank_is_spi(b)) {
        v->lr_spi |= vgic_bit(i);
    }
    b->in_lr |= mask;
    b->drop_pending &= ~mask;
    b->drop_active &= ~mask;
    b->add_active &= ~mask;
    b->lr[bit] = (uint8_t)i;
    b->holder[bit] = (uint8_t)v->id;
    lr_write(v, i, compose(v, b, bit, state));
    return true;
}

bool vgic_lr_rearm(struct vgic_vcpu *v, unsigned int bit, uint64_t linked)
{
    struct vgic_bank *b = &v->private;
    uint32_t mask = vgic_bit(bit);
    uint32_t odd = b->pending | (b->level & ~b->edge);
    unsigned int i = b->lr[bit];
    uint64_t lr;

    if ((b->in_lr & b->enabled & ~odd & mask) == 0 || v->cpu != vgic_hw_cpu() || v->resync ||
        v->domain->ctlr == 0 || i >= vgic_hw_nr_quick() || (vgic_hw_quick_empty() >> i & 1U) == 0) {
        return false;
    }
    /* What it was linked to has ended with it. */
    b->owed = linked != 0 ? b->owed | mask : b->owed & ~mask;
    lr = LR_PENDING | v->lr_flags | linked | bit | (uint64_t)b->priority[bit] << LR_PRIORITY_SHIFT;
    v->lr[i] = lr;
    vgic_hw_quick_write(i, lr);
    return true;
}
