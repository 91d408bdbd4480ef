/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data of riscv64, and this CPU's struct, which tp points at. */
#pragma once

#include <hearth/compiler.h>

struct cpu;

struct arch_cpu {
    uint64_t hwid;   /* hart id */
    void *stack_top; /* of the hypervisor stack */
};

static always_inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__("mv %0, tp" : "=r"(c));
    return c;
}
