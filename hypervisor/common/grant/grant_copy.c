/* SPDX-License-Identifier: Apache-2.0 */
/* GNTTABOP_copy: between grants and the caller's own frames, in batches. */
#include <hearth/arch/mm.h>
#include <hearth/guest_copy.h>
#include <hearth/p2m.h>
#include <hearth/string.h>

#include "private.h"

/* One end, held from an item to the next when that names the same. */
struct copy_side {
    struct domain *granter; /* NULL: a frame of the caller */
    union {
        grant_ref_t ref;
        uint64_t gfn;
    };
    mfn_t frame;
    domid_t domid;
    bool held;
    bool gref;
    bool write;
};

static void copy_side_drop(struct copy_side *s)
{
    if (s->held) {
        if (s->gref) {
            grant_unpin(s->granter, s->ref, s->write);
        } else {
            page_put(s->frame);
        }
    }
    s->held = false;
}

static bool copy_side_is(const struct copy_side *s, const struct grant_copy_end *end, bool gref)
{
    return s->held && s->gref == gref && s->domid == end->domid &&
           (gref ? s->ref == end->u.ref : s->gfn == end->u.gfn);
}

static int16_t copy_side_take_grant(struct domain *d, struct copy_side *s,
                                    const struct grant_copy_end *end, enum xsm_hook hook)
{
    s->granter = domain_find(end->domid);
    s->ref = end->u.ref;
    if (s->granter == NULL || READ_ONCE(s->granter->life) != DOMAIN_ALIVE) {
        return GNTST_BAD_DOMAIN;
    }
    if (xsm_check_pair(hook, d, d, s->granter) != 0) {
        return GNTST_PERMISSION_DENIED;
    }
    return grant_pin(d, s->granter, s->ref, s->write, GRANT_COPIES, &s->frame);
}

static int16_t copy_side_take(struct domain *d, struct copy_side *s,
                              const struct grant_copy_end *end, bool gref, enum xsm_hook hook)
{
    unsigned int access = s->write ? P2M_GET_WRITE : 0;
    int16_t status = GNTST_OKAY;

    if (copy_side_is(s, end, gref)) {
        return GNTST_OKAY;
    }
    copy_side_drop(s);
    s->gref = gref;
    s->domid = end->domid;
    if (gref) {
        status = copy_side_take_grant(d, s, end, hook);
    } else if (end->domid != DOMID_SELF) {
        /* XEN-ABI: frames are the caller's own, but who is not there is told first. */
        status = domain_find(end->domid) == NULL ? GNTST_BAD_DOMAIN : GNTST_PERMISSION_DENIED;
    } else {
        s->granter = NULL;
        s->gfn = end->u.gfn;
        if (p2m_get_page(d->p2m[0], gfn(end->u.gfn), access, &s->frame) != 0) {
            status = GNTST_BAD_PAGE;
        }
    }
    s->held = status == GNTST_OKAY;
    return status;
}

static void copy_bytes(const struct grant_copy_arg *a, mfn_t to, mfn_t from)
{
    uint8_t *dst = guest_map(to);
    const uint8_t *src = guest_map(from);

    if (mfn_eq(to, from)) {
        memmove(dst + a->dest.offset, src + a->source.offset, a->len);
    } else if (a->len == PAGE_SIZE) {
        arch_copy_page(dst, src);
    } else {
        memcpy(dst + a->dest.offset, src + a->source.offset, a->len);
    }
    guest_unmap(src);
    guest_unmap(dst);
}

static int16_t copy_one(struct domain *d, const struct grant_copy_arg *a, struct copy_side *source,
                        struct copy_side *dest, enum xsm_hook hook)
{
    int16_t status;

    status = copy_side_take(d, source, &a->source, (a->flags & GNTCOPY_SOURCE_GREF) != 0, hook);
    if (status == GNTST_OKAY) {
        status = copy_side_take(d, dest, &a->dest, (a->flags & GNTCOPY_DEST_GREF) != 0, hook);
    }
    if (status == GNTST_OKAY && (!range_fits(a->source.offset, a->len, PAGE_SIZE) ||
                                 !range_fits(a->dest.offset, a->len, PAGE_SIZE))) {
        status = GNTST_BAD_COPY_ARG;
    }
    if (status == GNTST_OKAY) {
        copy_bytes(a, dest->frame, source->frame);
    }
    return status;
}

int grant_op_copy(struct vcpu *v, struct grant_copy_arg *a, unsigned int n, enum xsm_hook hook)
{
    struct copy_side source = {.write = false};
    struct copy_side dest = {.write = true};

    for (unsigned int i = 0; i < n; i++) {
        a[i].status = copy_one(v->domain, &a[i], &source, &dest, hook);
    }
    copy_side_drop(&source);
    copy_side_drop(&dest);
    return 0;
}
