/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of the few instructions that are emulated; pure. */
#pragma once

#include <hearth/compiler.h>

/* A load or store of `size` bytes of register rt (31: XZR) at rn (31: SP), to which `offset` is
 * added afterwards. A load extends with zeroes. */
struct post_indexed {
    unsigned int size;
    bool write;
    unsigned int rt;
    unsigned int rn;
    int64_t offset;
};

bool decode_post_indexed(uint32_t insn, struct post_indexed *out) must_check;
