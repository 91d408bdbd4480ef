/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RISC-V guest-physical translation: Sv39x4, Sv48x4, Sv57x4 (privileged architecture, 18.5.1).
 * The root is 16 KiB, and all accesses count as user accesses.
 */
#include "fmt_sv.h"

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    (void)level;
    return sv_leaf(target, attr) | SV_USER;
}

static const struct pt_format format = {
    .min_levels = 3,
    .max_levels = 5,
    .max_bits = 59,
    .min_root_order = 2,
    .max_root_order = 2,
    .target_bits = 44,
    .frame_shift = SV_FRAME_SHIFT,
    .frame_mask = SV_FRAME_MASK,
    .leaf = leaf,
    .table = sv_table,
    .kind = sv_kind,
    .attr = sv_attr,
};

PT_INSTANTIATE(pt_svx4, format);
