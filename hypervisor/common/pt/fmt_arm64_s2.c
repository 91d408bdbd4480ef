/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64 stage 2, 4 KiB granule (Arm DDI 0487, D8.3.1.2 and D8.5.5 without FEAT_S2FWB). Up to 16
 * root tables are concatenated: 40 bits of address are three levels from two of them.
 *
 *  56:55  54  47:12   10  9:8  7    6    5:2      1      0
 *  soft   XN  output  AF  SH   W    R    MemAttr  table  valid
 */
#include "walk.h"

#define VALID         (1UL << 0)
#define TABLE_PAGE    (1UL << 1) /* a table above level 0, a page at level 0 */
#define MEM_NORMAL_WB (15UL << 2)
#define MEM_DEVICE    (1UL << 2) /* nGnRE */
#define MEM_NORMAL    (1UL << 3) /* in MEM_NORMAL_WB, not in MEM_DEVICE */
#define S2AP_R        (1UL << 6)
#define S2AP_W        (1UL << 7)
#define INNER         (3UL << 8)
#define ACCESSED      (1UL << 10)
#define XN            (1UL << 54)
#define SOFT_SHIFT    55

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return (target << PAGE_SHIFT) | VALID | S2AP_R | ACCESSED | (level == 0 ? TABLE_PAGE : 0) |
           ((attr & PT_DEVICE) != 0 ? MEM_DEVICE : MEM_NORMAL_WB | INNER) |
           ((attr & PT_W) != 0 ? S2AP_W : 0) | ((attr & PT_X) != 0 ? 0 : XN) |
           ((uint64_t)PT_SOFT_OF(attr) << SOFT_SHIFT);
}

static always_inline uint64_t table(uint64_t target)
{
    return (target << PAGE_SHIFT) | VALID | TABLE_PAGE;
}

static always_inline enum pt_kind kind(uint64_t entry, unsigned int level)
{
    if ((entry & VALID) == 0) {
        return PT_NONE;
    }
    return level != 0 && (entry & TABLE_PAGE) != 0 ? PT_TABLE : PT_LEAF;
}

static always_inline uint32_t attr(uint64_t entry, unsigned int level)
{
    (void)level;
    return PT_R | ((entry & S2AP_W) != 0 ? PT_W : 0) | ((entry & XN) != 0 ? 0 : PT_X) |
           ((entry & MEM_NORMAL) != 0 ? 0 : PT_DEVICE) | PT_SOFT((entry >> SOFT_SHIFT) & 3U);
}

static const struct pt_format format = {
    .min_levels = 3,
    .max_levels = 4,
    .max_bits = 48,
    .max_root_order = 4,
    .target_bits = 36,
    .frame_shift = PAGE_SHIFT,
    .frame_mask = 0x0000fffffffff000UL,
    .break_first = true,
    .leaf = leaf,
    .table = table,
    .kind = kind,
    .attr = attr,
};

PT_INSTANTIATE(pt_arm64_s2, format);
