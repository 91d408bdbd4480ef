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

/* Largest extent: 2 MiB. */
#define MAX_EXTENT_ORDER 9U
/* So that a number of frames, shifted into the command word, does not overflow. */
#define MAX_EXTENTS (1UL << 40)
/* populate: frames of extents done between two looks at what is pending: 2 MiB. */
#define FRAMES_PER_CHECK 512U
/* decrease: frames unmapped with one flush, between two looks at what is pending. */
#define FRAMES_PER_FLUSH 64U

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

/*
 * Takes back the first `mapped` frames of an extent whose mapping failed half-way, and the others,
 * which nobody can reach. What has meanwhile come to their places is not touched, and a frame that
 * is not at its place any more is the guest's: it stays the domain's.
 */
static void undo_populate(struct domain *d, gfn_t at, mfn_t m, uint64_t mapped, unsigned int order)
{
    for (uint64_t i = 0; i < 1UL << order; i++) {
        mfn_t frame = mfn_add(m, i);

        if ((i >= mapped || p2m_unmap_exact(d->p2m[0], gfn_add(at, i), frame, P2M_RAM) == 0) &&
            page_get(frame, d)) {
            int rc = page_disown(d, frame);

            (void)rc; /* -ENOENT: the domain is being destroyed and did so itself */
            page_put(frame);
        }
    }
}

static int populate(struct domain *d, gfn_t at, unsigned int order)
{
    uint64_t n = 1UL << order;
    uint64_t mapped = 0;
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
    while (rc == 0 && mapped < n) {
        rc = p2m_map_some(d->p2m[0], gfn_add(at, mapped), mfn_add(m, mapped), n - mapped, P2M_RAM,
                          P2M_RWX, &mapped);
    }
    if (rc != 0) {
        undo_populate(d, at, m, mapped, order);
    }
    return rc;
}

/* Extent i of the argument. */
static int extent_start(const struct memory_reservation_arg *a, uint64_t i, gfn_t *start)
{
    guest_ptr_t at;

    if (!guest_ptr_index(a->extent_start, i, sizeof(start->n), &at)) {
        return -EFAULT;
    }
    return guest_copy_in(&start->n, at, sizeof(start->n));
}

/* Removes what stands at gfn; *m is its frame, with a reference, to be given up after the flush. */
static int take_out(struct domain *d, gfn_t at, mfn_t *m)
{
    int rc = p2m_get_page(d->p2m[0], at, 0, m);

    if (rc == 0) {
        rc = p2m_unmap_exact(d->p2m[0], at, *m, P2M_RAM);
        if (rc != 0) {
            page_put(*m);
        }
    }
    return rc;
}

/*
 * Unmaps frames from *progress on, FRAMES_PER_FLUSH of them with one flush, and gives them up.
 * Returns an error for the frame that *progress then stands at; at the end, *progress is `end`.
 */
static int decrease_some(struct domain *d, const struct memory_reservation_arg *a,
                         uint64_t *progress, uint64_t end)
{
    mfn_t frames[FRAMES_PER_FLUSH];
    uint64_t mask = (1UL << a->extent_order) - 1;
    unsigned int n = 0;
    gfn_t start = gfn(0);
    int rc = 0;

    p2m_batch_begin(d->p2m[0]);
    while (rc == 0 && n < FRAMES_PER_FLUSH && *progress < end) {
        if (n == 0 || (*progress & mask) == 0) {
            rc = extent_start(a, *progress >> a->extent_order, &start);
        }
        if (rc == 0 && !extent_fits(d, start, a->extent_order)) {
            rc = -EINVAL;
        }
        if (rc == 0) {
            rc = take_out(d, gfn_add(start, *progress & mask), &frames[n]);
        }
        if (rc == 0) {
            n++;
            *progress += 1;
        }
    }
    p2m_batch_end(d->p2m[0]);
    for (unsigned int i = 0; i < n; i++) {
        if (!d->is_direct_mapped) {
            int gone = page_disown(d, frames[i]);

            (void)gone; /* -ENOENT: given up by another call for a second place that it had */
        }
        page_put(frames[i]);
    }
    return rc;
}

/* *progress counts frames. */
static int decrease(struct domain *d, const struct memory_reservation_arg *a, uint64_t *progress)
{
    uint64_t end = a->nr_extents << a->extent_order;
    int rc = 0;

    while (rc == 0 && *progress < end) {
        rc = decrease_some(d, a, progress, end);
        if (rc == 0 && *progress < end && preempt_check()) {
            rc = -ERESTART;
        }
    }
    return rc;
}

/* *progress counts extents. */
static int increase(struct domain *d, const struct memory_reservation_arg *a, uint64_t *progress)
{
    uint64_t first = *progress;
    uint64_t frames = 0;
    int rc = 0;

    while (rc == 0 && *progress < a->nr_extents) {
        gfn_t start;

        if (frames >= FRAMES_PER_CHECK || (*progress - first) % 64 == 63) {
            frames = 0;
            if (preempt_check()) {
                return -ERESTART;
            }
        }
        rc = extent_start(a, *progress, &start);
        if (rc == 0) {
            rc = populate(d, start, a->extent_order);
        }
        frames += 1UL << a->extent_order;
        *progress += rc == 0;
    }
    return rc;
}

int64_t memory_op_reservation(struct vcpu *v, struct domain *d, uint32_t cmd,
                              const struct memory_reservation_arg *a, uint64_t *progress)
{
    bool by_frames = cmd == MEMORY_DECREASE_RESERVATION;
    uint64_t start = *progress;
    int rc;

    /* increase_reservation gives frames with no place, of no use to a translated guest. */
    (void)v;
    if (a->extent_order > MAX_EXTENT_ORDER || a->nr_extents > MAX_EXTENTS ||
        cmd == MEMORY_INCREASE_RESERVATION) {
        return (int64_t)start;
    }
    if (start > (by_frames ? a->nr_extents << a->extent_order : a->nr_extents)) {
        return (int64_t)start;
    }
    rc = by_frames ? decrease(d, a, progress) : increase(d, a, progress);
    if (rc == -ERESTART) {
        return rc;
    }
    return (int64_t)(by_frames ? *progress >> a->extent_order : *progress);
}
