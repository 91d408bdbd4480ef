/* SPDX-License-Identifier: Apache-2.0 */
/* GNTTABOP_cache_flush: cache maintenance on an own or a granted frame, by machine address. */
#include <hearth/arch/mm.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/softirq.h>

#include "private.h"

/* 0 when d owns the frame, or has it mapped by a grant; looks on from *cursor. */
static int grant_may_flush(struct domain *d, mfn_t frame, domid_t owner, uint32_t *cursor)
{
    bool found = false;

    if (owner == d->id) {
        return 0;
    }
    while (!grant_maps_frame(d->grants, frame, cursor, &found)) {
        if (preempt_check()) {
            return -ERESTART;
        }
    }
    return found ? 0 : -EPERM;
}

int grant_op_cache_flush(struct vcpu *v, const struct grant_cache_flush_arg *a, uint32_t *cursor)
{
    mfn_t frame = paddr_to_mfn(paddr(a->a.dev_bus_addr));
    domid_t owner;
    uint8_t *va;
    int rc;

    if (a->offset >= PAGE_SIZE || !range_fits(a->offset, a->length, PAGE_SIZE) ||
        (a->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL | GNTTAB_CACHE_SOURCE_GREF)) != 0) {
        return -EINVAL;
    }
    if (a->length == 0 || a->op == 0) {
        return 0;
    }
    if ((a->op & GNTTAB_CACHE_SOURCE_GREF) != 0) {
        return -EOPNOTSUPP; /* XEN-ABI: by reference was never implemented */
    }
    if (!mfn_is_ram(frame)) {
        return -EINVAL;
    }
    if (!page_get_any(frame, &owner)) {
        return -EPERM;
    }
    rc = grant_may_flush(v->domain, frame, owner, cursor);
    if (rc == 0) {
        /* Invalidating alone could uncover what another owner had there: always clean, too. */
        va = guest_map(frame);
        arch_clean_to_poc(va + a->offset, a->length);
        guest_unmap(va);
    }
    page_put(frame);
    return rc;
}
