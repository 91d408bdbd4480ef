/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data of arm64, and this CPU's struct, which TPIDR_EL2 points at. */
#pragma once

#include <hearth/compiler.h>

struct cpu;

struct arch_cpu {
    uint64_t hwid; /* MPIDR affinity fields */
    uint64_t midr;
    void *stack_top;  /* of the hypervisor stack */
    void *gic_redist; /* GICv3: this CPU's redistributor frames */
    const void *vectors;
    uint64_t gic_private; /* the GIC driver's */
};

static always_inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__("mrs %0, tpidr_el2" : "=r"(c));
    return c;
}
