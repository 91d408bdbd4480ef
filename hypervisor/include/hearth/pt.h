/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables: one walker for stage 1, stage 2 and IOMMU tables of every architecture.
 *
 * All formats have 4 KiB tables of 512 64-bit entries. Levels count from the leaf: 0 maps 4 KiB,
 * 1 2 MiB, 2 1 GiB. Input addresses are given as frame numbers ("frame"), so are outputs
 * ("target"). An entry that maps nothing is zero.
 *
 * Locking is the caller's: one writer at a time. pt_lookup() may run beside a writer when env's
 * free defers to the end of all such readers (RCU); it may then miss a mapping that is being
 * broken: see pt_breaks().
 *
 * Order of the stores (checked by tests/unit/test_pt_order.c):
 *   - a table is complete before the one 64-bit store that links it;
 *   - where the format asks for it, a live entry that changes its output address, its size or its
 *     memory type is cleared, flushed, and only then written (Arm DDI 0487, D8.14.1);
 *   - a table that was unlinked is freed after the flush that covers it.
 */
#pragma once

#include <hearth/num.h>

#define PT_ENTRIES_SHIFT 9U
#define PT_ENTRIES       512U
#define PT_MAX_LEVELS    5U

/* Attributes of a mapping. Every mapping is readable. */
#define PT_R           (1U << 0)
#define PT_W           (1U << 1)
#define PT_X           (1U << 2)
#define PT_ACCESS      (PT_R | PT_W | PT_X)
#define PT_DEVICE      (1U << 3) /* not normal write-back memory; Sv: by platform attributes */
#define PT_SOFT(n)     ((uint32_t)(n) << 4) /* 2 bits for the owner of the table */
#define PT_SOFT_OF(at) (((at) >> 4) & 3U)
#define PT_ATTR_MASK   0x3fU

/* MAIR_EL2 of pt_arm64_s1: index 0 is normal write-back, index 1 device nGnRE. */
#define PT_ARM64_MAIR 0x04ffUL

enum pt_kind {
    PT_NONE,
    PT_TABLE,
    PT_LEAF,
};

/* One format: geometry as data and four pure functions. */
struct pt_format {
    uint8_t min_levels;
    uint8_t max_levels;
    uint8_t max_bits;       /* widest input address */
    uint8_t min_root_order; /* log2 of the number of concatenated root tables */
    uint8_t max_root_order;
    uint8_t target_bits; /* width of an output frame number */
    uint8_t frame_shift; /* bit of an entry where the frame number stands */
    uint64_t frame_mask; /* bits of the frame number in an entry */
    bool break_first;    /* break-before-make */
    uint64_t (*leaf)(uint64_t target, uint32_t attr, unsigned int level);
    uint64_t (*table)(uint64_t target);
    /* At level 0 never PT_TABLE. This and attr ask only whether level is 0. */
    enum pt_kind (*kind)(uint64_t entry, unsigned int level);
    uint32_t (*attr)(uint64_t entry, unsigned int level);
};

struct pt_leaf {
    uint64_t target; /* what stands behind the frame that was asked for */
    uint32_t attr;
    unsigned int level;
};

/* What a table needs from its surroundings. `arg` is pt.arg. */
struct pt_env {
    /* 2^order zeroed pages, aligned to their size. -ENOMEM. */
    int (*alloc)(void *arg, unsigned int order, paddr_t *table);
    void (*free)(void *arg, paddr_t table, unsigned int order);
    /* Where Hearth sees table memory. Linear: asked for the root, then used as a difference. */
    void *(*virt)(void *arg, paddr_t table);
    /* `count` entries from `first` were written: make them visible to the walkers. May be NULL. */
    void (*sync)(void *arg, const uint64_t *first, unsigned int count);
    /*
     * Removes translations of frames [frame, frame + count) everywhere and waits for it; stores
     * before it are ordered by it. `tables`: cached table entries and block sizes too.
     */
    void (*flush)(void *arg, uint64_t frame, uint64_t count, bool tables);
    /* A leaf of a soft type in `watch` was removed or replaced; the next flush covers it. */
    void (*removed)(void *arg, uint64_t frame, const struct pt_leaf *leaf);
    uint32_t watch; /* bit n: soft type n */
};

