/* SPDX-License-Identifier: Apache-2.0 */
/* Hearth's own tables on x86: supervisor pages. */
#include "fmt_x86.h"

static const struct pt_format format = {
    X86_GEOMETRY,
    .leaf = x86_leaf,
    .table = x86_table,
};

PT_INSTANTIATE(pt_x86, format);
