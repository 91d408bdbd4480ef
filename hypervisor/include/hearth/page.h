/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame table and the page allocator.
 *
 * One 16-byte struct page per 4 KiB of RAM, in a virtually contiguous, sparsely populated array
 * indexed by machine frame number. A frame is always in exactly one class; guest memory operations
 * accept only PAGE_GUEST frames. Orders are powers of two of frames.
 *
 * Guest frames are reference counted: the allocation reference belongs to the domain and is dropped
 * when the frame leaves it; every mapping by another domain or by a hypervisor object holds one.
 * The frame is freed when the last one goes (after the TLB flush: page_put() never runs before it).
 */
#pragma once

#include <hearth/lock.h>
#include <hearth/num.h>

struct domain;

enum page_class {
    PAGE_NONE = 0, /* not RAM that Hearth manages */
    PAGE_FREE,     /* on a free list */
    PAGE_HEAP,     /* hypervisor memory */
    PAGE_TABLE,    /* page-table memory of some p2m */
    PAGE_GUEST,    /* RAM of the domain `owner` */
    PAGE_SHARED,   /* hypervisor memory that `owner` may map: shared_info, grant and FIFO frames */
    PAGE_OFFLINE,
};

/* `flags` of struct page. */
#define PAGEF_DIRTY     (1U << 0) /* free, and not scrubbed yet */
#define PAGEF_HEAD      (1U << 1) /* first frame of a free or allocated block of `order` */
#define PAGEF_ALLOCATED (1U << 2) /* guest frame: the owner's own reference is still there */
#define PAGEF_PRESERVED (1U << 3) /* adopted from a previous hypervisor (live update) */

struct page {
    uint32_t refs;  /* references; saturating at PAGE_REFS_MAX is an error, never a wrap */
    domid_t owner;  /* PAGE_GUEST and PAGE_SHARED */
    uint8_t order : 5;
    uint8_t reserved : 3;
    uint8_t class : 4; /* enum page_class */
    uint8_t flags : 4;
    uint32_t next; /* frame number relative to frame_base of the neighbours in the list that */
    uint32_t prev; /* the frame is on; 0 is none (frame 0 of the table is never on a list) */
};

static_assert(sizeof(struct page) == 16, "one frame-table entry is 16 bytes");

#define PAGE_REFS_MAX 0x7fffffffU

/* A list of pages through next/prev. Locking is the user's. */
struct page_list {
    uint32_t head;
    uint32_t tail;
    uint64_t count;
};

extern struct page *const frame_table; /* &frame_table[0] is frame_base */

/* The frame table's entry of a frame for which mfn_is_ram() holds. O(1), no check. */
struct page *mfn_to_page(mfn_t m);
mfn_t page_to_mfn(const struct page *pg);
/* True when m is RAM with a frame-table entry. Safe for any value, O(number of banks). */
bool mfn_is_ram(mfn_t m) must_check;

/* Direct map: address of RAM frame m in Hearth's own space, valid for good. */
void *mfn_to_virt(mfn_t m);
mfn_t virt_to_mfn(const void *va);

/* Where memory may come from and how it is prepared. */
#define ALLOC_ZERO   (1U << 0) /* scrubbed (always so for PAGE_GUEST unless bootscrub=0 allows) */
#define ALLOC_LOW4G  (1U << 1) /* below 4 GiB of machine address, for 32-bit DMA */
#define ALLOC_RESERVE (1U << 2) /* may use the reserve kept for the hypervisor itself */

/* Allocates 2^order frames of `class`, order <= MAX_ORDER. -ENOMEM. Any context. */
#define MAX_ORDER 18U
int page_alloc(unsigned int order, enum page_class class, unsigned int flags, mfn_t *out)
    must_check;
void page_free(mfn_t m, unsigned int order);

/*
 * Guest RAM. Allocates one block, charges d (d->tot_pages <= d->max_pages else -ENOMEM), puts
 * its frames on d's list, each with refs 1 and PAGEF_ALLOCATED. Takes RANK_PAGES.
 */
int page_alloc_guest(struct domain *d, unsigned int order, unsigned int flags, mfn_t *out)
    must_check;

/* Takes a reference when m is RAM, class GUEST or SHARED, owned by d and not being freed. */
bool page_get(mfn_t m, const struct domain *d) must_check;
/* The same for whatever domain owns it; *owner is its id. */
bool page_get_any(mfn_t m, domid_t *owner) must_check;
/* One more reference, of a frame on which the caller already holds one; false at saturation. */
bool page_get_again(mfn_t m) must_check;
/* Drops a reference; frees the frame with the last one. All mappings must be flushed before. */
void page_put(mfn_t m);
/*
 * Ends d's ownership of a frame on which the caller holds an own reference (balloon, destroy):
 * clears PAGEF_ALLOCATED once, uncharges d and drops the allocation reference. -ENOENT when another
 * path did so before.
 */
int page_disown(struct domain *d, mfn_t m) must_check;

/* Free frames, total frames of RAM, and frames that wait for scrubbing. */
struct page_stats {
    uint64_t total;
    uint64_t free;
    uint64_t dirty;
    uint64_t guest;
};
void page_stats(struct page_stats *out);

/* Scrubs up to `max` dirty free frames; returns how many it did (0: nothing left). Idle work. */
unsigned int page_scrub_some(unsigned int max);
