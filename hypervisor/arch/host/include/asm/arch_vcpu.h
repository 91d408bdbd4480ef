/* SPDX-License-Identifier: Apache-2.0 */
/* The host's part of a vCPU: what the common code asked for, for tests to look at. */
#pragma once

#include <hearth/compiler.h>

struct arch_vcpu {
    uint64_t entry;
    uint64_t argument;
    int64_t result;
    uint32_t saves;
    uint32_t loads;
    uint32_t upcalls;
    uint32_t entry_works;
    bool wakeable; /* set by tests: arch_vcpu_wakeable()'s answer */
};
