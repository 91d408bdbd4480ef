/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical address spaces: which machine frame stands behind each guest frame, with which
 * type and access. Policy over the page-table code in <hearth/pt.h>; the format is the arch's.
 *
 * A mapping of PAGE_GUEST or PAGE_SHARED memory that is not the domain's own (P2M_FOREIGN,
 * P2M_GRANT) holds a reference on the frame, dropped after the flush when the mapping goes.
 * Mappings of the domain's own RAM hold none: the allocation reference stands behind them, and
 * page_disown() is called only after p2m_unmap().
 *
 * `generation` grows with each removal or downgrade, after the TLB flush and before references
 * are dropped: a reader that translates, takes a reference and finds the generation unchanged
 * holds a frame that was mapped (guest_copy relies on it; pairs with the release in p2m_flush()).
 *
 * Readers take no lock. Table frames are freed by RCU, so a reader is between two quiescent points.
 * Where the architecture breaks a live mapping before it makes it anew, the hardware and a reader
 * may miss it for a moment: a stage-2 fault that p2m_lookup() finds mapped with the wanted access
 * is retried by the guest, and p2m_lookup() itself waits for the end of it.
 *
 * References are dropped, and frames freed, under the lock: RANK_PAGES and above nest in it.
 */
#pragma once

#include <hearth/lock.h>
#include <hearth/num.h>
#include <hearth/page.h>
#include <hearth/pt.h>
#include <hearth/rcu.h>

struct domain;

enum p2m_type {
    P2M_RAM = 0,     /* the domain's own memory */
    P2M_MMIO = 1,    /* a device passed through */
    P2M_FOREIGN = 2, /* another domain's frame (XENMAPSPACE_gmfn_foreign), or hypervisor's shared */
    P2M_GRANT = 3,   /* mapped through a grant */
};

/* Access bits; whatever the domain's own tables say, it is a device. */
#define P2M_R      (1U << 0)
#define P2M_W      (1U << 1)
#define P2M_X      (1U << 2)
#define P2M_DEVICE (1U << 3)
#define P2M_RW     (P2M_R | P2M_W)
#define P2M_RWX    (P2M_R | P2M_W | P2M_X)

/* References that can wait for one flush; also the length of one locked section, in entries. */
#define P2M_CHUNK 64U

struct p2m {
    struct spinlock lock; /* RANK_P2M: writers */
    struct pt pt;
    struct domain *domain;
    uint64_t generation;
    uint64_t highest_gfn; /* that was ever mapped */
    uint64_t max_gfn;     /* gfns are below this: from the IPA width; rejected, never masked */
    uint32_t table_pages; /* page-table frames in use */
    uint32_t table_limit; /* 0: no limit (dom0, and while a domain is built) */
    uint16_t vmid;
    bool dying;           /* p2m_destroy() has begun: empty for all others */
    bool rcu_busy;        /* `graced` waits for readers */
    uint32_t batch_owner; /* CPU number + 1 between p2m_batch_begin() and _end, else 0 */
    uint32_t nr_dropped;
    mfn_t dropped[P2M_CHUNK]; /* references to be dropped after the flush that is due */
    uint64_t limbo;           /* unlinked and flushed tables, chained; next to wait for readers */
    uint64_t graced;
    struct rcu_head rcu;
};

struct p2m_entry {
    mfn_t mfn; /* frame behind the gfn that was asked for */
    enum p2m_type type;
    unsigned int access;
    unsigned int order; /* of the mapping that covers it: 0, 9 or 18 */
};

/* gfn width in bits of address; fixes the root's shape. -ENOMEM, -EINVAL. */
int p2m_init(struct p2m *p2m, struct domain *d, unsigned int address_bits) must_check;

/*
 * Frees tables and drops the references that mappings hold. Preemptible: -ERESTART, call again.
 * The domain must not run any more.
 */
int p2m_destroy(struct p2m *p2m) must_check;

/*
 * Maps count frames gfn.. -> mfn.. with superpages wherever alignment allows (also 1 GiB).
 * Whatever was mapped there is replaced (old references are dropped after the flush).
 * P2M_FOREIGN and P2M_GRANT are mapped one at a time (count 1), and the mapping takes over a
 * reference that the caller holds; on failure the caller still has it.
 * -EINVAL (range, type, access; the p2m is being destroyed), -ENOMEM (some of it may be mapped).
 */
int p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count, enum p2m_type type,
            unsigned int access) must_check;

/* Removes mappings of count frames; holes are fine. Flushes before references are dropped.
 * -EINVAL (range), -ENOMEM (a superpage could not be split: some of it may be unmapped). */
int p2m_unmap(struct p2m *p2m, gfn_t gfn, uint64_t count) must_check;

/*
 * Preemptible forms: do some P2M_CHUNK entries' work and add to *done the frames that are behind
 * it. 0 with *done < count: check for preemption, then call again for the rest.
 */
int p2m_map_some(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count, enum p2m_type type,
                 unsigned int access, uint64_t *done) must_check;
int p2m_unmap_some(struct p2m *p2m, gfn_t gfn, uint64_t count, uint64_t *done) must_check;
/* Sets the access of what is mapped (write protection, log-dirty); flushed on return. */
int p2m_protect_some(struct p2m *p2m, gfn_t gfn, uint64_t count, unsigned int access,
                     uint64_t *done) must_check;

/* Removes the mapping of one gfn only if it maps m with this type: -ENOENT otherwise. */
int p2m_unmap_exact(struct p2m *p2m, gfn_t gfn, mfn_t m, enum p2m_type type) must_check;
/* Removes the mapping of one gfn whatever it maps, but for a device: -ENOENT, as for nothing. */
int p2m_unmap_memory(struct p2m *p2m, gfn_t gfn) must_check;

/* Translation. -ENOENT: nothing mapped; entry->order is then the size of the hole known. */
int p2m_lookup(struct p2m *p2m, gfn_t gfn, struct p2m_entry *entry) must_check;

/*
 * True when a miss may be a mapping that was broken to be made again: `breaks` is what pt_breaks()
 * gave before the translation, by whatever means (p2m_lookup() does so itself).
 */
static inline bool p2m_miss_is_doubtful(const struct p2m *p2m, uint32_t breaks)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return (breaks & 1U) != 0 || pt_breaks(&p2m->pt) != breaks;
}

/*
 * Looks up gfn and takes a reference on its frame when it is RAM (P2M_RAM, or P2M_GRANT/FOREIGN
 * when allow_foreign). -ENOENT, -EPERM (write wanted, mapped read-only), -EINVAL (not RAM).
 * May take the lock: no lock of RANK_P2M or above may be held.
 */
#define P2M_GET_WRITE   (1U << 0)
#define P2M_GET_FOREIGN (1U << 1)
int p2m_get_page(struct p2m *p2m, gfn_t gfn, unsigned int flags, mfn_t *out) must_check;

/*
 * Defers the flush of following p2m_unmap() calls on this CPU until _end, or until something
 * needs it. Until _end what was unmapped may still be accessed: no page_disown() before. Within
 * one operation: no preemption check between the two. Of two CPUs, the second gets no deferral.
 */
void p2m_batch_begin(struct p2m *p2m);
void p2m_batch_end(struct p2m *p2m);
