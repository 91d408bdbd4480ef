/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's address space inside an ordinary program: a part of the address space that neither the
 * kernel's mmap() nor the sanitizers' shadows use (x86-64, also under TSan).
 */
#pragma once

#define DIRECT_MAP_BASE  0x550000000000
#define FRAME_TABLE_BASE 0x554000000000
