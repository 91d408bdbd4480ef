/* SPDX-License-Identifier: Apache-2.0 */
/* RISC-V supervisor translation: Hearth's own in HS mode (satp). */
#include "fmt_sv.h"

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    (void)level;
    return sv_leaf(target, attr);
}

static const struct pt_format format = {
    .min_levels = 3,
    .max_levels = 5,
    .max_bits = 57,
    .target_bits = 44,
    .frame_shift = SV_FRAME_SHIFT,
    .frame_mask = SV_FRAME_MASK,
    .leaf = leaf,
    .table = sv_table,
    .kind = sv_kind,
    .attr = sv_attr,
};

PT_INSTANTIATE(pt_sv, format);
