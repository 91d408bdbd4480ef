/* SPDX-License-Identifier: Apache-2.0 */
/* memory_op: what stands at a guest frame (public/memory.h): add_to_physmap and relatives. */
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/grant.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

enum map_space {
    SPACE_SHARED_INFO = 0,
    SPACE_GRANT_TABLE = 1,
    SPACE_GMFN_RANGE = 3,
    SPACE_GMFN_FOREIGN = 4,
    SPACE_DEV_MMIO = 5,
};

/* Items between two looks at what is pending. */
#define ITEMS_PER_CHECK 64U

/* Maps a frame on which the caller holds a reference; the mapping takes it over. */
static int map_referenced(struct domain *d, gfn_t at, mfn_t m, unsigned int access)
{
    int rc = p2m_map(d->p2m[0], at, m, 1, P2M_FOREIGN, access);

    if (rc != 0) {
        page_put(m);
    }
    return rc;
}

static int map_own_shared(struct domain *d, gfn_t at, mfn_t m)
{
    return page_get(m, d) ? map_referenced(d, at, m, P2M_RW) : -EINVAL;
}

static int map_grant_frame(struct domain *d, gfn_t at, uint64_t idx)
{
    mfn_t m;
    int rc;

    if (idx > UINT32_MAX) {
        return -EINVAL;
    }
    rc = grant_shared_frame(d, (uint32_t)idx, &m);
    return rc != 0 ? rc : map_own_shared(d, at, m);
}

/* A device page may be seen at a second place by a domain that has it at its own place already. */
static int map_device(struct domain *d, gfn_t at, uint64_t idx)
{
    struct p2m_entry e;

    if (idx >= d->p2m[0]->max_gfn || p2m_lookup(d->p2m[0], gfn(idx), &e) != 0 ||
        e.type != P2M_MMIO || e.mfn.n != idx) {
        return -EPERM;
    }
    return p2m_map(d->p2m[0], at, e.mfn, 1, P2M_MMIO, P2M_RW);
}

static int map_foreign(struct vcpu *v, struct domain *d, gfn_t at, domid_t from, uint64_t idx)
{
    /* XEN-ABI: the caller is no stranger by its id, only as DOMID_SELF. */
    struct domain *other = from == v->domain->id ? NULL : domain_find(from);
    struct p2m_entry e;
    mfn_t m;
    int rc;

    if (other == NULL) {
        return -ESRCH;
    }
    if (other == d) {
        return -EINVAL;
    }
    rc = xsm_check(XSM_MEMORY_PEER, d, other); /* it is d that will reach the other's memory */
    if (rc != 0) {
        return rc;
    }
    rc = p2m_get_page(other->p2m[0], gfn(idx), 0, &m);
    if (rc != 0) {
        return -EINVAL;
    }
    rc = p2m_lookup(other->p2m[0], gfn(idx), &e);
    if (rc != 0 || !mfn_eq(e.mfn, m)) {
        page_put(m);
        return -EINVAL;
    }
    return map_referenced(d, at, m, e.access & P2M_RW);
}

static int add_one(struct vcpu *v, struct domain *d, uint32_t space, domid_t foreign, uint64_t idx,
                   gfn_t at)
{
    if (at.n >= d->p2m[0]->max_gfn) {
        return -EINVAL;
    }
    switch (space) {
    case SPACE_SHARED_INFO:
        return idx == 0 ? map_own_shared(d, at, d->shared_info_mfn) : -EINVAL;
    case SPACE_GRANT_TABLE:
        return map_grant_frame(d, at, idx);
    case SPACE_GMFN_FOREIGN:
        return map_foreign(v, d, at, foreign, idx);
    case SPACE_DEV_MMIO:
        return map_device(d, at, idx);
    default:
        return arch_add_to_physmap(d, space, idx, at);
    }
}

/* XEN-ABI: devices are for the hardware domain, in its own physmap. */
static bool may_map_space(const struct vcpu *v, const struct domain *d, uint32_t space)
{
    return space != SPACE_DEV_MMIO || (d->is_hardware && d == v->domain);
}

int memory_op_add_to_physmap(struct vcpu *v, struct domain *d, struct memory_add_to_physmap_arg *a)
{
    if (!may_map_space(v, d, a->space)) {
        return -EACCES;
    }
    if (a->space == SPACE_GMFN_FOREIGN) {
        return -ENOSYS; /* has no place for the other domain's id: the batch form */
    }
    if (a->space == SPACE_GMFN_RANGE) {
        return a->size == 0 ? 0 : -ENOSYS; /* XEN-ABI: nothing can be mapped so */
    }
    return add_one(v, d, a->space, DOMID_INVALID, a->idx, gfn(a->gpfn));
}

