/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RISC-V Sv39, Sv48 and Sv57 entries (privileged architecture, 12.4.1). A and D are always set:
 * neither Svade's faults nor Svadu's updates occur. Memory types are the platform's.
 *
 *  53:10   9:8   7  6  5  4  3  2  1  0
 *  output  soft  D  A  G  U  X  W  R  V
 */
#pragma once

#include "walk.h"

#define SV_VALID       (1UL << 0)
#define SV_LEAF        (7UL << 1) /* R, W or X: not a pointer to a table */
#define SV_USER        (1UL << 4)
#define SV_AD          (3UL << 6)
#define SV_SOFT_SHIFT  8
#define SV_FRAME_SHIFT 10
#define SV_FRAME_MASK  0x003ffffffffffc00UL

static always_inline uint64_t sv_leaf(uint64_t target, uint32_t attr)
{
    return (target << SV_FRAME_SHIFT) | SV_VALID | SV_AD | ((attr & PT_ACCESS) << 1) |
           ((uint64_t)PT_SOFT_OF(attr) << SV_SOFT_SHIFT);
}

static always_inline uint64_t sv_table(uint64_t target)
{
    return (target << SV_FRAME_SHIFT) | SV_VALID;
}

static always_inline enum pt_kind sv_kind(uint64_t entry, unsigned int level)
{
    if ((entry & SV_VALID) == 0) {
        return PT_NONE;
    }
    return level != 0 && (entry & SV_LEAF) == 0 ? PT_TABLE : PT_LEAF;
}

static always_inline uint32_t sv_attr(uint64_t entry, unsigned int level)
{
    (void)level;
    return (uint32_t)((entry >> 1) & PT_ACCESS) | PT_SOFT((entry >> SV_SOFT_SHIFT) & 3U);
}
