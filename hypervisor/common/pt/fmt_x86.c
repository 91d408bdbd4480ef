/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86 4- and 5-level tables (SDM 3A 4.5): Hearth's own, and AMD's nested ones (APM 2, 15.25.5),
 * whose walks are user accesses. A and D are always set, so that no walk writes to a table.
 *
 *  63  53:52  51:12   8  7   6  5  4    3    2  1  0
 *  NX  soft   output  -  PS  D  A  PCD  PWT  U  W  P
 */
#include "walk.h"

#define PRESENT    (1UL << 0)
#define WRITE      (1UL << 1)
#define USER       (1UL << 2)
#define UNCACHED   (3UL << 3) /* PWT and PCD: PAT entry 3 */
#define ACCESSED   (1UL << 5)
#define DIRTY      (1UL << 6)
#define PAGE_BLOCK (1UL << 7)
#define NX         (1UL << 63)
#define SOFT_SHIFT 52

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return (target << PAGE_SHIFT) | PRESENT | ACCESSED | DIRTY | (level != 0 ? PAGE_BLOCK : 0) |
           ((attr & PT_DEVICE) != 0 ? UNCACHED : 0) | ((attr & PT_W) != 0 ? WRITE : 0) |
           ((attr & PT_X) != 0 ? 0 : NX) | ((uint64_t)PT_SOFT_OF(attr) << SOFT_SHIFT);
}

static always_inline uint64_t table(uint64_t target)
{
    return (target << PAGE_SHIFT) | PRESENT | WRITE | ACCESSED;
}

static always_inline uint64_t user_leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return leaf(target, attr, level) | USER;
}

static always_inline uint64_t user_table(uint64_t target)
{
    return table(target) | USER;
}

static always_inline enum pt_kind kind(uint64_t entry, unsigned int level)
{
    if ((entry & PRESENT) == 0) {
        return PT_NONE;
    }
    return level != 0 && (entry & PAGE_BLOCK) == 0 ? PT_TABLE : PT_LEAF;
}

static always_inline uint32_t attr(uint64_t entry, unsigned int level)
{
    (void)level;
    return PT_R | ((entry & WRITE) != 0 ? PT_W : 0) | ((entry & NX) != 0 ? 0 : PT_X) |
           ((entry & UNCACHED) != 0 ? PT_DEVICE : 0) | PT_SOFT((entry >> SOFT_SHIFT) & 3U);
}

#define X86_GEOMETRY                                                                               \
    .min_levels = 4, .max_levels = 5, .max_bits = 57, .target_bits = 40,                           \
    .frame_shift = PAGE_SHIFT, .frame_mask = 0x000ffffffffff000UL

static const struct pt_format format = {
    X86_GEOMETRY, .leaf = leaf, .table = table, .kind = kind, .attr = attr,
};

static const struct pt_format user_format = {
    X86_GEOMETRY, .leaf = user_leaf, .table = user_table, .kind = kind, .attr = attr,
};

PT_INSTANTIATE(pt_x86, format);
PT_INSTANTIATE(pt_npt, user_format);
