/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers with one bit per interrupt: enable, pending, active (IHI 0069 12.9 GICD_I*ENABLER,
 * GICD_I*PENDR, GICD_I*ACTIVER). Reads of what no list register holds take no lock. The state of
 * an interrupt in a list register of a vCPU that runs on another CPU may be one exit old.
 */
#include "private.h"

static void lock_bank(const struct vgic_access *a) NO_LOCK_ANALYSIS
{
    spin_lock(vgic_bank_is_spi(a->b) ? &a->d->lock : &a->v->lock);
}

static void unlock_bank(const struct vgic_access *a) NO_LOCK_ANALYSIS
{
    spin_unlock(vgic_bank_is_spi(a->b) ? &a->d->lock : &a->v->lock);
}

static void update(const struct vgic_access *a, uint32_t changed) NO_LOCK_ANALYSIS
{
    for (; changed != 0; changed &= changed - 1) {
        unsigned int bit = vgic_first_bit(changed);

        if (vgic_bank_is_spi(a->b)) {
            vgic_update_spi(a->d, a->b, bit);
        } else {
            vgic_update_private(a->v, bit);
        }
    }
}

/* --- Enable --- */

uint32_t vgic_enable_read(const struct vgic_access *a)
{
    return READ_ONCE(a->b->enabled);
}

static void enable_physical(const struct vgic_bank *b, uint32_t mask, bool enable)
{
    if (!vgic_bank_is_spi(b)) {
        return; /* the virtual timer's stays enabled */
    }
    for (mask &= READ_ONCE(b->hw); mask != 0; mask &= mask - 1) {
        unsigned int pirq = b->hwirq[vgic_first_bit(mask)];

        if (enable) {
            vgic_hw_enable(pirq);
        } else {
            vgic_hw_disable(pirq);
        }
    }
}

void vgic_enable_set(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_bank *b = a->b;
    uint32_t changed;

    (void)mask;
    lock_bank(a);
    changed = value & b->valid & ~b->enabled;
    __atomic_store_n(&b->enabled, b->enabled | changed, __ATOMIC_SEQ_CST); /* with vgic_link() */
    enable_physical(b, changed, true);
    update(a, changed);
    unlock_bank(a);
}

void vgic_enable_clear(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_bank *b = a->b;
    uint32_t changed;

    (void)mask;
    if (a->d->version == 2 && !vgic_bank_is_spi(b)) {
        value &= ~0xffffU; /* SGIs are always enabled */
    }
    lock_bank(a);
    changed = value & b->enabled;
    b->enabled &= ~changed;
    enable_physical(b, changed, false);
    update(a, changed & b->in_lr);
    unlock_bank(a);
}

/* --- State in list registers --- */

/* Bits of b whose list register, in one of v's, has `state`. v->lock and the bank's held. */
static uint32_t state_of(struct vgic_vcpu *v, struct vgic_bank *b, uint32_t mask, uint64_t state)
{
    bool here = vgic_reachable(v);
    uint32_t found = 0;

    for (; mask != 0; mask &= mask - 1) {
        unsigned int bit = vgic_first_bit(mask);
        unsigned int i = b->lr[bit];
        uint64_t lr = here ? vgic_lr_peek(v, i) : v->lr[i];

        found |= (lr & state) != 0 ? vgic_bit(bit) : 0;
    }
    if (!here) {
        v->resync = true;
        vgic_notify(v);
    }
    return found;
}

static uint32_t spi_state(struct vgic_domain *d, struct vgic_bank *b, uint64_t state)
{
    uint32_t found = 0;

    for (uint32_t rest = b->in_lr; rest != 0; rest &= rest - 1) {
        unsigned int bit = vgic_first_bit(rest);
        struct vgic_vcpu *h = d->vcpu[b->holder[bit]];

        spin_lock(&h->lock);
        found |= state_of(h, b, vgic_bit(bit), state);
        spin_unlock(&h->lock);
    }
    return found;
}

