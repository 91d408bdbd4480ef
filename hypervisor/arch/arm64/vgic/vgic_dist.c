/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor's registers (IHI 0048B 4.3, IHI 0069 12.9) and the table of all classes, which
 * the SGI frame of a v3 redistributor shares. The guest is on the non-secure side: groups read as
 * zero, everything it has is in group 1.
 */
#include <hearth/string.h>

#include "private.h"

#define CTLR_ENABLES_V2 0x1U /* EnableGrp1 as the non-secure side sees it */
#define CTLR_ENABLES_V3 0x3U /* EnableGrp1, EnableGrp1A */
#define CTLR_ARE_NS     0x10U

#define IIDR_VALUE      0x4800043bU /* product 'H', implementer Arm */

#define WORD_CTLR       0
#define WORD_TYPER      1
#define WORD_IIDR       2
#define WORD_PIDR2      26 /* from the last 128 bytes of the frame */

static uint32_t control_read(const struct vgic_access *a)
{
    switch (a->word) {
    case WORD_CTLR:
        return a->d->ctlr | (a->d->version == 3 ? CTLR_ARE_NS : 0);
    case WORD_TYPER:
        return a->d->typer;
    case WORD_IIDR:
        return IIDR_VALUE;
    default:
        return 0;
    }
}

static void control_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_domain *d = a->d;
    uint8_t ctlr = (uint8_t)(value & (d->version == 3 ? CTLR_ENABLES_V3 : CTLR_ENABLES_V2));
    bool changed;

    (void)mask;
    if (a->word != WORD_CTLR) {
        return;
    }
    spin_lock(&d->lock);
    changed = (d->ctlr == 0) != (ctlr == 0);
    d->ctlr = ctlr;
    for (unsigned int i = 0; changed && i < d->max_vcpus; i++) {
        struct vgic_vcpu *v = d->vcpu[i];

        if (v != NULL) {
            spin_lock(&v->lock);
            v->spi_hint = d->nr_banks == 0 ? 0 : ~0U >> (32 - d->nr_banks);
            v->resync = true;
            spin_unlock(&v->lock);
            vgic_notify(v);
        }
    }
    spin_unlock(&d->lock);
}

static uint32_t id_read_v2(const struct vgic_access *a)
{
    return a->d->version == 2 && a->word == WORD_PIDR2 ? 0x2b : 0;
}

static uint32_t id_read_v3(const struct vgic_access *a)
{
    return a->word == WORD_PIDR2 ? 0x3b : 0;
}

/* --- Priority: a byte for each interrupt --- */

static uint32_t priority_read(const struct vgic_access *a)
{
    uint32_t value;

    memcpy(&value, &a->b->priority[a->bit], sizeof(value));
    return value;
}

static void priority_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    for (unsigned int i = 0; i < 4; i++) {
        if (((mask >> (8 * i)) & 1U) != 0) {
            WRITE_ONCE(a->b->priority[a->bit + i],
                       (uint8_t)((value >> (8 * i)) & VGIC_PRIORITY_MASK));
        }
    }
}

/* --- Configuration: two bits, the upper is set for edge-triggered --- */

static uint32_t config_read(const struct vgic_access *a)
{
    uint32_t x = (READ_ONCE(a->b->edge) >> a->bit) & 0xffffU;

    x = (x | x << 8) & 0x00ff00ffU;
    x = (x | x << 4) & 0x0f0f0f0fU;
    x = (x | x << 2) & 0x33333333U;
    x = (x | x << 1) & 0x55555555U;
    return x << 1;
}

static void config_physical(const struct vgic_bank *b, uint32_t changed)
{
    for (changed &= b->hw; changed != 0; changed &= changed - 1) {
        unsigned int bit = vgic_first_bit(changed);

        vgic_hw_configure(b->hwirq[bit], (b->edge & vgic_bit(bit)) != 0);
    }
}

static NO_LOCK_ANALYSIS void config_write(const struct vgic_access *a, uint32_t value,
                                          uint32_t mask)
{
    struct vgic_bank *b = a->b;
    struct spinlock *lock = vgic_bank_is_spi(b) ? &a->d->lock : &a->v->lock;
    uint32_t edge = 0;
    uint32_t changed;

    (void)mask;
    if (!vgic_bank_is_spi(b) && a->bit < VGIC_NR_SGIS) {
        return;
    }
    for (unsigned int i = 0; i < 16; i++) {
        edge |= ((value >> (2 * i + 1)) & 1U) << (a->bit + i);
    }
    spin_lock(lock);
    changed = (b->edge ^ edge) & (0xffffU << a->bit) & b->valid;
    b->edge ^= changed;
    if (vgic_bank_is_spi(b)) {
        config_physical(b, changed);
    }
    for (uint32_t rest = changed & b->enabled; rest != 0; rest &= rest - 1) {
        if (vgic_bank_is_spi(b)) {
            vgic_update_spi(a->d, b, vgic_first_bit(rest));
        } else {
            vgic_update_private(a->v, vgic_first_bit(rest));
        }
    }
    spin_unlock(lock);
}

/* --- Routing --- */

static uint32_t target_read(const struct vgic_access *a)
{
    uint32_t value = 0;

    if (a->d->version != 2) {
        return 0;
    }
    if (!vgic_bank_is_spi(a->b)) {
        return 0x01010101U << a->v->id;
    }
    for (unsigned int i = 0; i < 4; i++) {
        value |= (a->b->route[a->bit + i] & 0xffU) << (8 * i);
    }
    return value;
}

