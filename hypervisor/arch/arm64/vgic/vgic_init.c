/* SPDX-License-Identifier: Apache-2.0 */
/* Birth, reset and end of the virtual GIC's objects. */
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/string.h>

#include "private.h"

#define V2_TARGET_VCPU0 1U
#define TYPER_IDBITS    (9U << 19) /* v3: 10 bits of INTID */

static uint32_t typer(const struct vgic_domain *d)
{
    uint32_t count = MIN(d->max_vcpus, VGIC_V2_VCPUS) - 1;

    return d->nr_banks | count << 5 | (d->version == 3 ? TYPER_IDBITS : 0);
}

int vgic_setup_domain(struct vgic_domain *d, unsigned int version, unsigned int nr_spis,
                      unsigned int max_vcpus)
{
    unsigned int limit = version == 2 ? VGIC_V2_VCPUS : VGIC_V3_VCPUS;

    memset(d, 0, sizeof(*d));
    spin_lock_init(&d->lock, RANK_VGIC);
    if ((version != 2 && version != 3) || nr_spis > VGIC_MAX_SPIS || max_vcpus == 0 ||
        max_vcpus > limit) {
        return -EINVAL;
    }
    d->version = (uint8_t)version;
    d->max_vcpus = max_vcpus;
    d->typer = typer(d);
    d->vcpu = heap_alloc_array(max_vcpus, sizeof(d->vcpu[0]));
    if (d->vcpu == NULL) {
        return -ENOMEM;
    }
    if (nr_spis == 0) {
        return 0;
    }
    d->spi = heap_alloc_array(DIV_ROUND_UP(nr_spis, 32U), sizeof(d->spi[0]));
    if (d->spi == NULL) {
        return -ENOMEM;
    }
    d->nr_banks = (uint16_t)DIV_ROUND_UP(nr_spis, 32U);
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        struct vgic_bank *b = &d->spi[n];

        b->first = 32 * (n + 1);
        b->valid = n + 1 == VGIC_SPI_BANKS ? 0x0fffffffU : ~0U;
        for (unsigned int i = 0; version == 2 && i < 32; i++) {
            b->route[i] = V2_TARGET_VCPU0;
        }
    }
    d->typer = typer(d);
    return 0;
}

void vgic_teardown_domain(struct vgic_domain *d)
{
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        struct vgic_bank *b = &d->spi[n];

        for (uint32_t rest = b->hw; rest != 0; rest &= rest - 1) {
            unsigned int pirq = b->hwirq[vgic_first_bit(rest)];

            vgic_hw_disable(pirq);
            vgic_hw_set_active(pirq, false);
        }
    }
    heap_free(d->spi);
    heap_free(d->vcpu);
    d->spi = NULL;
    d->vcpu = NULL;
    d->nr_banks = 0;
    d->max_vcpus = 0;
}

static void forget_list_registers(struct vgic_vcpu *v)
{
    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        unsigned int i = vgic_first_bit(rest);
        unsigned int intid = LR_INTID(v->lr[i]);

        vgic_bank_of(v, intid)->in_lr &= ~vgic_bit(intid % 32);
        v->lr[i] = 0;
    }
    v->lr_used = 0;
    v->lr_spi = 0;
}

static void reset_private(struct vgic_vcpu *v)
{
    struct vgic_bank *b = &v->private;
    uint32_t level = b->level;

    memset(b, 0, sizeof(*b));
    memset(v->sgi_source, 0, sizeof(v->sgi_source));
    memset(&v->cpuif, 0, sizeof(v->cpuif));
    b->valid = ~0U;
    b->enabled = 0xffffU;
    b->edge = 0xffffU;
    b->level = level;
    memset(b->holder, v->id, sizeof(b->holder));
    v->maintain = VGIC_HCR_EN;
    v->asleep = v->domain->version == 3;
    v->overflow = false;
    v->eoi_count = 0;
}

int vgic_setup_vcpu(struct vgic_domain *d, struct vgic_vcpu *v, unsigned int id)
{
    memset(v, 0, sizeof(*v));
    spin_lock_init(&v->lock, (enum lock_rank)(RANK_VGIC + 1));
    v->domain = d;
    v->id = (uint16_t)id;
    v->cpu = VGIC_NOT_LOADED;
    v->lr_flags = d->version == 3 ? LR_GROUP1 : 0;
    v->self_list = 1U << (id % 16) | (id / 16) << 16;
    if (id >= d->max_vcpus) {
        return -EINVAL;
    }
    reset_private(v);
    spin_lock(&d->lock);
    d->vcpu[id] = v;
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        for (unsigned int bit = 0; bit < 32; bit++) {
            if (vgic_target(d, &d->spi[n], bit) == v) {
                v->routed[n] |= vgic_bit(bit);
            }
        }
    }
    spin_unlock(&d->lock);
    return 0;
}

void vgic_teardown_vcpu(struct vgic_vcpu *v)
{
    struct vgic_domain *d = v->domain;

    if (d == NULL || d->vcpu == NULL || v->id >= d->max_vcpus || d->vcpu[v->id] != v) {
        return;
    }
    spin_lock(&d->lock);
    spin_lock(&v->lock);
    forget_list_registers(v);
    d->vcpu[v->id] = NULL;
    spin_unlock(&v->lock);
    spin_unlock(&d->lock);
}

void vgic_reset_vcpu(struct vgic_vcpu *v)
{
    struct vgic_domain *d = v->domain;
    uint32_t banks = 0;

    spin_lock(&d->lock);
    spin_lock(&v->lock);
    /* SPIs that it held go back to their banks, to be delivered again. */
    for (uint32_t rest = v->lr_spi; rest != 0; rest &= rest - 1) {
        uint64_t lr = v->lr[vgic_first_bit(rest)];
        struct vgic_bank *b = vgic_bank_of(v, LR_INTID(lr));
        uint32_t mask = vgic_bit(LR_INTID(lr) % 32);

        b->pending |= (lr & LR_PENDING) != 0 ? mask : 0;
        b->active |= (lr & LR_ACTIVE) != 0 ? mask : 0;
        b->owed &= (lr & (LR_STATE | LR_HW)) == LR_HW ? ~mask | b->refired : ~0U;
        b->refired &= ~mask;
        banks |= vgic_bit(vgic_spi_index(b));
    }
    forget_list_registers(v);
    reset_private(v);
    v->spi_hint = d->nr_banks == 0 ? 0 : ~0U >> (32 - d->nr_banks);
    v->evicted = true;
    v->resync = true;
    spin_unlock(&v->lock);
    vgic_tell_others(d, v, banks); /* their routes may have changed while it held them */
    spin_unlock(&d->lock);
}