/* One element of a batch: its own error goes to errs[i]; the result is about the arrays. */
static int batch_item(struct vcpu *v, struct domain *d,
                      const struct memory_add_to_physmap_batch_arg *a, uint32_t i)
{
    guest_ptr_t idx_at;
    guest_ptr_t gpfn_at;
    guest_ptr_t err_at;
    uint64_t idx;
    uint64_t gpfn;
    int32_t err;
    int rc;

    if (!guest_ptr_index(a->idxs, i, sizeof(idx), &idx_at) ||
        !guest_ptr_index(a->gpfns, i, sizeof(gpfn), &gpfn_at) ||
        !guest_ptr_index(a->errs, i, sizeof(err), &err_at)) {
        return -EFAULT;
    }
    rc = guest_copy_in(&idx, idx_at, sizeof(idx));
    if (rc == 0) {
        rc = guest_copy_in(&gpfn, gpfn_at, sizeof(gpfn));
    }
    if (rc != 0) {
        return rc;
    }
    err = add_one(v, d, a->space, a->foreign_domid, idx, gfn(gpfn));
    return err == -ERESTART ? err : guest_copy_out(err_at, &err, sizeof(err));
}

int memory_op_add_to_physmap_batch(struct vcpu *v, struct domain *d,
                                   struct memory_add_to_physmap_batch_arg *a)
{
    uint32_t i = 0;
    int rc = may_map_space(v, d, a->space) ? 0 : -EACCES;

    if (a->space == SPACE_GMFN_RANGE) {
        return -EOPNOTSUPP;
    }
    while (i < a->size && rc == 0) {
        if (i != 0 && i % ITEMS_PER_CHECK == 0 && preempt_check()) {
            rc = -ERESTART;
            break;
        }
        rc = batch_item(v, d, a, i);
        i += rc == 0;
    }
    if (rc == -ERESTART) {
        /* What is left (copied back); a batch done in one go leaves the argument as it was. */
        a->size = (uint16_t)(a->size - i);
        a->idxs.a += (uint64_t)i * sizeof(uint64_t);
        a->gpfns.a += (uint64_t)i * sizeof(uint64_t);
        a->errs.a += (uint64_t)i * sizeof(int32_t);
    }
    return rc;
}

int memory_op_remove_from_physmap(struct vcpu *v, struct domain *d,
                                  struct memory_remove_from_physmap_arg *a)
{
    (void)v;
    /* XEN-ABI: nothing, and what is not RAM, is "not there". */
    return p2m_unmap_memory(d->p2m[0], gfn(a->gpfn));
}

/* --- acquire_resource: a domain's grant frames, into the caller's physmap --- */

#define RESOURCE_GRANT_TABLE 1U
#define RESOURCE_LAST        2U /* request servers, the grant table, traces: there is one */

static int resource_frame(struct vcpu *v, struct domain *d,
                          const struct memory_acquire_resource_arg *a, uint32_t i)
{
    guest_ptr_t at;
    uint64_t gfn_wanted;
    mfn_t m;
    int rc;

    if (!guest_ptr_index(a->frame_list, i, sizeof(gfn_wanted), &at)) {
        return -EFAULT;
    }
    rc = guest_copy_in(&gfn_wanted, at, sizeof(gfn_wanted));
    if (rc == 0) {
        rc = grant_shared_frame(d, (uint32_t)(a->frame + i), &m);
    }
    if (rc != 0) {
        return rc;
    }
    if (gfn_wanted >= v->domain->p2m[0]->max_gfn || !page_get(m, d)) {
        return -EINVAL;
    }
    return map_referenced(v->domain, gfn(gfn_wanted), m, P2M_RW);
}

int memory_op_acquire_resource(struct vcpu *v, struct domain *d,
                               struct memory_acquire_resource_arg *a)
{
    uint32_t most = grant_max_frames(d);
    uint32_t i = 0;
    int rc = 0;

    if (d == v->domain) {
        /* XEN-ABI: one's own are added to the physmap; DOMID_SELF is nobody. */
        return a->domid == DOMID_SELF ? -ESRCH : -EPERM;
    }
    if (a->pad != 0 || a->type != RESOURCE_GRANT_TABLE || a->id != 0) {
        return a->pad != 0 || a->type <= RESOURCE_LAST ? -EINVAL : -EOPNOTSUPP;
    }
    if (a->frame_list.a == 0 && a->nr_frames == 0 && a->frame == 0) {
        a->nr_frames = most;
        return 0;
    }
    if (a->frame_list.a == 0 || a->nr_frames == 0 || a->frame > most ||
        a->nr_frames > most - a->frame) {
        return -EINVAL;
    }
    while (i < a->nr_frames && rc == 0) {
        rc = resource_frame(v, d, a, i);
        i += rc == 0;
        if (rc == 0 && i % ITEMS_PER_CHECK == 0 && i < a->nr_frames && preempt_check()) {
            rc = -ERESTART;
        }
    }
    if (rc == -ERESTART) {
        /* What is left, as in a batch. */
        a->frame += i;
        a->nr_frames -= i;
        a->frame_list.a += (uint64_t)i * sizeof(uint64_t);
    }
    return rc;
}
