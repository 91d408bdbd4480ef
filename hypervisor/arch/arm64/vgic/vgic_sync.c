/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's list registers as a whole: the work before entry and at maintenance interrupts, and the
 * context switch. When more is pending than there are list registers, the most urgent are in them,
 * and the hardware reports when the last of these has been acknowledged.
 */
#include "private.h"

struct candidates {
    unsigned int count;
    unsigned int max;
    bool more;                      /* than max */
    uint16_t key[VGIC_MAX_LRS + 1]; /* ascending: priority, then INTID; see key_of() */
};

static uint16_t key_of(const struct vgic_bank *b, unsigned int bit)
{
    /* Priorities have 5 bits, INTIDs 10. */
    return (uint16_t)((unsigned int)(b->priority[bit] & VGIC_PRIORITY_MASK) << 7 |
                      (b->first + bit));
}

static unsigned int key_intid(uint16_t key)
{
    return key & 0x3ffU;
}

static void collect(struct candidates *c, const struct vgic_bank *b, uint32_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        uint16_t key = key_of(b, vgic_first_bit(mask));
        unsigned int at = c->count;

        while (at > 0 && c->key[at - 1] > key) {
            c->key[at] = c->key[at - 1];
            at--;
        }
        c->key[at] = key;
        if (c->count < c->max) {
            c->count++;
        } else {
            c->more = true;
        }
    }
}

/* The interrupt that gives up its list register for one of priority `urgent`; false: none does. */
static bool choose_victim(const struct vgic_vcpu *v, unsigned int urgent, unsigned int *victim)
{
    unsigned int worst = urgent;
    bool found = false;

    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        unsigned int i = vgic_first_bit(rest);

        /* Only what is pending and not active counts as pending for NPIE: keep such ones. */
        if ((v->lr[i] & LR_ACTIVE) != 0) {
            *victim = i;
            return true;
        }
        if (LR_PRIORITY(v->lr[i]) > worst) {
            worst = LR_PRIORITY(v->lr[i]);
            *victim = i;
            found = true;
        }
    }
    return found;
}

/* Moves the state of a list register, which was just refreshed, to its bank. */
static void evict(struct vgic_vcpu *v, unsigned int i)
{
    uint64_t lr = v->lr[i];
    unsigned int intid = LR_INTID(lr);
    struct vgic_bank *b = vgic_bank_of(v, intid);
    uint32_t mask = vgic_bit(intid % 32);

    if ((lr & LR_PENDING) != 0) {
        vgic_lr_retract(v, b, intid % 32, lr);
        v->overflow = true;
        if (vgic_bank_is_spi(b)) {
            v->spi_hint |= vgic_bit(vgic_spi_index(b));
        }
    }
    if ((lr & LR_ACTIVE) != 0) {
        b->active |= mask;
        v->evicted = true;
    }
    b->in_lr &= ~mask;
    v->lr_used &= ~vgic_bit(i);
    v->lr_spi &= ~vgic_bit(i);
}

/* Most urgent active interrupt of v that is in no list register. */
static bool find_evicted(struct vgic_vcpu *v, struct vgic_bank **bank, unsigned int *bit)
{
    struct vgic_domain *d = v->domain;
    unsigned int best = 0x100;

    for (unsigned int n = 0; n <= d->nr_banks; n++) {
        struct vgic_bank *b = n == 0 ? &v->private : &d->spi[n - 1];

        for (uint32_t rest = b->active & ~b->in_lr; rest != 0; rest &= rest - 1) {
            unsigned int i = vgic_first_bit(rest);

            if (b->holder[i] == v->id && b->priority[i] < best) {
                best = b->priority[i];
                *bank = b;
                *bit = i;
            }
        }
    }
    return best != 0x100;
}

/* The bank, as in spi_hint, if one of its SPIs in mask is wanted by another vCPU than v. */
static uint32_t moved_bank(const struct vgic_vcpu *v, const struct vgic_bank *b, uint32_t mask)
{
    unsigned int n = vgic_spi_index(b);

    return (vgic_wanted(v->domain, b) & ~v->routed[n] & mask) != 0 ? vgic_bit(n) : 0;
}

/* Adds to *moved the banks with SPIs that are wanted now, and go elsewhere meanwhile. */
static void end_evicted(struct vgic_vcpu *v, uint32_t *moved)
{
    for (; v->eoi_count > 0 && v->evicted; v->eoi_count--) {
        struct vgic_bank *b;
        unsigned int bit;

        if (!find_evicted(v, &b, &bit)) {
            v->evicted = false;
            break;
        }
        b->active &= ~vgic_bit(bit);
        if ((b->pending & vgic_bit(bit)) == 0) {
            vgic_settle(v, b, bit); /* else with the end of what is pending */
        }
        if (vgic_bank_is_spi(b)) {
            v->spi_hint |= vgic_bit(vgic_spi_index(b));
            *moved |= moved_bank(v, b, vgic_bit(bit));
        }
    }
    v->eoi_count = 0;
}

/* Free list registers take active interrupts back, so that their ends need no help. */
static void restore_evicted(struct vgic_vcpu *v)
{
    struct vgic_bank *b;
    unsigned int bit;

    while (v->evicted) {
        if (!find_evicted(v, &b, &bit)) {
            v->evicted = false;
            return;
        }
        if (!vgic_lr_place(v, b, bit, LR_ACTIVE)) {
            return;
        }
        b->active &= ~vgic_bit(bit);
        (void)vgic_lr_refresh(v, b, bit); /* it may be pending as well */
    }
}

