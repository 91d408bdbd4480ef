/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software generated interrupts: ICC_SGI1R_EL1 (v3, IHI 0069 12.2.20), GICD_SGIR and the pending
 * registers per source of v2 (IHI 0048B 4.3.15 to 4.3.17).
 */
#include <hearth/atomic.h>

#include "private.h"

#define SGI1R_IRM        (1ULL << 40)
#define SGI1R_INTID(x)   ((unsigned int)((x) >> 24) & 0xfU)
#define SGI1R_INTID_MASK 0x0f000000ULL
#define SGI1R_LIST(x)    (uint32_t)((x)&0xffffU)
#define SGI1R_AFF1(x)    ((unsigned int)((x) >> 16) & 0xffU)
/* Aff3, RS and Aff2: no vCPU has any of them. */
#define SGI1R_NOWHERE 0x00fff0ff00000000ULL

void vgic_send_sgi(struct vgic_vcpu *to, unsigned int sgi, unsigned int source)
{
    spin_lock(&to->lock);
    to->private.pending |= vgic_bit(sgi);
    if (to->domain->version == 2) {
        to->sgi_source[sgi] |= (uint8_t)(1U << source);
    }
    vgic_update_private(to, sgi);
    spin_unlock(&to->lock);
}

static void send_others(struct vgic_vcpu *v, unsigned int sgi)
{
    struct vgic_domain *d = v->domain;

    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL && d->vcpu[i] != v) {
            vgic_send_sgi(d->vcpu[i], sgi, v->id);
        }
    }
}

/* v3; v is running, so there is nothing to wake. */
static always_inline void send_self(struct vgic_vcpu *v, unsigned int sgi)
{
    spin_lock(&v->lock);
    if (unlikely(!vgic_lr_rearm(v, sgi, 0))) {
        v->private.pending |= vgic_bit(sgi);
        vgic_update_private(v, sgi);
    }
    spin_unlock(&v->lock);
}

void vgic_sgi1r(struct vgic_vcpu *v, uint64_t value)
{
    struct vgic_domain *d = v->domain;
    unsigned int sgi = SGI1R_INTID(value);
    unsigned int first = SGI1R_AFF1(value) * 16;

    if (likely((value & ~SGI1R_INTID_MASK) == v->self_list)) {
        send_self(v, sgi);
    } else if ((value & (SGI1R_NOWHERE | SGI1R_IRM)) == 0) {
        for (uint32_t rest = SGI1R_LIST(value); rest != 0; rest &= rest - 1) {
            unsigned int id = first + vgic_first_bit(rest);

            if (id < d->max_vcpus && d->vcpu[index_nospec(id, d->max_vcpus)] != NULL) {
                vgic_send_sgi(d->vcpu[index_nospec(id, d->max_vcpus)], sgi, v->id);
            }
        }
    } else if ((value & SGI1R_IRM) != 0) {
        send_others(v, sgi);
    }
}

/* --- v2 --- */

void vgic_sgir_write(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_vcpu *v = a->v;
    unsigned int filter = (value >> 24) & 3U;
    unsigned int sgi = value & 0xfU;

    if (a->word != 0 || mask != ~0U) {
        return;
    }
    if (filter == 1) {
        send_others(v, sgi);
    } else if (filter == 2) {
        vgic_send_sgi(v, sgi, v->id);
    } else if (filter == 0) {
        for (uint32_t rest = (value >> 16) & 0xffU; rest != 0; rest &= rest - 1) {
            unsigned int id = vgic_first_bit(rest);

            if (id < a->d->max_vcpus && a->d->vcpu[id] != NULL) {
                vgic_send_sgi(a->d->vcpu[id], sgi, v->id);
            }
        }
    }
}

/* Sources of four SGIs, those in list registers included. */
uint32_t vgic_sgi_pending_read(const struct vgic_access *a)
{
    struct vgic_vcpu *v = a->v;
    uint32_t value = 0;

    spin_lock(&v->lock);
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int sgi = a->bit + i;
        uint32_t sources = v->sgi_source[sgi];

        if ((v->private.in_lr & vgic_bit(sgi)) != 0) {
            uint64_t lr =
                vgic_reachable(v) ? vgic_lr_peek(v, v->private.lr[sgi]) : v->lr[v->private.lr[sgi]];

            sources |= (lr & LR_PENDING) != 0 ? 1U << LR_SOURCE(lr) : 0;
        }
        value |= sources << (8 * i);
    }
    spin_unlock(&v->lock);
    return value;
}

void vgic_sgi_pending_set(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    (void)mask;
    for (unsigned int i = 0; i < 4; i++) {
        for (uint32_t rest = (value >> (8 * i)) & 0xffU; rest != 0; rest &= rest - 1) {
            vgic_send_sgi(a->v, a->bit + i, vgic_first_bit(rest));
        }
    }
}

void vgic_sgi_pending_clear(const struct vgic_access *a, uint32_t value, uint32_t mask)
{
    struct vgic_vcpu *v = a->v;
    struct vgic_bank *b = &v->private;

    (void)mask;
    spin_lock(&v->lock);
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int sgi = a->bit + i;
        uint32_t sources = (value >> (8 * i)) & 0xffU;

        v->sgi_source[sgi] &= (uint8_t)~sources;
        if (v->sgi_source[sgi] == 0) {
            b->pending &= ~vgic_bit(sgi);
        }
        if ((b->in_lr & vgic_bit(sgi)) != 0 && (sources >> LR_SOURCE(v->lr[b->lr[sgi]])) & 1U) {
            b->drop_pending |= vgic_bit(sgi);
            vgic_update_private(v, sgi);
        }
    }
    spin_unlock(&v->lock);
}
