/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_op: populate_physmap and decrease_reservation (ballooning, domain building).
 *
 * A direct-mapped domain keeps the frames that it gives up: only they can ever stand at their guest
 * frame again (XEN-ABI: as on Xen, its reservation does not shrink).
 */
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>

/* Largest extent: 2 MiB, which is done in one go. */
#define MAX_EXTENT_ORDER 9U
/* Frames of extents done between two looks at what is pending: 2 MiB. */
#define FRAMES_PER_CHECK 512U

static bool extent_fits(const struct domain *d, gfn_t at, unsigned int order)
{
    return IS_ALIGNED(at.n, 1UL << order) && range_fits(at.n, 1UL << order, d->p2m[0]->max_gfn);
}

/* Frames at..+2^order of a direct-mapped domain, if it owns them all. */
static int populate_direct(struct domain *d, gfn_t at, unsigned int order)
{
    uint64_t n = 1UL << order;

    for (uint64_t i = 0; i < n; i++) {
        mfn_t m = mfn(at.n + i);

        if (!mfn_is_ram(m) || !page_get(m, d)) {
            return -EINVAL;
        }
        page_put(m);
    }
    return p2m_map(d->p2m[0], at, mfn(at.n), n, P2M_RAM, P2M_RWX);
}

/* Takes frames back that could not be mapped. */
static void give_back(struct domain *d, mfn_t m, unsigned int order)
{
    for (uint64_t i = 0; i < 1UL << order; i++) {
        if (page_get(mfn_add(m, i), d)) {
            int rc = page_disown(d, mfn_add(m, i));

            (void)rc; /* -ENOENT: the domain is being destroyed and did so itself */
            page_put(mfn_add(m, i));
        }
    }
}

static int populate(struct domain *d, gfn_t at, unsigned int order)
{
    mfn_t m;
    int rc;

    if (!extent_fits(d, at, order)) {
        return -EINVAL;
    }
    if (d->is_direct_mapped) {
        return populate_direct(d, at, order);
    }
    rc = page_alloc_guest(d, order, 0, &m);
    if (rc != 0) {
        return rc;
    }
    rc = p2m_map(d->p2m[0], at, m, 1UL << order, P2M_RAM, P2M_RWX);
    if (rc != 0) {
        int undo = p2m_unmap(d->p2m[0], at, 1UL << order);

        if (undo == 0) {
            give_back(d, m, order); /* else it stays the domain's until it is destroyed */
        }
    }
    return rc;
}

static int decrease_one(struct domain *d, gfn_t at)
{
    struct p2m *p2m = d->p2m[0];
    mfn_t m;
    int rc = p2m_get_page(p2m, at, 0, &m);

    if (rc != 0) {
        return rc;
    }
    rc = p2m_unmap_exact(p2m, at, m, P2M_RAM);
    if (rc == 0 && !d->is_direct_mapped) {
        rc = page_disown(d, m);
    }
    page_put(m);
    return rc;
}

static int decrease(struct domain *d, gfn_t at, unsigned int order)
{
    if (!extent_fits(d, at, order)) {
        return -EINVAL;
    }
    for (uint64_t i = 0; i < 1UL << order; i++) {
        int rc = decrease_one(d, gfn_add(at, i));

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int extent(struct domain *d, uint32_t cmd, const struct memory_reservation_arg *a,
                  uint64_t i)
{
    guest_ptr_t at;
    uint64_t gfn_wanted;

    if (!guest_ptr_index(a->extent_start, i, sizeof(gfn_wanted), &at) ||
        guest_copy_in(&gfn_wanted, at, sizeof(gfn_wanted)) != 0) {
        return -EFAULT;
    }
    return cmd == MEMORY_POPULATE_PHYSMAP ? populate(d, gfn(gfn_wanted), a->extent_order)
                                          : decrease(d, gfn(gfn_wanted), a->extent_order);
}

int64_t memory_op_reservation(struct vcpu *v, struct domain *d, uint32_t cmd,
                              const struct memory_reservation_arg *a, uint64_t *done)
{
    uint64_t frames = 0;
    uint64_t i = *done;

    /* increase_reservation gives frames with no place, of no use to a translated guest. */
    (void)v;
    if (a->extent_order > MAX_EXTENT_ORDER || cmd == MEMORY_INCREASE_RESERVATION) {
        return (int64_t)i;
    }
    while (i < a->nr_extents) {
        if (frames >= FRAMES_PER_CHECK || (i - *done) % 64 == 63) {
            frames = 0;
            if (preempt_check()) {
                *done = i;
                return -ERESTART;
            }
        }
        if (extent(d, cmd, a, i) != 0) {
            break;
        }
        frames += 1UL << a->extent_order;
        i++;
    }
    return (int64_t)i;
}
