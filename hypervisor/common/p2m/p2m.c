/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a guest-physical address space. Readers are in p2m_lookup.c. */
#include "private.h"

#include <hearth/arch/mm.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/softirq.h>

int p2m_init(struct p2m *p2m, struct domain *d, unsigned int address_bits)
{
    int rc;

    *p2m = (struct p2m){.domain = d, .generation = 1};
    spin_lock_init(&p2m->lock, RANK_P2M);
    rc = pt_init(&p2m->pt, arch_p2m_pt_ops(), &p2m_env, p2m, address_bits);
    if (rc != 0) {
        return rc;
    }
    rc = arch_p2m_init(p2m, address_bits);
    if (rc != 0) {
        /* Nobody has seen the root. */
        page_free(paddr_to_mfn(pt_root_paddr(&p2m->pt)), p2m->pt.root_order);
        return rc;
    }
    p2m->max_gfn = p2m->pt.frames;
    return 0;
}

/* The root is freed with the last chunk, and `destroyed` is then beyond all frames. */
int p2m_destroy(struct p2m *p2m)
{
    int rc = 0;
    bool busy;

    spin_lock(&p2m->lock);
    /* Pairs with the acquire in p2m_find(). */
    store_release(&p2m->dying, true);
    p2m->batch_owner = 0;
    spin_unlock(&p2m->lock);
    while (p2m->pt.destroyed <= p2m->pt.frames) {
        spin_lock(&p2m->lock);
        rc = pt_destroy(&p2m->pt, P2M_CHUNK - p2m->nr_dropped);
        if (rc == 0) {
            p2m->pt.destroyed = p2m->pt.frames + 1;
        }
        spin_unlock(&p2m->lock);
        if (rc != 0 && preempt_check()) {
            return -ERESTART;
        }
    }
    spin_lock(&p2m->lock);
    busy = p2m->rcu_busy;
    spin_unlock(&p2m->lock);
    if (busy) {
        return -ERESTART;
    }
    arch_p2m_destroy(p2m);
    return 0;
}

/* A budget for which there is room in `dropped`. */
static always_inline uint32_t p2m_budget(struct p2m *p2m) REQUIRES(p2m->lock)
{
    if (p2m->nr_dropped == P2M_CHUNK) {
        pt_flush(&p2m->pt);
    }
    return P2M_CHUNK - p2m->nr_dropped;
}

static always_inline bool p2m_is_batching(const struct p2m *p2m) REQUIRES(p2m->lock)
{
    return p2m->batch_owner != 0 && p2m->batch_owner == this_cpu_id() + 1U;
}

/* Flushes now, unless this CPU is batching. */
static void p2m_commit(struct p2m *p2m) REQUIRES(p2m->lock)
{
    if (!p2m_is_batching(p2m)) {
        pt_flush(&p2m->pt);
    }
}

static bool p2m_access_is_valid(unsigned int access)
{
    return (access & P2M_R) != 0 && (access & ~(P2M_RWX | P2M_DEVICE)) == 0;
}

static always_inline uint32_t p2m_attr(enum p2m_type type, unsigned int access)
{
    static_assert(P2M_DEVICE == PT_DEVICE && P2M_RWX == PT_ACCESS, "access bits are attributes");

    return access | PT_SOFT(type);
}

/* The job of a map; -EINVAL for what the page-table code does not check. */
static always_inline int p2m_map_job(struct pt_job *job, gfn_t gfn, mfn_t mfn, uint64_t count,
                                     enum p2m_type type, unsigned int access)
{
    bool counted = ((P2M_COUNTED >> type) & 1U) != 0;

    if (!p2m_access_is_valid(access) || (counted && count != 1)) {
        return -EINVAL;
    }
    *job = (struct pt_job){
        .frame = gfn.n,
        .target = mfn.n,
        .count = count,
        .attr = p2m_attr(type, access),
        .max_level = counted ? 0 : 2,
    };
    return 0;
}

/* The most frequent map; false: nothing was done, the long way may. */
static always_inline bool p2m_map_page(struct p2m *p2m, gfn_t gfn, mfn_t mfn, enum p2m_type type,
                                       unsigned int access)
{
    bool mapped;

    if (unlikely(!p2m_access_is_valid(access))) {
        return false;
    }
    spin_lock(&p2m->lock);
    mapped = likely(!p2m->dying) && pt_put(&p2m->pt, gfn.n, mfn.n, p2m_attr(type, access));
    if (mapped && gfn.n > p2m->highest_gfn) {
        p2m->highest_gfn = gfn.n;
    }
    spin_unlock(&p2m->lock);
    return mapped;
}

/* One locked section. */
static always_inline int p2m_map_step(struct p2m *p2m, struct pt_job *job)
{
    uint64_t left = job->count;
    int rc = -EINVAL;

    spin_lock(&p2m->lock);
    if (likely(!p2m->dying)) {
        job->budget = p2m_budget(p2m);
        rc = pt_map(&p2m->pt, job);
        if (job->count != left && job->frame > p2m->highest_gfn + 1) {
            p2m->highest_gfn = job->frame - 1; /* the job has advanced behind it */
        }
    }
    spin_unlock(&p2m->lock);
    return rc;
}

int p2m_map_some(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count, enum p2m_type type,
                 unsigned int access, uint64_t *done)
{
    struct pt_job job;
    int rc;

    if (count == 1 && p2m_map_page(p2m, gfn, mfn, type, access)) {
        (*done)++;
        return 0;
    }
    rc = p2m_map_job(&job, gfn, mfn, count, type, access);
    if (rc == 0) {
        rc = p2m_map_step(p2m, &job);
        *done += count - job.count;
    }
    return rc;
}

