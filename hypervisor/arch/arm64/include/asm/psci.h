/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI (DEN0022): function numbers, and the virtual PSCI that guests call. */
#pragma once

#include <hearth/compiler.h>

struct vcpu;

#define PSCI_VERSION       0x84000000U
#define PSCI_CPU_SUSPEND   0x84000001U
#define PSCI_CPU_OFF       0x84000002U
#define PSCI_CPU_ON        0x84000003U
#define PSCI_AFFINITY_INFO 0x84000004U
#define PSCI_MIGRATE_TYPE  0x84000006U
#define PSCI_FEATURES      0x8400000aU
/* The 64-bit forms differ in this bit. */
#define PSCI_64 0x40000000U

/* True when fid is a PSCI function that was handled; results are in the guest's registers. */
bool psci_handle(struct vcpu *v, uint32_t fid);
