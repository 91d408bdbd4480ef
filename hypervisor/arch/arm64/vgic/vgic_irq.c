/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of single interrupts: sources that raise them, the vCPU that an SPI goes to, and the
 * step that follows every change.
 */
#include <hearth/atomic.h>

#include "private.h"

struct vgic_vcpu *vgic_target(const struct vgic_domain *d, const struct vgic_bank *b,
                              unsigned int bit)
{
    unsigned int route = b->route[bit];
    unsigned int id;

    if (d->version == 2) {
        for (uint32_t rest = route & 0xffU; rest != 0; rest &= rest - 1) {
            id = vgic_first_bit(rest);
            if (id < d->max_vcpus && d->vcpu[id] != NULL) {
                return d->vcpu[id];
            }
        }
        return NULL;
    }
    if ((b->any & vgic_bit(bit)) != 0) {
        return d->vcpu[0];
    }
    id = (route >> 8) * 16 + (route & 0xffU);
    return (route & 0xffU) < 16 && id < d->max_vcpus ? d->vcpu[index_nospec(id, d->max_vcpus)]
                                                     : NULL;
}

void vgic_set_route(struct vgic_domain *d, struct vgic_bank *b, unsigned int bit, uint16_t route,
                    bool any)
{
    struct vgic_vcpu *from = vgic_target(d, b, bit);
    struct vgic_vcpu *to;
    uint32_t mask = vgic_bit(bit);

    b->route[bit] = route;
    b->any = any ? b->any | mask : b->any & ~mask;
    to = vgic_target(d, b, bit);
    if (from == to) {
        return;
    }
    if (from != NULL) {
        from->routed[vgic_spi_index(b)] &= ~mask;
    }
    if (to != NULL) {
        to->routed[vgic_spi_index(b)] |= mask;
        if ((b->hw & mask) != 0) {
            vgic_hw_set_target(b->hwirq[bit], to);
        }
    }
    vgic_update_spi(d, b, bit);
}

void vgic_settle(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit)
{
    uint32_t mask = vgic_bit(bit);

    /* A private one was made inactive when its vCPU was unloaded. */
    if ((b->owed & b->hw & mask) != 0 && (vgic_bank_is_spi(b) || v->cpu == vgic_hw_cpu())) {
        vgic_hw_set_active(b->hwirq[bit], false);
    }
    b->owed &= ~mask;
}

void vgic_update_private(struct vgic_vcpu *v, unsigned int bit)
{
    struct vgic_bank *b = &v->private;
    uint32_t mask = vgic_bit(bit);
    bool pending = false;

    if (unlikely(!vgic_reachable(v))) {
        if (((b->in_lr | vgic_wanted(v->domain, b)) & mask) != 0) {
            v->resync = true;
            vgic_notify(v);
        }
        return;
    }
    if ((b->in_lr & mask) != 0) {
        pending = (vgic_lr_refresh(v, b, bit) & LR_PENDING) != 0;
    }
    if ((vgic_wanted(v->domain, b) & mask) != 0) {
        pending = true;
        if (!vgic_lr_place(v, b, bit, LR_PENDING)) {
            v->resync = true;
        }
    }
    if (pending) {
        vgic_notify(v);
    }
}

/* Brings the list register that has the SPI up to date; true when it still has it. */
static bool refresh_holder(struct vgic_domain *d, struct vgic_bank *b, unsigned int bit)
{
    struct vgic_vcpu *h = d->vcpu[b->holder[bit]];
    bool notify = true;

    spin_lock(&h->lock);
    if (vgic_reachable(h)) {
        notify = (vgic_lr_refresh(h, b, bit) & LR_PENDING) != 0;
    } else {
        h->resync = true;
    }
    spin_unlock(&h->lock);
    if (notify) {
        vgic_notify(h);
    }
    return (b->in_lr & vgic_bit(bit)) != 0;
}

void vgic_update_spi(struct vgic_domain *d, struct vgic_bank *b, unsigned int bit)
{
    uint32_t mask = vgic_bit(bit);
    struct vgic_vcpu *to;

    if ((b->in_lr & mask) != 0 && refresh_holder(d, b, bit)) {
        return;
    }
    if ((vgic_wanted(d, b) & mask) == 0) {
        return;
    }
    to = vgic_target(d, b, bit);
    if (to == NULL) {
        return;
    }
    spin_lock(&to->lock);
    if (!vgic_reachable(to) || !vgic_lr_place(to, b, bit, LR_PENDING)) {
        to->spi_hint |= vgic_bit(vgic_spi_index(b));
        to->resync = true;
    }
    spin_unlock(&to->lock);
    vgic_notify(to);
}

