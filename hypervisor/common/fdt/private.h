/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and header of a flattened device tree, chapter 5 of the specification. */
#pragma once

#include <hearth/fdt.h>

#define FDT_MAGIC       0xd00dfeedU
#define FDT_HEADER_SIZE 40U
#define FDT_VERSION     17U
#define FDT_COMPATIBLE  16U

/* Offsets in the header. */
#define HEADER_MAGIC        0U
#define HEADER_TOTALSIZE    4U
#define HEADER_STRUCTS      8U
#define HEADER_STRINGS      12U
#define HEADER_RESERVE      16U
#define HEADER_VERSION      20U
#define HEADER_COMPATIBLE   24U
#define HEADER_BOOT_CPU     28U
#define HEADER_STRINGS_SIZE 32U
#define HEADER_STRUCTS_SIZE 36U

enum fdt_token {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9,
};

/* Token at offset `at`, FDT_END at and past the end of what was checked. */
static inline uint32_t fdt_token(const struct fdt *fdt, uint32_t at)
{
    return at < fdt->structs_end ? fdt_be32(fdt->blob + at) : FDT_END;
}

/* Offset of the token after the one at `at`. */
uint32_t fdt_after(const struct fdt *fdt, uint32_t at);
