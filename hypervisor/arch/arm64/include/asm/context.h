/* SPDX-License-Identifier: Apache-2.0 */
/* public/arch-arm.h struct vcpu_guest_context of 64-bit domains. */
#pragma once

#include <hearth/num.h>

#define ARM64_CONTEXT_ONLINE 1U

struct arm64_context {
    uint32_t flags; /* ARM64_CONTEXT_* */
    uint32_t pad;
    uint64_t x[31];
    uint64_t pc;
    uint64_t cpsr;
    uint64_t spsr_el1;
    uint32_t spsr_aarch32[4];
    uint64_t sp_el0;
    uint64_t sp_el1;
    uint64_t elr_el1;
    uint64_t sctlr;
    uint64_t ttbcr;
    uint64_t ttbr0;
    uint64_t ttbr1;
};

static_assert(sizeof(struct arm64_context) == 352, "as measured of Xen 4.17's headers");
static_assert(offsetof(struct arm64_context, pc) == 256, "user_regs.pc64");
static_assert(offsetof(struct arm64_context, sp_el0) == 296, "user_regs.sp_el0");
static_assert(offsetof(struct arm64_context, sctlr) == 320, "sctlr");
