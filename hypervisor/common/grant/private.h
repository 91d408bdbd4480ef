/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grant tables inside.
 *
 * A granter has shared entries (the guest writes them) and beside each an active entry, Hearth's
 * own record of who uses the grant. A grant is pinned while it is mapped or copied from or to;
 * the first pin snapshots the shared entry, sets GTF_reading/GTF_writing in it, takes a reference
 * on the frame and one on the granter (so that neither goes while it is pinned), the last undoes
 * this. A mapper has maptrack entries, named by handles; each live one is one pin, and its
 * P2M_GRANT mapping holds a frame reference of its own.
 *
 * A domain that can be found has a table: it is there before the id, and goes after it (RCU).
 *
 * Invariant (grant_audit): for each active entry, readers and writers are the numbers of live
 * handles that name it, plus copies under way; GTF bits agree with them.
 *
 * Locks: table.lock (RANK_GRANT) grows the shared table; maptrack_lock (RANK_MAPTRACK) the free
 * handles; active.lock (RANK_GRANT_ENTRY) one entry. Frames and handles are only added while the
 * domain lives: readers need no lock, counts are published with release.
 */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/domain.h>
#include <hearth/grant.h>
#include <hearth/hypercall/grant_ops.h>
#include <hearth/lock.h>
#include <hearth/shared.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

/* public/grant_table.h */
#define GNTMAP_DEVICE_MAP        (1U << 0)
#define GNTMAP_HOST_MAP          (1U << 1)
#define GNTMAP_READONLY          (1U << 2)
#define GNTMAP_APPLICATION_MAP   (1U << 3)
#define GNTMAP_CONTAINS_PTE      (1U << 4)

#define GNTCOPY_SOURCE_GREF      (1U << 0)
#define GNTCOPY_DEST_GREF        (1U << 1)

#define GNTTAB_CACHE_CLEAN       (1U << 0)
#define GNTTAB_CACHE_INVAL       (1U << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1U << 31)

enum grant_status {
    GNTST_OKAY = 0,
    GNTST_GENERAL_ERROR = -1,
    GNTST_BAD_DOMAIN = -2,
    GNTST_BAD_GNTREF = -3,
    GNTST_BAD_HANDLE = -4,
    GNTST_BAD_VIRT_ADDR = -5,
    GNTST_NO_DEVICE_SPACE = -7,
    GNTST_PERMISSION_DENIED = -8,
    GNTST_BAD_PAGE = -9,
    GNTST_BAD_COPY_ARG = -10,
    GNTST_EAGAIN = -12,
};

struct grant_active {
    struct spinlock lock; /* RANK_GRANT_ENTRY */
    uint32_t readers;     /* pins, by access */
    uint32_t writers;
    mfn_t mfn;     /* with a reference, while pinned */
    uint32_t gfn;  /* of the granter */
    domid_t domid; /* whose pins they are */
    uint16_t reserved;
};

static_assert(sizeof(struct grant_active) == 32, "four pages of them beside a shared frame");

/* One page of shared entries. */
struct grant_frame {
    union guest_grant_entry *shared;
    struct grant_active *active;
    mfn_t mfn;
};

#define GRANT_MAP_FREE  0U
#define GRANT_MAP_BUSY  1U /* being unmapped */
#define GRANT_MAP_LIVE  (1U << 1)
#define GRANT_MAP_WRITE (1U << 2)

struct grant_map {
    struct domain *granter; /* kept by the pin */
    gfn_t gfn;              /* where the mapper sees it */
    grant_ref_t ref;
    uint32_t state; /* GRANT_MAP_*, atomic */
    uint32_t next;  /* free list: handle + 1 */
    uint32_t reserved;
};

#define GRANT_MAPS_PER_CHUNK   128U
#define GRANT_CHUNKS_PER_FRAME 2U /* the ABI counts 256 handles to a maptrack frame */

static_assert(sizeof(struct grant_map) * GRANT_MAPS_PER_CHUNK == PAGE_SIZE, "a chunk is a page");

/* Frames, or chunks, that go at the end between two preemption checks. */
#define GRANT_FREED_PER_CHECK 64U

struct grant_table {
    struct spinlock lock;
    uint32_t nr_frames; /* published after the frame */
    uint32_t max_frames;
    struct grant_frame *frame; /* max_frames of them */

    struct spinlock maptrack_lock;
    uint32_t nr_maps; /* handles below are backed; published after the chunk */
    uint32_t max_chunks;
    uint32_t free_map;  /* handle + 1 */
    uint32_t live_maps; /* for the audit and the domain table */
    struct grant_map **chunk;
    uint32_t release_next;
};

/* A shared entry and its active entry; false when ref is outside the table. */
static inline bool grant_entry(const struct grant_table *t, grant_ref_t ref,
                               union guest_grant_entry **shared, struct grant_active **active)
{
    uint32_t frames = load_acquire(&t->nr_frames); /* pairs with grant_grow() */
    unsigned long i = ref / GRANT_ENTRIES_PER_PAGE;

    if (unlikely(i >= frames)) {
        return false;
    }
    i = index_nospec(i, frames);
    *shared = &t->frame[i].shared[ref % GRANT_ENTRIES_PER_PAGE];
    *active = &t->frame[i].active[ref % GRANT_ENTRIES_PER_PAGE];
    return true;
}

/* The same for an entry that is pinned: it stays where it is, as tables only grow. */
static inline void grant_pinned_entry(const struct grant_table *t, grant_ref_t ref,
                                      union guest_grant_entry **shared,
                                      struct grant_active **active)
{
    const struct grant_frame *f = &t->frame[ref / GRANT_ENTRIES_PER_PAGE];

    ASSERT(ref / GRANT_ENTRIES_PER_PAGE < t->nr_frames);
    *shared = &f->shared[ref % GRANT_ENTRIES_PER_PAGE];
    *active = &f->active[ref % GRANT_ENTRIES_PER_PAGE];
}

/* The entry of a handle, NULL when it was never given out. */
static inline struct grant_map *grant_map_at(const struct grant_table *t, uint32_t handle)
{
    uint32_t maps = load_acquire(&t->nr_maps); /* pairs with grant_handle_alloc() */
    unsigned long h = handle;

    if (unlikely(h >= maps)) {
        return NULL;
    }
    h = index_nospec(h, maps);
    return &t->chunk[h / GRANT_MAPS_PER_CHUNK][h % GRANT_MAPS_PER_CHUNK];
}

/* What must be as in GTF_PERMIT_ACCESS. XEN-ABI: of a page that is granted in part, none is mapped.
 */
#define GRANT_COPIES GTF_TYPE_MASK
#define GRANT_MAPS   (GTF_TYPE_MASK | GTF_SUB_PAGE)

/* grant_pin.c */
int16_t grant_pin(const struct domain *user, struct domain *granter, grant_ref_t ref, bool write,
                  uint32_t kind, mfn_t *frame) must_check;
void grant_unpin(struct domain *granter, grant_ref_t ref, bool write);
void grant_unpin_entry(struct domain *granter, union guest_grant_entry *shared,
                       struct grant_active *active, bool write);

/* grant_map.c */
bool grant_maps_frame(const struct grant_table *t, mfn_t frame, uint32_t *cursor, bool *found);
int grant_maptrack_free(struct grant_table *t) must_check;
int grant_map_restore(struct domain *d, uint32_t handle, struct domain *granter, grant_ref_t ref,
                      gfn_t at, bool write) must_check;

/* grant.c */
int grant_grow(struct domain *d, uint32_t index) must_check;
