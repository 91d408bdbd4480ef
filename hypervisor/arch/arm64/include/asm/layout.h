/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's address space on arm64: EL2, 4 KiB granule, 48 bits, TTBR0_EL2.
 *
 *   0x0000_0000_0000_0000  identity map of the start-up code, boot tables only
 *   0x0000_0a00_0000_0000  image
 *   0x0000_0a20_0000_0000  flattened device tree
 *   0x0000_0a30_0000_0000  UART of last resort, boot tables only
 *   0x0000_0a40_0000_0000  devices (arch_map_device)
 *   0x0000_0b00_0000_0000  frame table
 *   0x0000_8000_0000_0000  direct map of RAM, offset by physical address
 */
#pragma once

#define HEARTH_VIRT_BASE 0x00000a0000000000
#define FDT_VIRT_BASE    0x00000a2000000000
#define EARLY_UART_VIRT  0x00000a3000000000
#define DEVICE_VIRT_BASE 0x00000a4000000000
#define DEVICE_VIRT_SIZE 0x0000000040000000
#define FRAME_TABLE_BASE 0x00000b0000000000
#define DIRECT_MAP_BASE  0x0000800000000000
#define DIRECT_MAP_SIZE  0x0000800000000000

#define FDT_MAX_SIZE     0x200000

#define STACK_SIZE       16384