static noinline int p2m_map_any(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count,
                                enum p2m_type type, unsigned int access)
{
    struct pt_job job;
    int rc = p2m_map_job(&job, gfn, mfn, count, type, access);

    if (rc != 0) {
        return rc;
    }
    do {
        rc = p2m_map_step(p2m, &job);
    } while (rc == 0 && job.count != 0);
    return rc;
}

int p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count, enum p2m_type type,
            unsigned int access)
{
    if (likely(count == 1) && likely(p2m_map_page(p2m, gfn, mfn, type, access))) {
        return 0;
    }
    return p2m_map_any(p2m, gfn, mfn, count, type, access);
}

static always_inline int p2m_unmap_step(struct p2m *p2m, struct pt_job *job)
{
    int rc = 0;

    spin_lock(&p2m->lock);
    if (unlikely(p2m->dying)) {
        job->count = 0;
    } else {
        job->budget = p2m_budget(p2m);
        rc = pt_unmap(&p2m->pt, job);
        p2m_commit(p2m);
    }
    spin_unlock(&p2m->lock);
    return rc;
}

int p2m_unmap_some(struct p2m *p2m, gfn_t gfn, uint64_t count, uint64_t *done)
{
    struct pt_job job = {.frame = gfn.n, .count = count};
    int rc = p2m_unmap_step(p2m, &job);

    *done += count - job.count;
    return rc;
}

int p2m_unmap(struct p2m *p2m, gfn_t gfn, uint64_t count)
{
    struct pt_job job = {.frame = gfn.n, .count = count};
    int rc;

    do {
        rc = p2m_unmap_step(p2m, &job);
    } while (rc == 0 && job.count != 0);
    return rc;
}

int p2m_protect_some(struct p2m *p2m, gfn_t gfn, uint64_t count, unsigned int access,
                     uint64_t *done)
{
    struct pt_job job = {.frame = gfn.n, .count = count, .attr = access, .budget = P2M_CHUNK};
    int rc = -EINVAL;

    if (!p2m_access_is_valid(access)) {
        return rc;
    }
    spin_lock(&p2m->lock);
    if (!p2m->dying) {
        rc = pt_protect(&p2m->pt, &job);
        pt_flush(&p2m->pt);
    }
    spin_unlock(&p2m->lock);
    *done += count - job.count;
    return rc;
}

/* What pt_take() leaves to its caller; the references of a batch wait for its flush. */
static always_inline void p2m_taken(struct p2m *p2m, gfn_t gfn, const struct pt_leaf *leaf)
    REQUIRES(p2m->lock)
{
    bool counted = ((P2M_COUNTED >> PT_SOFT_OF(leaf->attr)) & 1U) != 0;

    if (unlikely(p2m_is_batching(p2m))) {
        (void)p2m_budget(p2m);
        pt_note(&p2m->pt, gfn.n, 1, false);
        if (counted) {
            p2m->dropped[p2m->nr_dropped++] = mfn(leaf->target);
        }
        return;
    }
    arch_p2m_flush_range(p2m, gfn, 1);
    store_release(&p2m->generation, p2m->generation + 1); /* as in p2m_flush() */
    if (counted) {
        page_put(mfn(leaf->target));
    }
}

static noinline int p2m_unmap_locked(struct p2m *p2m, gfn_t gfn) REQUIRES(p2m->lock)
{
    struct pt_job job = {.frame = gfn.n, .count = 1};
    int rc;

    do {
        job.budget = p2m_budget(p2m);
        rc = pt_unmap(&p2m->pt, &job);
    } while (rc == 0 && job.count != 0);
    p2m_commit(p2m);
    return rc;
}

static always_inline int p2m_take(struct p2m *p2m, gfn_t gfn, mfn_t m, uint32_t types)
{
    struct pt_leaf leaf;
    int rc = -ENOENT;

    spin_lock(&p2m->lock);
    if (likely(!p2m->dying)) {
        rc = pt_take(&p2m->pt, gfn.n, m.n, types, &leaf);
        if (likely(rc == 0)) {
            p2m_taken(p2m, gfn, &leaf);
        } else if (rc > 0) {
            rc = p2m_unmap_locked(p2m, gfn);
        }
    }
    spin_unlock(&p2m->lock);
    return rc;
}

int p2m_unmap_exact(struct p2m *p2m, gfn_t gfn, mfn_t m, enum p2m_type type)
{
    return mfn_is_valid_value(m) ? p2m_take(p2m, gfn, m, 1U << type) : -ENOENT;
}

int p2m_unmap_memory(struct p2m *p2m, gfn_t gfn)
{
    return p2m_take(p2m, gfn, mfn(PT_ANY), ~(1U << P2M_MMIO));
}

void p2m_batch_begin(struct p2m *p2m)
{
    spin_lock(&p2m->lock);
    if (p2m->batch_owner == 0) {
        p2m->batch_owner = this_cpu_id() + 1U;
    }
    spin_unlock(&p2m->lock);
}

void p2m_batch_end(struct p2m *p2m)
{
    spin_lock(&p2m->lock);
    if (p2m->batch_owner == this_cpu_id() + 1U) {
        p2m->batch_owner = 0;
        if (!p2m->dying) {
            pt_flush(&p2m->pt);
        }
    }
    spin_unlock(&p2m->lock);
}
