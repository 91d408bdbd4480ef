/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of the pages shared with guests: public/arch-x86/xen.h, 64-bit. */
#pragma once

#include <hearth/compiler.h>

#define GUEST_LEGACY_VCPUS 32U /* vCPUs whose vcpu_info lies in shared_info */

struct guest_arch_vcpu_info {
    uint64_t cr2;
    uint64_t pad;
};

struct guest_arch_shared_info {
    uint64_t max_pfn;
    uint64_t p2m_frame_list_list;
    uint64_t nmi_reason;
    uint64_t p2m_cr3;
    uint64_t p2m_vaddr;
    uint64_t p2m_generation;
};
