/* SPDX-License-Identifier: Apache-2.0 */
/* x86's part of a vCPU: no guest runs yet. */
#pragma once

#include <hearth/compiler.h>

/* As trap/entry.S pushes them, last first. */
struct arch_regs {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct arch_vcpu {
    struct arch_regs regs;
};
