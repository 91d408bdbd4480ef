/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's address space on riscv64: HS mode, Sv48, upper half. A slot is 512 GiB.
 *
 *   0xffff_8000_0000_0000  slot 256: image
 *   0xffff_8080_0000_0000  slot 257: devices (arch_map_device), by 2 MiB pages
 *   0xffff_8100_0000_0000  slot 258: frame table
 *   0xffff_c000_0000_0000  slots 384 to 511: direct map of RAM, offset by physical address
 */
#pragma once

#define HEARTH_VIRT_BASE 0xffff800000000000
#define DEVICE_VIRT_BASE 0xffff808000000000
#define FRAME_TABLE_BASE 0xffff810000000000
#define DIRECT_MAP_BASE  0xffffc00000000000

#define ADDRESS_BITS     48
#define DEVICE_SLOT      257
#define DIRECT_SLOT      384
#define DIRECT_SLOTS     128
#define SATP_MODE        9 /* Sv48 */

#define STACK_SIZE       16384
