/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores that the hardware does not describe (ESR_EL2.ISV = 0). XEN-ABI: those of one
 * general register with post-index, and no others.
 */
#include <asm/decode.h>

/* DDI 0487 C4.1 "Load/store register (immediate post-indexed)": V 0, opc 0 (STR) or 1 (LDR). */
#define POST_INDEXED_MASK 0x3fa00c00U
#define POST_INDEXED      0x38000400U
#define OPC_LOAD          (1U << 22)

bool decode_post_indexed(uint32_t insn, struct post_indexed *out)
{
    if ((insn & POST_INDEXED_MASK) != POST_INDEXED) {
        return false;
    }
    *out = (struct post_indexed){
        .size = 1U << (insn >> 30),
        .write = (insn & OPC_LOAD) == 0,
        .rt = insn & 31U,
        .rn = insn >> 5 & 31U,
        .offset = (int64_t)((uint64_t)insn << 43) >> 55, /* bits 20:12, signed */
    };
    return out->rt != out->rn || out->rn == 31; /* else it is unpredictable */
}
