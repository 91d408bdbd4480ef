/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data of the host: a fake CPU for each struct cpu; a thread is on one of them. */
#pragma once

#include <hearth/compiler.h>

struct cpu;

struct arch_cpu {
    uint64_t hwid;
    uint64_t deadline; /* as arch_timer_program() set it */
    uint32_t ipis;     /* arch_send_ipi() calls */
    bool stopped;
};

extern __thread struct cpu *host_this_cpu;

static always_inline struct cpu *this_cpu(void)
{
    return host_this_cpu;
}