static NO_LOCK_ANALYSIS uint32_t word_of(struct vgic_vcpu *v, struct vgic_bank *b, uint64_t state)
{
    struct vgic_access a = {.d = v->domain, .v = v, .b = b};
    uint32_t own;
    uint32_t word;

    if (READ_ONCE(b->in_lr) != 0) {
        lock_bank(&a);
        word =
            vgic_bank_is_spi(b) ? spi_state(v->domain, b, state) : state_of(v, b, b->in_lr, state);
        own = state == LR_ACTIVE ? b->active : b->pending | (b->level & ~b->edge);
        unlock_bank(&a);
        return word | own;
    }
    return state == LR_ACTIVE ? READ_ONCE(b->active)
                              : READ_ONCE(b->pending) | (READ_ONCE(b->level) & ~b->edge);
}

uint32_t vgic_pending_word(struct vgic_vcpu *v, struct vgic_bank *b)
{
    return word_of(v, b, LR_PENDING);
}

uint32_t vgic_active_word(struct vgic_vcpu *v, struct vgic_bank *b)
{
    return word_of(v, b, LR_ACTIVE);
}

uint32_t vgic_pending_read(const struct vgic_access *a)
{
    return vgic_pending_word(a->v, a->b);
}

uint32_t vgic_active_read(const struct vgic_access *a)
{
    return vgic_active_word(a->v, a->b);
}

/* --- Pending --- */

/* v2: pending SGIs have sources, which these registers cannot name. */
static uint32_t without_v2_sgis(const struct vgic_access *a, uint32_t value)
{
    return a->d->version == 2 && !vgic_bank_is_spi(a->b) ? value & ~0xffffU : value;
}

void vgic_pending_set(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    (void)mask;
    value = without_v2_sgis(a, value) & a->b->valid;
    lock_bank(a);
    a->b->pending |= value;
    update(a, value);
    unlock_bank(a);
}

static void settle_idle(const struct vgic_access *a, uint32_t mask)
{
    for (mask &= a->b->owed & ~a->b->in_lr & ~a->b->active; mask != 0; mask &= mask - 1) {
        if (vgic_bank_is_spi(a->b) || vgic_reachable(a->v)) {
            vgic_settle(a->v, a->b, vgic_first_bit(mask));
        } else {
            a->b->drop_pending |= mask & -mask;
            a->v->resync = true;
            vgic_notify(a->v);
        }
    }
}

void vgic_pending_clear(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_bank *b = a->b;

    (void)mask;
    value = without_v2_sgis(a, value) & b->valid;
    lock_bank(a);
    b->pending &= ~value;
    b->drop_pending |= value & b->in_lr;
    settle_idle(a, value);
    update(a, value & b->in_lr);
    unlock_bank(a);
}

/* --- Active --- */

static struct vgic_vcpu *owner_of(const struct vgic_access *a, unsigned int bit)
{
    return vgic_bank_is_spi(a->b) ? vgic_target(a->d, a->b, bit) : a->v;
}

/* Active without list register: its end will be counted for the vCPU that it goes to. */
static NO_LOCK_ANALYSIS void activate(const struct vgic_access *a, unsigned int bit)
{
    struct vgic_vcpu *v = owner_of(a, bit);

    a->b->active |= vgic_bit(bit);
    if (v == NULL) {
        return;
    }
    a->b->holder[bit] = (uint8_t)v->id;
    if (vgic_bank_is_spi(a->b)) {
        spin_lock(&v->lock);
    }
    v->evicted = true;
    v->resync = true;
    if (vgic_bank_is_spi(a->b)) {
        spin_unlock(&v->lock);
    }
    vgic_notify(v);
}

void vgic_active_set(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_bank *b = a->b;
    uint32_t fresh;

    (void)mask;
    value &= b->valid;
    lock_bank(a);
    b->add_active |= value & b->in_lr;
    fresh = value & ~b->in_lr & ~b->active;
    for (uint32_t rest = fresh; rest != 0; rest &= rest - 1) {
        activate(a, vgic_first_bit(rest));
    }
    update(a, value & b->in_lr);
    unlock_bank(a);
}

void vgic_active_clear(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_bank *b = a->b;
    uint32_t ended;

    (void)mask;
    lock_bank(a);
    b->drop_active |= value & b->in_lr;
    ended = value & b->active & ~b->in_lr;
    b->active &= ~ended;
    settle_idle(a, ended & ~b->pending);
    update(a, (value & b->in_lr) | ended);
    unlock_bank(a);
}
