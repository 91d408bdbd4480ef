/* SPDX-License-Identifier: Apache-2.0 */
/* riscv64's part of a vCPU: no guest runs yet. */
#pragma once

#include <hearth/compiler.h>

/* As trap/entry.S saves them. */
struct arch_regs {
    uint64_t x[32];
    uint64_t sepc;
    uint64_t sstatus;
    uint64_t scause;
    uint64_t stval;
};

static_assert(sizeof(struct arch_regs) == 288, "trap/entry.S reserves this much");

struct arch_vcpu {
    struct arch_regs regs;
};
