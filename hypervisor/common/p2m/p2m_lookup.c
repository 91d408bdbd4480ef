/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: no lock, but for the last try of p2m_get_page_slowly(). */
#include "private.h"

#include <hearth/arch/cpu.h>
#include <hearth/atomic.h>
#include <hearth/errno.h>

/* Times that a guest's changes may spoil a reader's attempt, after the first, before it locks. */
#define P2M_TRIES 4

/* Once more, now asking whether a miss is to be believed. */
static noinline bool p2m_find_again(const struct p2m *p2m, gfn_t gfn, struct pt_leaf *leaf)
{
    for (;;) {
        uint32_t breaks = pt_breaks(&p2m->pt);

        if (pt_lookup(&p2m->pt, gfn.n, leaf)) {
            return true;
        }
        if (likely(!p2m_miss_is_doubtful(p2m, breaks))) {
            return false;
        }
        arch_cpu_relax();
    }
}

static always_inline bool p2m_find(const struct p2m *p2m, gfn_t gfn, struct pt_leaf *leaf)
{
    /* Acquire: a table that is gone by RCU is not reached after `dying` was seen. */
    if (unlikely(load_acquire(&p2m->dying))) {
        leaf->level = p2m->pt.levels - 1U;
        return false;
    }
    return likely(pt_lookup(&p2m->pt, gfn.n, leaf)) || p2m_find_again(p2m, gfn, leaf);
}

int p2m_lookup(struct p2m *p2m, gfn_t gfn, struct p2m_entry *entry)
{
    struct pt_leaf leaf;
    bool found = p2m_find(p2m, gfn, &leaf);

    entry->order = leaf.level * PT_ENTRIES_SHIFT;
    if (!found) {
        return -ENOENT;
    }
    entry->mfn = mfn(leaf.target);
    entry->type = PT_SOFT_OF(leaf.attr);
    entry->access = leaf.attr & (PT_ACCESS | PT_DEVICE);
    return 0;
}

/* A reference on what leaf maps; -EINVAL also when the frame is on its way out. */
static always_inline int p2m_reference(const struct p2m *p2m, const struct pt_leaf *leaf,
                                       unsigned int flags)
{
    unsigned int type = PT_SOFT_OF(leaf->attr);
    domid_t owner;

    if (type == P2M_MMIO || (type != P2M_RAM && (flags & P2M_GET_FOREIGN) == 0)) {
        return -EINVAL;
    }
    if ((flags & P2M_GET_WRITE) != 0 && (leaf->attr & PT_W) == 0) {
        return -EPERM;
    }
    if (type == P2M_RAM ? !page_get(mfn(leaf->target), p2m->domain)
                        : !page_get_any(mfn(leaf->target), &owner)) {
        return -EINVAL;
    }
    return 0;
}

/* What a reader gets without the lock; false when the guest's own changes spoilt the attempt. */
static always_inline bool p2m_try_page(struct p2m *p2m, gfn_t gfn, unsigned int flags, mfn_t *out,
                                       int *rc)
{
    uint64_t generation = load_acquire(&p2m->generation);
    struct pt_leaf leaf;

    if (!p2m_find(p2m, gfn, &leaf)) {
        *rc = -ENOENT;
        return true;
    }
    *rc = p2m_reference(p2m, &leaf, flags);
    /* page_get() is an acquire too, so this load is after it; pairs with p2m_flush(). */
    if (likely(load_acquire(&p2m->generation) == generation)) {
        *out = mfn(leaf.target);
        return true;
    }
    if (*rc == 0) {
        page_put(mfn(leaf.target));
    }
    return false;
}

static noinline int p2m_get_page_slowly(struct p2m *p2m, gfn_t gfn, unsigned int flags, mfn_t *out)
{
    struct pt_leaf leaf;
    int rc = -ENOENT;

    for (unsigned int i = 0; i < P2M_TRIES; i++) {
        if (p2m_try_page(p2m, gfn, flags, out, &rc)) {
            return rc;
        }
    }
    spin_lock(&p2m->lock);
    rc = -ENOENT;
    if (!p2m->dying && pt_lookup(&p2m->pt, gfn.n, &leaf)) {
        rc = p2m_reference(p2m, &leaf, flags);
        *out = mfn(leaf.target);
    }
    spin_unlock(&p2m->lock);
    return rc;
}

/* Its own RAM at the first attempt; the long way finds out about everything else. */
int p2m_get_page(struct p2m *p2m, gfn_t gfn, unsigned int flags, mfn_t *out)
{
    uint64_t generation = load_acquire(&p2m->generation);
    mfn_t m;

    if (unlikely(load_acquire(&p2m->dying))) {
        return -ENOENT;
    }
    m = mfn(pt_reach(&p2m->pt, gfn.n, P2M_RAM, (flags & P2M_GET_WRITE) != 0));
    if (likely(m.n != PT_ANY && page_get(m, p2m->domain))) {
        /* page_get() is an acquire too, so this load is after it; pairs with p2m_flush(). */
        if (likely(load_acquire(&p2m->generation) == generation)) {
            *out = m;
            return 0;
        }
        page_put(m);
    }
    return p2m_get_page_slowly(p2m, gfn, flags, out);
}
