/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a guest's access to a register's function: one table by 128-byte granule, one splitter of
 * accesses into words. Whatever a table does not name reads as zero and ignores writes; so does an
 * access of a width that the register does not have.
 */
#include <hearth/atomic.h>

#include "private.h"

#define GRANULE_SHIFT 7
#define FRAME_SIZE    0x10000U
#define REDIST_SHIFT  17 /* RD frame and SGI frame */

/* Bank and bit of a word; false when there is nothing. */
static always_inline bool locate(struct vgic_access *a, const struct vgic_class *c,
                                 unsigned int word, bool sgi_frame)
{
    unsigned int irq;
    unsigned int n;

    a->word = word;
    if (c->irqs == CLASS_PLAIN) {
        return !sgi_frame && c->read != NULL;
    }
    irq = c->irqs == CLASS_ROUTE ? word >> 1 : word << c->irqs;
    n = irq / 32;
    a->bit = irq % 32;
    if (n == 0) {
        a->b = &a->v->private;
        return c->irqs != CLASS_ROUTE && (sgi_frame || a->d->version == 2);
    }
    if (sgi_frame || n > a->d->nr_banks) {
        return false;
    }
    a->b = &a->d->spi[index_nospec(n - 1, a->d->nr_banks)];
    return true;
}

static noinline uint64_t read_words(struct vgic_access *a, const struct vgic_class *c,
                                    unsigned int off, unsigned int size, bool sgi_frame)
{
    unsigned int word = (off - c->start) / 4;
    uint64_t value;

    if (!locate(a, c, word, sgi_frame)) {
        return 0;
    }
    value = c->read(a);
    if (size == 8) {
        return locate(a, c, word + 1, sgi_frame) ? value | (uint64_t)c->read(a) << 32 : value;
    }
    return (value >> (8 * (off % 4))) & 0xffU;
}

static noinline void write_words(struct vgic_access *a, const struct vgic_class *c,
                                 unsigned int off, unsigned int size, uint64_t value,
                                 bool sgi_frame)
{
    unsigned int word = (off - c->start) / 4;

    if (c->write == NULL || !locate(a, c, word, sgi_frame)) {
        return;
    }
    if (size == 1) {
        unsigned int shift = 8 * (off % 4);

        c->write(a, (uint32_t)(value & 0xffU) << shift, 0xffU << shift);
        return;
    }
    c->write(a, (uint32_t)value, ~0U);
    if (size == 8 && locate(a, c, word + 1, sgi_frame)) {
        c->write(a, (uint32_t)(value >> 32), ~0U);
    }
}

/* An access to the distributor, or to a redistributor's SGI frame. */
static always_inline void access_frame(struct vgic_access *a, unsigned int off, bool write,
                                       unsigned int size, uint64_t *value, bool sgi_frame)
{
    unsigned int granule = (unsigned int)index_nospec(off >> GRANULE_SHIFT, 512);
    const struct vgic_class *c = &vgic_classes[vgic_granules[granule]];

    if ((c->widths & size) == 0) {
        *value = 0;
    } else if (write) {
        write_words(a, c, off, size, *value, sgi_frame);
    } else if (likely(size == 4)) {
        *value = locate(a, c, (off - c->start) / 4, sgi_frame) ? c->read(a) : 0;
    } else {
        *value = read_words(a, c, off, size, sgi_frame);
    }
}

static void access_rd(struct vgic_vcpu *v, unsigned int off, bool write, unsigned int size,
                      uint64_t *value)
{
    if (size < 4) {
        *value = 0;
    } else if (!write) {
        *value = vgic_redist_read(v, off / 4);
        if (size == 8) {
            *value |= (uint64_t)vgic_redist_read(v, off / 4 + 1) << 32;
        }
    } else if (size == 4) {
        vgic_redist_write(v, off / 4, (uint32_t)*value);
    }
}

static enum vgic_result access_redist(struct vgic_domain *d, uint64_t addr, bool write,
                                      unsigned int size, uint64_t *value)
{
    for (unsigned int i = 0; i < d->nr_redist; i++) {
        const struct vgic_region *r = &d->redist[i];
        uint64_t off = addr - r->base;
        uint64_t n = off >> REDIST_SHIFT;
        struct vgic_vcpu *v;

        if (n >= r->count) {
            continue;
        }
        if (!IS_ALIGNED(off, size)) {
            return VGIC_ABORT;
        }
        n = r->first_vcpu + index_nospec(n, r->count);
        v = n < d->max_vcpus ? d->vcpu[n] : NULL;
        if (v == NULL) {
            *value = 0;
        } else if ((off & FRAME_SIZE) == 0) {
            access_rd(v, (unsigned int)off % FRAME_SIZE, write, size, value);
        } else {
            struct vgic_access a = {.d = d, .v = v};

            access_frame(&a, (unsigned int)off % FRAME_SIZE, write, size, value, true);
        }
        return VGIC_DONE;
    }
    return VGIC_NOT_MINE;
}

enum vgic_result vgic_access_mmio(struct vgic_vcpu *v, uint64_t addr, bool write, unsigned int size,
                                  uint64_t *value)
{
    struct vgic_domain *d = v->domain;
    struct vgic_access a = {.d = d, .v = v};
    uint64_t off = addr - d->dist_base;

    if (off >= d->dist_size) {
        return access_redist(d, addr, write, size, value);
    }
    if (!IS_ALIGNED(off, size)) {
        return VGIC_ABORT;
    }
    access_frame(&a, (unsigned int)off, write, size, value, false);
    return VGIC_DONE;
}