void vgic_tell_others(struct vgic_domain *d, const struct vgic_vcpu *v, uint32_t banks)
{
    for (; banks != 0; banks &= banks - 1) {
        unsigned int n = vgic_first_bit(banks);
        uint32_t rest = vgic_wanted(d, &d->spi[n]) & ~v->routed[n];

        for (; rest != 0; rest &= rest - 1) {
            vgic_update_spi(d, &d->spi[n], vgic_first_bit(rest));
        }
    }
}

/* --- Sources --- */

/* True when the line changed: its new level and, if edge-triggered, its rise are in the bank. */
static bool set_line(struct vgic_bank *b, uint32_t mask, bool level)
{
    if (((b->level & mask) != 0) == level) {
        return false;
    }
    if (level) {
        b->level |= mask;
        b->pending |= b->edge & mask;
    } else {
        b->level &= ~mask;
    }
    return true;
}

static struct vgic_bank *spi_bank(struct vgic_domain *d, unsigned int irq)
{
    unsigned int n = irq / 32 - 1;

    if (irq < VGIC_FIRST_SPI || n >= d->nr_banks || (d->spi[n].valid & vgic_bit(irq % 32)) == 0) {
        return NULL;
    }
    return &d->spi[n];
}

void vgic_line_private(struct vgic_vcpu *v, unsigned int irq, bool level)
{
    if (irq >= VGIC_FIRST_SPI) {
        return;
    }
    spin_lock(&v->lock);
    if (set_line(&v->private, vgic_bit(irq), level)) {
        vgic_update_private(v, irq);
    }
    spin_unlock(&v->lock);
}

void vgic_latch_private(struct vgic_vcpu *v, unsigned int irq)
{
    if (irq >= VGIC_FIRST_SPI) {
        return;
    }
    spin_lock(&v->lock);
    if (likely(vgic_lr_rearm(v, irq, 0))) {
        vgic_wake(v);
    } else {
        v->private.pending |= vgic_bit(irq);
        vgic_update_private(v, irq);
    }
    spin_unlock(&v->lock);
}

/* The physical interrupt is active, hence not what a list register still holds of it. */
static void fired(struct vgic_bank *b, uint32_t mask)
{
    b->refired |= b->owed & b->in_lr & mask;
    b->owed |= mask;
    b->pending |= mask;
}

void vgic_hw_private(struct vgic_vcpu *v, unsigned int irq, unsigned int pirq)
{
    struct vgic_bank *b = &v->private;

    if (irq >= VGIC_FIRST_SPI) {
        return;
    }
    spin_lock(&v->lock);
    b->hw |= vgic_bit(irq);
    b->hwirq[irq] = (uint16_t)pirq;
    if (likely(vgic_lr_rearm(v, irq, LR_HW | (uint64_t)pirq << LR_PHYSICAL_SHIFT))) {
        vgic_wake(v);
    } else {
        fired(b, vgic_bit(irq));
        vgic_update_private(v, irq);
    }
    spin_unlock(&v->lock);
}

void vgic_line_spi(struct vgic_domain *d, unsigned int irq, bool level)
{
    struct vgic_bank *b = spi_bank(d, irq);

    if (b == NULL) {
        return;
    }
    spin_lock(&d->lock);
    if (set_line(b, vgic_bit(irq % 32), level)) {
        vgic_update_spi(d, b, irq % 32);
    }
    spin_unlock(&d->lock);
}

void vgic_latch_spi(struct vgic_domain *d, unsigned int irq)
{
    struct vgic_bank *b = spi_bank(d, irq);

    if (b == NULL) {
        return;
    }
    spin_lock(&d->lock);
    b->pending |= vgic_bit(irq % 32);
    vgic_update_spi(d, b, irq % 32);
    spin_unlock(&d->lock);
}

void vgic_hw_spi(struct vgic_domain *d, unsigned int irq)
{
    struct vgic_bank *b = spi_bank(d, irq);
    uint32_t mask = vgic_bit(irq % 32);

    if (b == NULL) {
        return;
    }
    spin_lock(&d->lock);
    if ((b->hw & mask) != 0) {
        fired(b, mask);
        vgic_update_spi(d, b, irq % 32);
    }
    spin_unlock(&d->lock);
}
