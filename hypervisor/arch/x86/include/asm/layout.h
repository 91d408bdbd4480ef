/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's address space on x86: PML4 slots 256 to 271 of 48 bits, so that PV guests have the rest.
 * A slot is 512 GiB.
 *
 *   0xffff_8000_0000_0000  slot 256: machine-to-physical map (read by PV guests)
 *   0xffff_8080_0000_0000  slot 257: image
 *   0xffff_8100_0000_0000  slot 258: frame table
 *   0xffff_8180_0000_0000  slot 259: devices (arch_map_device), by 2 MiB pages
 *   0xffff_8300_0000_0000  slots 262 to 271: direct map of RAM, offset by physical address
 */
#pragma once

#define HEARTH_VIRT_BASE 0xffff808000000000
#define FRAME_TABLE_BASE 0xffff810000000000
#define DEVICE_VIRT_BASE 0xffff818000000000
#define DIRECT_MAP_BASE  0xffff830000000000
#define DIRECT_MAP_SIZE  0x0000050000000000

#define ADDRESS_BITS     48
#define IMAGE_SLOT       257
#define DEVICE_SLOT      259
#define DIRECT_SLOT      262

#define LOAD_PADDR       0x200000 /* where the boot loader puts the image: on 2 MiB */

#define STACK_SIZE       16384

#define SELECTOR_CODE    0x08
#define SELECTOR_DATA    0x10
#define SELECTOR_TSS     0x18
