/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of common/launch. */
#pragma once

#include <hearth/launch.h>

/* Reserves what of [start, start + size) is not reserved yet. */
bool launch_reserve(uint64_t start, uint64_t size, const char *what) must_check;
/* Boot modules below /chosen into info and bootmem. */
void boot_modules_find(struct boot_info *info);
/* The one that info lists, or NULL: it was refused. */
const struct boot_module *boot_module_listed(const struct boot_info *info, uint64_t start,
                                             uint64_t size, enum module_kind kind);