static void fill(struct vgic_vcpu *v)
{
    struct vgic_domain *d = v->domain;
    struct candidates c = {.max = vgic_hw_nr_lrs()};
    unsigned int victim;

    collect(&c, &v->private, vgic_wanted(d, &v->private));
    for (uint32_t rest = v->spi_hint; rest != 0; rest &= rest - 1) {
        unsigned int n = vgic_first_bit(rest);
        uint32_t wanted = vgic_wanted(d, &d->spi[n]) & v->routed[n];

        if (wanted == 0) {
            v->spi_hint &= ~vgic_bit(n);
        }
        collect(&c, &d->spi[n], wanted);
    }
    v->overflow = c.more;
    for (unsigned int i = 0; i < c.count; i++) {
        unsigned int intid = key_intid(c.key[i]);
        struct vgic_bank *b = vgic_bank_of(v, intid);

        while (!vgic_lr_place(v, b, intid % 32, LR_PENDING)) {
            if (!choose_victim(v, b->priority[intid % 32], &victim)) {
                v->overflow = true;
                return;
            }
            evict(v, victim);
        }
    }
    restore_evicted(v);
}

static void set_maintenance(struct vgic_vcpu *v)
{
    uint8_t hcr = (uint8_t)(VGIC_HCR_EN | (v->overflow ? VGIC_HCR_NPIE : 0) |
                            (v->evicted ? VGIC_HCR_LRENPIE : 0));

    if (hcr != v->maintain) {
        v->maintain = hcr;
        if (v->cpu != VGIC_NOT_LOADED) {
            vgic_hw_maintain(hcr);
        }
    }
}

/* Requests that came too late for the list register that they were meant for. */
static void private_requests(struct vgic_vcpu *v)
{
    struct vgic_bank *b = &v->private;
    uint32_t late = b->drop_pending & ~b->in_lr;

    b->drop_pending &= b->in_lr;
    b->drop_active &= b->in_lr;
    b->add_active &= b->in_lr;
    for (late &= b->owed & ~b->pending; late != 0; late &= late - 1) {
        vgic_settle(v, b, vgic_first_bit(late));
    }
}

void vgic_sync(struct vgic_vcpu *v)
{
    struct vgic_domain *d = v->domain;
    uint32_t moved = 0;

    spin_lock(&d->lock);
    spin_lock(&v->lock);
    if (v->cpu != VGIC_NOT_LOADED) {
        v->eoi_count += vgic_hw_eoi_count();
    }
    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        unsigned int intid = LR_INTID(v->lr[vgic_first_bit(rest)]);
        struct vgic_bank *b = vgic_bank_of(v, intid);

        if (vgic_lr_refresh(v, b, intid % 32) == 0 && vgic_bank_is_spi(b)) {
            moved |= moved_bank(v, b, vgic_bit(intid % 32));
        }
    }
    private_requests(v);
    end_evicted(v, &moved);
    v->resync = false;
    fill(v);
    set_maintenance(v);
    spin_unlock(&v->lock);
    if (unlikely(moved != 0)) {
        vgic_tell_others(d, v, moved);
    }
    spin_unlock(&d->lock);
}

static bool any_above(const struct vgic_bank *b, uint32_t mask, unsigned int threshold)
{
    for (; mask != 0; mask &= mask - 1) {
        if (b->priority[vgic_first_bit(mask)] < threshold) {
            return true;
        }
    }
    return false;
}

static bool pending_locked(struct vgic_vcpu *v)
{
    struct vgic_domain *d = v->domain;
    unsigned int threshold;

    if (!vgic_reachable(v)) {
        return true; /* it runs: let it look itself */
    }
    threshold = vgic_hw_threshold(v);
    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        uint64_t lr = vgic_lr_peek(v, vgic_first_bit(rest));

        if ((lr & LR_PENDING) != 0 && LR_PRIORITY(lr) < threshold) {
            return true;
        }
    }
    if (any_above(&v->private, vgic_wanted(d, &v->private), threshold)) {
        return true;
    }
    for (uint32_t rest = v->spi_hint; rest != 0; rest &= rest - 1) {
        unsigned int n = vgic_first_bit(rest);

        if (any_above(&d->spi[n], vgic_wanted(d, &d->spi[n]) & v->routed[n], threshold)) {
            return true;
        }
    }
    return false;
}

bool vgic_pending(struct vgic_vcpu *v)
{
    bool pending;

    spin_lock(&v->lock);
    pending = pending_locked(v);
    spin_unlock(&v->lock);
    return pending;
}

static void private_active(const struct vgic_bank *b, bool active)
{
    for (uint32_t rest = b->owed & b->hw; rest != 0; rest &= rest - 1) {
        vgic_hw_set_active(b->hwirq[vgic_first_bit(rest)], active);
    }
}

void vgic_switch_out(struct vgic_vcpu *v)
{
    spin_lock(&v->lock);
    v->eoi_count += vgic_hw_eoi_count();
    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        unsigned int i = vgic_first_bit(rest);
        unsigned int intid = LR_INTID(v->lr[i]);

        if (intid < VGIC_FIRST_SPI) {
            (void)vgic_lr_refresh(v, &v->private, intid);
        } else if ((vgic_lr_peek(v, i) & LR_STATE) == 0) {
            v->resync = true;
        }
    }
    v->resync |= v->eoi_count != 0;
    vgic_hw_save(v);
    private_active(&v->private, false);
    WRITE_ONCE(v->cpu, VGIC_NOT_LOADED);
    spin_unlock(&v->lock);
}

void vgic_switch_in(struct vgic_vcpu *v)
{
    bool resync;

    spin_lock(&v->lock);
    WRITE_ONCE(v->cpu, (uint16_t)vgic_hw_cpu());
    vgic_hw_load(v);
    vgic_hw_maintain(v->maintain);
    private_active(&v->private, true);
    resync = v->resync;
    spin_unlock(&v->lock);
    if (resync) {
        vgic_sync(v);
    }
}
