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
 * holds a frame that was mapped (guest_copy relies on it; pairs with the release in p2m_unmap).
 */
#pragma once

#include <hearth/lock.h>
#include <hearth/num.h>
#include <hearth/page.h>
#include <hearth/pt.h>

struct domain;

enum p2m_type {
    P2M_RAM = 0,     /* the domain's own memory */
    P2M_MMIO = 1,    /* a device passed through */
    P2M_FOREIGN = 2, /* another domain's frame (XENMAPSPACE_gmfn_foreign), or hypervisor's shared */
    P2M_GRANT = 3,   /* mapped through a grant */
};

/* Access bits. */
#define P2M_R   (1U << 0)
#define P2M_W   (1U << 1)
#define P2M_X   (1U << 2)
#define P2M_RW  (P2M_R | P2M_W)
#define P2M_RWX (P2M_R | P2M_W | P2M_X)

struct p2m {
    struct spinlock lock; /* RANK_P2M: writers */
    struct pt pt;
    struct domain *domain;
    uint64_t generation;
    uint64_t max_gfn;      /* gfns are below this: from the IPA width; rejected, never masked */
    uint32_t table_pages;  /* page-table frames in use */
    uint32_t table_limit;  /* 0: no limit (boot-time domains) */
    uint16_t vmid;
    bool need_flush;       /* a removal was batched and not flushed yet; under lock */
};

struct p2m_entry {
    mfn_t mfn;          /* frame behind the gfn that was asked for */
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
 * The caller hands over the references that P2M_FOREIGN and P2M_GRANT mappings hold.
 * -EINVAL (range, type), -ENOMEM (nothing changed beyond the frames already done: *done says).
 */
int p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, uint64_t count, enum p2m_type type,
            unsigned int access) must_check;

/* Removes mappings of count frames; holes are fine. Flushes before references are dropped. */
int p2m_unmap(struct p2m *p2m, gfn_t gfn, uint64_t count) must_check;

/* Removes the mapping of one gfn only if it maps m with this type: -ENOENT otherwise. */
int p2m_unmap_exact(struct p2m *p2m, gfn_t gfn, mfn_t m, enum p2m_type type) must_check;

/* Translation. -ENOENT: nothing mapped; entry->order is then the size of the hole known. */
int p2m_lookup(struct p2m *p2m, gfn_t gfn, struct p2m_entry *entry) must_check;

/*
 * Looks up gfn and takes a reference on its frame when it is RAM (P2M_RAM, or P2M_GRANT/FOREIGN
 * when allow_foreign). -ENOENT, -EPERM (write wanted, mapped read-only), -EINVAL (not RAM).
 */
#define P2M_GET_WRITE   (1U << 0)
#define P2M_GET_FOREIGN (1U << 1)
int p2m_get_page(struct p2m *p2m, gfn_t gfn, unsigned int flags, mfn_t *out) must_check;

/* Defers the flush of following p2m_unmap() calls on this CPU's operation until _end. */
void p2m_batch_begin(struct p2m *p2m);
void p2m_batch_end(struct p2m *p2m);
