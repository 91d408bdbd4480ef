/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of common/launch. */
#pragma once

#include <hearth/launch.h>

/* Reserves what of [start, start + size) is not reserved yet. */
bool launch_reserve(uint64_t start, uint64_t size, const char *what) must_check;
/* Boot modules below /chosen into info and bootmem. */
void boot_modules_find(struct boot_info *info);
/* The next module's node below /chosen, where path is at first; dom0's, or those of guests. */
bool boot_module_next(const struct fdt *fdt, struct fdt_path *path, bool guests,
                      enum module_kind *kind) must_check;
/* One of MODULE_OTHER that does not say what it is, as GRUB writes them. */
bool boot_module_is_unnamed(const struct fdt *fdt, uint32_t node) must_check;
/* dom0's ramdisk by linux,initrd-start and -end, as QEMU and U-Boot hand it over. */
bool boot_initrd(const struct fdt *fdt, uint32_t chosen, uint64_t *start,
                 uint64_t *size) must_check;
/* The one that info lists, or NULL: it was refused. */
const struct boot_module *boot_module_listed(const struct boot_info *info, uint64_t start,
                                             uint64_t size, enum module_kind kind);
