/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's nested tables (APM 2, 15.25.5): the same entries, but all accesses are user accesses. */
#include "fmt_x86.h"

static always_inline uint64_t leaf(uint64_t target, uint32_t attr, unsigned int level)
{
    return x86_leaf(target, attr, level) | X86_USER;
}

static always_inline uint64_t table(uint64_t target)
{
    return x86_table(target) | X86_USER;
}

static const struct pt_format format = {
    X86_GEOMETRY,
    .leaf = leaf,
    .table = table,
};

PT_INSTANTIATE(pt_npt, format);
