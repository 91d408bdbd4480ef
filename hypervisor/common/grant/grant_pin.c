/* SPDX-License-Identifier: Apache-2.0 */
/* Active entries: what a grant allows, and who uses it. */
#include <hearth/errno.h>
#include <hearth/guest_atomic.h>
#include <hearth/p2m.h>

#include "private.h"

/*
 * Checks that the shared entry grants `user` the access and marks it in use, in one exchange of
 * flags and domid together, so that what was checked is what is marked.
 */
static int16_t grant_mark(union guest_grant_entry *e, domid_t user, bool write, uint32_t kind)
{
    uint32_t mark = GTF_READING | (write ? GTF_WRITING : 0);
    uint32_t head = READ_ONCE(e->head);

    for (unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++) {
        if ((head & kind) != GTF_PERMIT_ACCESS || head >> 16 != user ||
            (write && (head & GTF_READONLY) != 0)) {
            return GNTST_GENERAL_ERROR;
        }
        if (guest_cas_once(&e->head, &head, head | mark)) {
            return GNTST_OKAY;
        }
    }
    return GNTST_GENERAL_ERROR;
}

/* Takes back what no pin needs any more. A guest that fights for the word keeps its bits set. */
static void grant_unmark(union guest_grant_entry *e, const struct grant_active *active)
{
    uint32_t idle = (active->writers == 0 ? GTF_WRITING : 0) |
                    (active->writers == 0 && active->readers == 0 ? GTF_READING : 0);

    guest_clear_16(&e->flags, (uint16_t)idle);
}

/* With active->lock: the frame for a first pin, or for the first write pin of a pinned entry. */
static int16_t grant_frame_get(struct domain *granter, struct grant_active *active, uint32_t gfn_n,
                               bool write)
{
    bool first = active->readers == 0 && active->writers == 0;
    mfn_t m;

    if (p2m_get_page(granter->p2m[0], gfn(gfn_n), write ? P2M_GET_WRITE : 0, &m) != 0) {
        return GNTST_BAD_PAGE;
    }
    if (first) {
        active->mfn = m;
        active->gfn = gfn_n;
        return GNTST_OKAY;
    }
    page_put(m);
    return mfn_eq(m, active->mfn) ? GNTST_OKAY : GNTST_BAD_PAGE;
}

static int16_t grant_pin_locked(const struct domain *user, struct domain *granter,
                                union guest_grant_entry *shared, struct grant_active *active,
                                bool write, uint32_t kind)
{
    bool first = active->readers == 0 && active->writers == 0;
    int16_t status;

    if (!first && active->domid != user->id) {
        return GNTST_GENERAL_ERROR;
    }
    if (!first && (!write || active->writers > 0)) {
        return GNTST_OKAY; /* what is asked for is held already */
    }
    if (first && !domain_get(granter)) {
        return GNTST_BAD_DOMAIN;
    }
    status = grant_mark(shared, user->id, write, kind);
    if (status == GNTST_OKAY) {
        /* The frame is read after the mark was set: the guest may not change it from then on. */
        status =
            grant_frame_get(granter, active, first ? READ_ONCE(shared->frame) : active->gfn, write);
        if (status != GNTST_OKAY) {
            grant_unmark(shared, active);
        }
    }
    if (first) {
        if (status != GNTST_OKAY) {
            domain_put(granter);
        }
        active->domid = user->id;
    }
    return status;
}

/*
 * Pins granter's entry `ref` for user, as GRANT_COPIES or GRANT_MAPS. While it is pinned *frame has
 * a reference, and the granter too.
 */
int16_t grant_pin(const struct domain *user, struct domain *granter, grant_ref_t ref, bool write,
                  uint32_t kind, mfn_t *frame)
{
    union guest_grant_entry *shared;
    struct grant_active *active;
    int16_t status;

    if (!grant_entry(granter->grants, ref, &shared, &active)) {
        return GNTST_BAD_GNTREF;
    }
    spin_lock(&active->lock);
    status = grant_pin_locked(user, granter, shared, active, write, kind);
    if (status == GNTST_OKAY) {
        if (write) {
            active->writers++;
        } else {
            active->readers++;
        }
        *frame = active->mfn;
    }
    spin_unlock(&active->lock);
    return status;
}

/* The reverse; no CPU may use the frame through this pin any more (TLBs are flushed). */
void grant_unpin_entry(struct domain *granter, union guest_grant_entry *shared,
                       struct grant_active *active, bool write)
{
    mfn_t m = INVALID_MFN;

    spin_lock(&active->lock);
    if (write) {
        active->writers--;
    } else {
        active->readers--;
    }
    if (active->writers == 0) {
        grant_unmark(shared, active);
        if (active->readers == 0) {
            m = active->mfn;
        }
    }
    spin_unlock(&active->lock);
    if (mfn_is_valid_value(m)) {
        page_put(m);
        domain_put(granter);
    }
}

void grant_unpin(struct domain *granter, grant_ref_t ref, bool write)
{
    union guest_grant_entry *shared;
    struct grant_active *active;

    grant_pinned_entry(granter->grants, ref, &shared, &active);
    grant_unpin_entry(granter, shared, active, write);
}