static void target_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    if (a->d->version != 2 || !vgic_bank_is_spi(a->b)) {
        return;
    }
    value &= (0xffU >> (8 - a->d->max_vcpus)) * 0x01010101U;
    spin_lock(&a->d->lock);
    for (unsigned int i = 0; i < 4; i++) {
        if (((mask >> (8 * i)) & 1U) != 0) {
            vgic_set_route(a->d, a->b, a->bit + i, (value >> (8 * i)) & 0xffU, false);
        }
    }
    spin_unlock(&a->d->lock);
}

#define IROUTER_IRM (1U << 31)
#define ROUTE_NONE  0xffffU /* no vCPU has Aff0 above 15 */

static uint32_t route_read(const struct vgic_access *a)
{
    bool any = (a->b->any & vgic_bit(a->bit)) != 0;

    return (a->word & 1U) != 0 ? 0 : a->b->route[a->bit] | (any ? IROUTER_IRM : 0);
}

static void route_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    uint16_t route = (uint16_t)((value & 0xff0000U) != 0 ? ROUTE_NONE : value & 0xffffU);

    (void)mask;
    if ((a->word & 1U) != 0 || a->d->version != 3) {
        return; /* Aff3: none has any */
    }
    spin_lock(&a->d->lock);
    vgic_set_route(a->d, a->b, a->bit, route, (value & IROUTER_IRM) != 0);
    spin_unlock(&a->d->lock);
}

/* --- v2: software generated interrupts, 0xf00 to 0xf2f --- */

#define WORD_CPENDSGIR 4
#define WORD_SPENDSGIR 8
#define WORD_SGI_END   12

static uint32_t sgi_read(const struct vgic_access *a)
{
    struct vgic_access sgi = *a;

    if (a->d->version != 2 || a->word < WORD_CPENDSGIR || a->word >= WORD_SGI_END) {
        return 0;
    }
    sgi.bit = 4 * (a->word % 4);
    return vgic_sgi_pending_read(&sgi);
}

static void sgi_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_access sgi = *a;

    if (a->d->version != 2 || a->word >= WORD_SGI_END) {
        return;
    }
    sgi.bit = 4 * (a->word % 4);
    if (a->word < WORD_CPENDSGIR) {
        vgic_sgir_write(&sgi, value, mask);
    } else if (a->word < WORD_SPENDSGIR) {
        vgic_sgi_pending_clear(&sgi, value, mask);
    } else {
        vgic_sgi_pending_set(&sgi, value, mask);
    }
}

/* --- The table --- */

enum {
    C_ZERO = 0,
    C_CONTROL,
    C_ENABLE_SET,
    C_ENABLE_CLEAR,
    C_PENDING_SET,
    C_PENDING_CLEAR,
    C_ACTIVE_SET,
    C_ACTIVE_CLEAR,
    C_PRIORITY,
    C_TARGET,
    C_CONFIG,
    C_SGI,
    C_ID_V2,
    C_ROUTE,
    C_ID_V3,
    NR_CLASSES,
};

const struct vgic_class vgic_classes[NR_CLASSES] = {
    [C_ZERO] = {0, CLASS_PLAIN, 0, NULL, NULL},
    [C_CONTROL] = {0x000, CLASS_PLAIN, 4, control_read, control_write},
    [C_ENABLE_SET] = {0x100, 5, 4, vgic_enable_read, vgic_enable_set},
    [C_ENABLE_CLEAR] = {0x180, 5, 4, vgic_enable_read, vgic_enable_clear},
    [C_PENDING_SET] = {0x200, 5, 4, vgic_pending_read, vgic_pending_set},
    [C_PENDING_CLEAR] = {0x280, 5, 4, vgic_pending_read, vgic_pending_clear},
    [C_ACTIVE_SET] = {0x300, 5, 4, vgic_active_read, vgic_active_set},
    [C_ACTIVE_CLEAR] = {0x380, 5, 4, vgic_active_read, vgic_active_clear},
    [C_PRIORITY] = {0x400, 2, 4 | 1, priority_read, priority_write},
    [C_TARGET] = {0x800, 2, 4 | 1, target_read, target_write},
    [C_CONFIG] = {0xc00, 4, 4, config_read, config_write},
    [C_SGI] = {0xf00, CLASS_PLAIN, 4 | 1, sgi_read, sgi_write},
    [C_ID_V2] = {0xf80, CLASS_PLAIN, 4, id_read_v2, NULL},
    [C_ROUTE] = {0x6000, CLASS_ROUTE, 8 | 4, route_read, route_write},
    [C_ID_V3] = {0xff80, CLASS_PLAIN, 4, id_read_v3, NULL},
};

#define AT(offset)        [(offset) >> 7]
#define FROM_TO(from, to) [(from) >> 7 ...(to) >> 7]

const uint8_t vgic_granules[512] = {
    AT(0x000) = C_CONTROL,
    AT(0x100) = C_ENABLE_SET,
    AT(0x180) = C_ENABLE_CLEAR,
    AT(0x200) = C_PENDING_SET,
    AT(0x280) = C_PENDING_CLEAR,
    AT(0x300) = C_ACTIVE_SET,
    AT(0x380) = C_ACTIVE_CLEAR,
    FROM_TO(0x400, 0x7ff) = C_PRIORITY,
    FROM_TO(0x800, 0xbff) = C_TARGET,
    FROM_TO(0xc00, 0xcff) = C_CONFIG,
    AT(0xf00) = C_SGI,
    AT(0xf80) = C_ID_V2,
    FROM_TO(0x6000, 0x7fff) = C_ROUTE,
    AT(0xff80) = C_ID_V3,
};
