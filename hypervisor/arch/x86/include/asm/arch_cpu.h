/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data of x86, and this CPU's struct: the GS base points at arch, which begins with it. */
#pragma once

#include <hearth/compiler.h>

struct cpu;

struct arch_cpu {
    struct cpu *self; /* first: %gs:0 */
    uint64_t hwid;    /* APIC id */
    void *stack_top;  /* of the hypervisor stack */
};

static always_inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__("movq %%gs:0, %0" : "=r"(c));
    return c;
}
