/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64 stage 1 of EL2, 4 KiB granule, one address range (Arm DDI 0487, D8.3.1.1).
 *
 *  58:55  54  53:12   10  9:8  7    6    4:2       1      0
 *  soft   XN  output  AF  SH   RO   RES1 AttrIndx  table  valid
 */
#include "walk.h"

#define VALID       (1UL << 0)
#define TABLE_PAGE  (1UL << 1) /* a table above level 0, a page at level 0 */
#define ATTR_DEVICE (1UL << 2) /* AttrIndx 1, see PT_ARM64_MAIR */
#define AP_RES1     (1UL << 6)
#define READ_ONLY   (1UL << 7)
#define INNER       (3UL << 8)
#define ACCESSED    (1UL << 10)
#define XN          (1UL << 54)
#define SOFT_SHIFT  55

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return (target << PAGE_SHIFT) | VALID | AP_RES1 | INNER | ACCESSED |
           (level == 0 ? TABLE_PAGE : 0) | ((attr & PT_DEVICE) != 0 ? ATTR_DEVICE : 0) |
           ((attr & PT_W) != 0 ? 0 : READ_ONLY) | ((attr & PT_X) != 0 ? 0 : XN) |
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
    return PT_R | ((entry & READ_ONLY) != 0 ? 0 : PT_W) | ((entry & XN) != 0 ? 0 : PT_X) |
           ((entry & ATTR_DEVICE) != 0 ? PT_DEVICE : 0) | PT_SOFT((entry >> SOFT_SHIFT) & 3U);
}

static const struct pt_format format = {
    .min_levels = 3,
    .max_levels = 4,
    .max_bits = 48,
    .target_bits = 36,
    .frame_shift = PAGE_SHIFT,
    .frame_mask = 0x0000fffffffff000UL,
    .break_first = true,
    .leaf = leaf,
    .table = table,
    .kind = kind,
    .attr = attr,
};

PT_INSTANTIATE(pt_arm64_s1, format);
