/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's extended page tables (SDM 3C 29.3.2). Accessed and dirty flags are not enabled.
 *
 *  53:52  51:12   7   6     5:3  2  1  0
 *  soft   output  PS  IPAT  MT   X  W  R
 */
#include "walk.h"

#define READ       (1UL << 0)
#define WRITE      (1UL << 1)
#define EXECUTE    (1UL << 2)
#define ALL        (READ | WRITE | EXECUTE)
#define MT_WB      (6UL << 3)
#define MT_UC      (0UL << 3)
#define MT_MASK    (7UL << 3)
#define PAGE_BLOCK (1UL << 7)
#define SOFT_SHIFT 52

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return (target << PAGE_SHIFT) | READ | (level != 0 ? PAGE_BLOCK : 0) |
           ((attr & PT_DEVICE) != 0 ? MT_UC : MT_WB) | ((attr & PT_W) != 0 ? WRITE : 0) |
           ((attr & PT_X) != 0 ? EXECUTE : 0) | ((uint64_t)PT_SOFT_OF(attr) << SOFT_SHIFT);
}

static always_inline uint64_t table(uint64_t target)
{
    return (target << PAGE_SHIFT) | ALL;
}

static always_inline enum pt_kind kind(uint64_t entry, unsigned int level)
{
    if ((entry & ALL) == 0) {
        return PT_NONE;
    }
    return level != 0 && (entry & PAGE_BLOCK) == 0 ? PT_TABLE : PT_LEAF;
}

static always_inline uint32_t attr(uint64_t entry, unsigned int level)
{
    (void)level;
    return (entry & (READ | WRITE | EXECUTE)) | ((entry & MT_MASK) == MT_UC ? PT_DEVICE : 0) |
           PT_SOFT((entry >> SOFT_SHIFT) & 3U);
}

static_assert(READ == PT_R && WRITE == PT_W && EXECUTE == PT_X, "access bits are the same");

static const struct pt_format format = {
    .min_levels = 4,
    .max_levels = 5,
    .max_bits = 57,
    .target_bits = 40,
    .frame_shift = PAGE_SHIFT,
    .frame_mask = 0x000ffffffffff000UL,
    .leaf = leaf,
    .table = table,
    .kind = kind,
    .attr = attr,
};

PT_INSTANTIATE(pt_ept, format);