struct pt {
    uint64_t *root;
    uint64_t virt_offset; /* table's virtual address - its physical address */
    uint64_t frames;      /* input frames are below this */
    uint8_t levels;
    uint8_t root_order;
    uint8_t root_shift;   /* frame >> root_shift is the index into the root */
    uint8_t max_level;    /* largest block, 2 unless the hardware lacks 1 GiB blocks */
    bool flush_tables;    /* pending flush: ... */
    uint32_t breaks;      /* odd while a live mapping is broken to be made again */
    uint64_t flush_start; /* pending flush: [start, end), end 0 when none is due */
    uint64_t flush_end;
    uint64_t unlinked;    /* tables to be freed after it, chained in their first word; 0 ends */
    uint64_t destroyed;   /* pt_destroy() came this far */
    const uint64_t *seen; /* an entry that was live when pt_is_alone() found it, or NULL */
    const struct pt_ops *ops;
    const struct pt_env *env;
    void *arg;
};

/*
 * One map, unmap or protect operation, which advances frame, target and count as it goes. It stops
 * when count or budget is 0; the budget counts entries changed, tables visited and tables made. To
 * go on, refill the budget and call again.
 */
struct pt_job {
    uint64_t frame;
    uint64_t target; /* map */
    uint64_t count;
    uint32_t attr;      /* map: all; protect: PT_ACCESS bits */
    uint32_t max_level; /* map: no block above this, and none is made by merging */
    uint32_t budget;
};

struct pt_ops {
    const char *name;
    const struct pt_format *format;
    int (*map)(struct pt *pt, struct pt_job *job);
    int (*unmap)(struct pt *pt, struct pt_job *job);
    int (*protect)(struct pt *pt, struct pt_job *job);
    bool (*put)(struct pt *pt, uint64_t frame, uint64_t target, uint32_t attr);
    int (*take)(struct pt *pt, uint64_t frame, uint64_t target, uint32_t types,
                struct pt_leaf *leaf);
    bool (*lookup)(const struct pt *pt, uint64_t frame, struct pt_leaf *leaf);
    uint64_t (*reach)(const struct pt *pt, uint64_t frame, unsigned int type, bool write);
};

extern const struct pt_ops pt_arm64_s1; /* Arm DDI 0487 D8.3: EL2, one address range */
extern const struct pt_ops pt_arm64_s2; /* Arm DDI 0487 D8.3: stage 2, no FWB */
extern const struct pt_ops pt_x86;      /* SDM 3A 4.5: 4 and 5 levels, supervisor */
extern const struct pt_ops pt_npt;      /* APM 2 15.25: the same with U set */
extern const struct pt_ops pt_ept;      /* SDM 3C 29.3 */
extern const struct pt_ops pt_sv;       /* RISC-V privileged 12.3 to 12.6 */
extern const struct pt_ops pt_svx4;     /* RISC-V privileged 18.5 */

/*
 * An empty table for inputs of address_bits; the number of levels and the root's order follow:
 * the fewest levels that reach, with as many concatenated roots as that takes. -EINVAL, -ENOMEM.
 */
int pt_init(struct pt *pt, const struct pt_ops *ops, const struct pt_env *env, void *arg,
            unsigned int address_bits) must_check;

/* Unmaps all, flushes, frees everything. -ERESTART when the budget ran out: call again. */
int pt_destroy(struct pt *pt, uint32_t budget) must_check;

/* Runs the pending flush, then frees the tables that waited for it. */
void pt_flush_pending(struct pt *pt);
static inline void pt_flush(struct pt *pt)
{
    if (pt->flush_end != 0) {
        pt_flush_pending(pt);
    }
}

