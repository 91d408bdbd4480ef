/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the machine's device tree to running domains: boot description, plan, build.
 *
 * boot_fdt_*() run before the page allocator; launch_domains() when everything else is up. The
 * plan is data that names modules and numbers and holds no decision of an architecture.
 */
#pragma once

#include <hearth/boot.h>
#include <hearth/fdt.h>
#include <hearth/num.h>

/* --- Boot description: boot_fdt.c, boot_modules.c --- */

/*
 * Opens the device tree into host_fdt and sets info's fdt, fdt_size and cmdline (Hearth's own
 * options, "" when there are none). -EINVAL: a message was printed, and host_fdt reads as the
 * part before the fault, for the console; the caller panics once there is one.
 */
int boot_fdt_open(struct boot_info *info, const void *blob, uint64_t paddr) must_check;
/* Banks of RAM into bootmem. panic()s when there is none. */
void boot_fdt_memory(void);
/*
 * The device tree itself, boot modules, reserved memory into bootmem; modules into info. The image
 * is reserved already. A module of dom0 that overlaps something or is not in RAM: panic().
 * One of a guest: named, and not listed, so that the guest is skipped.
 */
void boot_fdt_reserve(struct boot_info *info);

enum module_kind {
    MODULE_OTHER = 0,
    MODULE_KERNEL,
    MODULE_RAMDISK,
};
/* What a node below /chosen describes; false when it is no boot module. */
bool boot_module_kind(const struct fdt *fdt, uint32_t node, enum module_kind *kind) must_check;
