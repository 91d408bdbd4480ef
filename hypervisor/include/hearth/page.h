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

#include <asm/layout.h> /* DIRECT_MAP_BASE, FRAME_TABLE_BASE */

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
#define PAGEF_HEAD      (1U << 0) /* first frame of a free or allocated block of `order` */
#define PAGEF_ALLOCATED (1U << 1) /* GUEST, SHARED: the owner's own reference is still there */
#define PAGEF_PRESERVED (1U << 2) /* adopted from a previous hypervisor (live update) */

/* What a free block holds. Blocks of different content do not merge. */
enum page_content {
    CONTENT_CLEAN = 0, /* zeros, clean to the point of coherency */
    CONTENT_DIRTY,     /* what its last user left */
    CONTENT_BOOT,      /* not used since reset, and bootscrub=0 lets guests have it as it is */
    NR_CONTENTS
};

/*
 * Free and heap blocks are described by their head alone; their other frames read PAGE_NONE, so
 * that start-up touches one entry per free block. A frame of class GUEST or SHARED is a block of
 * its own. The first eight bytes of those two change only by compare-and-swap of `word`.
 */
struct page {
    union {
        uint64_t word;
        struct {
            union {
                uint32_t refs; /* saturating at PAGE_REFS_MAX is an error, never a wrap */
                struct {
                    uint16_t slab_used; /* HEAP: objects handed out of a slab */
                    uint16_t slab_free; /* HEAP: first free object */
                };
            };
            domid_t owner; /* PAGE_GUEST and PAGE_SHARED; HEAP: size class of a slab + 1, or 0 */
            uint8_t order : 5;
            uint8_t content : 2; /* enum page_content, of a free block */
            uint8_t reserved : 1;
            uint8_t class : 4; /* enum page_class */
            uint8_t flags : 4;
        };
    };
    union {
        uint64_t links;
        struct {
            uint32_t next; /* indexes in the table of the neighbours in the list that the frame */
            uint32_t prev; /* is on; 0 is none (entry 0 of the table is never on a list) */
        };
    };
};

static_assert(sizeof(struct page) == 16, "one frame-table entry is 16 bytes");
static_assert(offsetof(struct page, links) == 8, "word and links are the two halves");

#define PAGE_REFS_MAX 0x7fffffffU

/* A list of pages through next/prev. Locking is the user's. */
struct page_list {
    uint32_t head;
    uint32_t tail;
    uint64_t count;
};

/* In one array at a fixed address, backed only where there is RAM. Entry 0 is frame_space.base. */
#define frame_table ((struct page *)(uintptr_t)FRAME_TABLE_BASE)
extern struct frame_space {
    uint64_t base;
    uint64_t first_bank; /* frames of the first bank, which begins one above base */
} frame_space;

/*
 * Start-up. When all banks are in bootmem, arch_mm_init() calls this to learn which parts of the
 * table need backing: fn gets page-aligned stretches of virtual addresses, ascending, none twice,
 * and maps zeroed memory from bootmem_alloc() there. Sets frame_space.
 */
void frame_table_for_each_part(void (*fn)(uint64_t va, uint64_t size, void *arg), void *arg);

/* The frame table's entry of a frame for which mfn_is_ram() holds. O(1), no check. */
static inline struct page *mfn_to_page(mfn_t m)
{
    return frame_table + (m.n - frame_space.base);
}

static inline mfn_t page_to_mfn(const struct page *pg)
{
    return (mfn_t){(uint64_t)(pg - frame_table) + frame_space.base};
}

/* True when m is RAM with a frame-table entry. Safe for any value, O(number of banks). */
bool mfn_is_ram(mfn_t m) must_check;

/* The last frame of RAM. */
mfn_t page_last_mfn(void);

/* Direct map: address of RAM frame m in Hearth's own space, valid for good. */
static inline void *mfn_to_virt(mfn_t m)
{
    return (void *)((uintptr_t)DIRECT_MAP_BASE + (m.n << PAGE_SHIFT));
}

static inline mfn_t virt_to_mfn(const void *va)
{
    return (mfn_t){((uintptr_t)va - (uintptr_t)DIRECT_MAP_BASE) >> PAGE_SHIFT};
}

/* List of frames through their entries; used under whatever lock protects the list. */
static inline struct page *page_list_first(const struct page_list *l)
{
    return l->head == 0 ? NULL : frame_table + l->head;
}
static inline struct page *page_list_next(const struct page *pg)
{
    return pg->next == 0 ? NULL : frame_table + pg->next;
}
void page_list_add(struct page_list *l, struct page *pg); /* at the front */
void page_list_del(struct page_list *l, struct page *pg);

/* Where memory may come from and how it is prepared. */
#define ALLOC_ZERO    (1U << 0) /* scrubbed (always so for guests unless bootscrub=0 allows) */
#define ALLOC_LOW4G   (1U << 1) /* below 4 GiB of machine address, for 32-bit DMA */
#define ALLOC_RESERVE (1U << 2) /* may use the reserve kept for the hypervisor itself */

/*
 * Allocates 2^order frames of `class` (not GUEST), order <= MAX_ORDER. -ENOMEM. Any context; takes
 * RANK_FREELIST. PAGE_SHARED is order 0, has refs 1 and PAGEF_ALLOCATED, and no owner yet.
 */
#define MAX_ORDER 18U
int page_alloc(unsigned int order, enum page_class class, unsigned int flags,
               mfn_t *out) must_check;
/* Frees such a block. A PAGE_SHARED frame loses its allocation reference: it is freed with the
 * last one. */
void page_free(mfn_t m, unsigned int order);
/* Gives a PAGE_SHARED frame to d: from here on page_get(m, d) finds it. */
void page_set_owner(mfn_t m, const struct domain *d);

/*
 * Guest RAM. Allocates one block, charges d (d->tot_pages <= d->max_pages else -ENOMEM), puts
 * its frames on d's list, each with refs 1 and PAGEF_ALLOCATED. Takes RANK_PAGES. -EINVAL when d
 * is dying. Scrubs up to the whole block: order above 9 is for start-up only.
 */
int page_alloc_guest(struct domain *d, unsigned int order, unsigned int flags,
                     mfn_t *out) must_check;

/* Takes a reference when m is RAM, class GUEST or SHARED, owned by d and not given up by it. */
bool page_get(mfn_t m, const struct domain *d) must_check;
/* The same for whatever domain owns it; *owner is its id. */
bool page_get_any(mfn_t m, domid_t *owner) must_check;
/* Without taking one: true when m is RAM and was GUEST or SHARED, for readers who find out after
 * reading whether it still is what they meant. */
bool page_is_guests(mfn_t m) must_check;
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