/* Adds to the pending flush; `tables`: see pt_env.flush. */
static always_inline void pt_note(struct pt *pt, uint64_t frame, uint64_t count, bool tables)
{
    if (pt->flush_end == 0) {
        pt->flush_start = frame;
        pt->flush_end = frame + count;
    } else {
        pt->flush_start = MIN(pt->flush_start, frame);
        pt->flush_end = MAX(pt->flush_end, frame + count);
    }
    pt->flush_tables |= tables;
}

/* Hearth now sees table memory elsewhere (early tables, after the switch to the direct map). */
void pt_rebase(struct pt *pt, uint64_t virt_offset);

/* The root's physical address: what goes into TTBR, VTTBR, CR3, EPTP or (shifted) HGATP. */
static inline paddr_t pt_root_paddr(const struct pt *pt)
{
    return paddr((uint64_t)(uintptr_t)pt->root - pt->virt_offset);
}

/* The frame of a virtual address; drops the sign extension of upper-half addresses. */
static inline uint64_t pt_frame_of(const struct pt *pt, uint64_t va)
{
    return (va >> PAGE_SHIFT) & (pt->frames - 1);
}

/*
 * Maps count frames with the largest blocks that alignment allows; splits blocks in the way and
 * merges tables that became uniform. Nothing is pending afterwards. -EINVAL (range, attributes),
 * -ENOMEM (what job has advanced over is mapped, no more, nothing leaks).
 */
static inline must_check int pt_map(struct pt *pt, struct pt_job *job)
{
    return pt->ops->map(pt, job);
}

/*
 * Removes mappings; holes are fine. Leaves the flush pending: pt_flush() must follow before
 * anything that was mapped is used for another purpose. -ENOMEM when a block could not be split.
 */
static inline must_check int pt_unmap(struct pt *pt, struct pt_job *job)
{
    return pt->ops->unmap(pt, job);
}

/*
 * The most frequent map: one page into a hole of a table that is there, attr with PT_R. False when
 * it is not that simple, or an argument is out of range: nothing was done, pt_map() may.
 */
static inline must_check bool pt_put(struct pt *pt, uint64_t frame, uint64_t target, uint32_t attr)
{
    return pt->ops->put(pt, frame, target, attr);
}

/*
 * Removes one page when its soft type is in `types` (bit n: soft type n) and it stands on `target`,
 * unless that is PT_ANY; says what it was (of attr the soft type alone). Nothing is pending for it
 * and nothing is reported: the caller flushes it. -ENOENT: nothing like that is there. 1: it is,
 * and pt_unmap() must do it (a block, or the last page of a table).
 */
#define PT_ANY UINT64_MAX
static inline must_check int pt_take(struct pt *pt, uint64_t frame, uint64_t target, uint32_t types,
                                     struct pt_leaf *leaf)
{
    return pt->ops->take(pt, frame, target, types, leaf);
}

/* Sets the access bits of what is mapped; type and target stay. Leaves the flush pending. */
static inline must_check int pt_protect(struct pt *pt, struct pt_job *job)
{
    return pt->ops->protect(pt, job);
}

/* False when nothing is mapped; leaf->level is then the size of the hole. */
static inline must_check bool pt_lookup(const struct pt *pt, uint64_t frame, struct pt_leaf *leaf)
{
    return pt->ops->lookup(pt, frame, leaf);
}

/*
 * The most frequent lookup: what frame is mapped to, if its soft type is `type` and, with `write`,
 * it has PT_W. PT_ANY if not, or if it is not that simple: pt_lookup() says why.
 */
static inline must_check uint64_t pt_reach(const struct pt *pt, uint64_t frame, unsigned int type,
                                           bool write)
{
    return pt->ops->reach(pt, frame, type, write);
}

/* For a reader beside a writer: a miss counts only if this was even and the same before it. */
static inline uint32_t pt_breaks(const struct pt *pt)
{
    return __atomic_load_n(&pt->breaks, __ATOMIC_ACQUIRE);
}
