/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86 4- and 5-level entries (SDM 3A 4.5). A and D are always set, so that no walk writes to a
 * table.
 *
 *  63  53:52  51:12   8  7   6  5  4    3    2  1  0
 *  NX  soft   output  -  PS  D  A  PCD  PWT  U  W  P
 */
#pragma once

#include "walk.h"

#define X86_PRESENT    (1UL << 0)
#define X86_WRITE      (1UL << 1)
#define X86_USER       (1UL << 2)
#define X86_UNCACHED   (3UL << 3) /* PWT and PCD: PAT entry 3 */
#define X86_ACCESSED   (1UL << 5)
#define X86_DIRTY      (1UL << 6)
#define X86_PAGE_BLOCK (1UL << 7)
#define X86_NX         (1UL << 63)
#define X86_SOFT_SHIFT 52

static always_inline uint64_t x86_leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return (target << PAGE_SHIFT) | X86_PRESENT | X86_ACCESSED | X86_DIRTY |
           (level != 0 ? X86_PAGE_BLOCK : 0) | ((attr & PT_DEVICE) != 0 ? X86_UNCACHED : 0) |
           ((attr & PT_W) != 0 ? X86_WRITE : 0) | ((attr & PT_X) != 0 ? 0 : X86_NX) |
           ((uint64_t)PT_SOFT_OF(attr) << X86_SOFT_SHIFT);
}

static always_inline uint64_t x86_table(uint64_t target)
{
    return (target << PAGE_SHIFT) | X86_PRESENT | X86_WRITE | X86_ACCESSED;
}

static always_inline enum pt_kind x86_kind(uint64_t entry, unsigned int level)
{
    if ((entry & X86_PRESENT) == 0) {
        return PT_NONE;
    }
    return level != 0 && (entry & X86_PAGE_BLOCK) == 0 ? PT_TABLE : PT_LEAF;
}

static always_inline uint32_t x86_attr(uint64_t entry, unsigned int level)
{
    (void)level;
    return PT_R | ((entry & X86_WRITE) != 0 ? PT_W : 0) | ((entry & X86_NX) != 0 ? 0 : PT_X) |
           ((entry & X86_UNCACHED) != 0 ? PT_DEVICE : 0) | PT_SOFT((entry >> X86_SOFT_SHIFT) & 3U);
}

#define X86_GEOMETRY                                                                               \
    .min_levels = 4, .max_levels = 5, .max_bits = 57, .target_bits = 40,                           \
    .frame_shift = PAGE_SHIFT, .frame_mask = 0x000ffffffffff000UL, .kind = x86_kind,               \
    .attr = x86_attr
