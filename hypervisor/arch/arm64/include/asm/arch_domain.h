/* SPDX-License-Identifier: Apache-2.0 */
/* arm64's part of a domain. */
#pragma once

#include <hearth/compiler.h>

#include <asm/vgic.h> /* struct vgic_domain */

struct arch_domain {
    struct vgic_domain vgic;
    uint64_t cntvoff;                   /* virtual counter = physical counter - cntvoff */
    uint16_t last_vcpu[CONFIG_NR_CPUS]; /* id + 1 of the vCPU that each CPU ran last */
    uint32_t evtchn_ppi;                /* upcall interrupt: INTID of a PPI */
};
