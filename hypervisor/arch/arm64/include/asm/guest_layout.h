/* SPDX-License-Identifier: Apache-2.0 */
/* Where the virtual machine of public/arch-arm.h has its interrupt controller and its
 * virtual UART. */
#pragma once

#define GUEST_GICD_BASE    0x03001000ULL
#define GUEST_GICC_BASE    0x03002000ULL
#define GUEST_GICC_SIZE    0x00002000ULL
#define GUEST_GICR_BASE    0x03020000ULL
#define GUEST_GICV2_D_SIZE 0x00001000ULL
#define GUEST_GICV3_D_SIZE 0x00010000ULL
#define GUEST_GICR_SIZE    0x01000000ULL

#define GUEST_PL011_BASE   0x22000000ULL
#define GUEST_PL011_SPI    32U
