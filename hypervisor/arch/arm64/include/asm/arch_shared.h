/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of the pages shared with guests: arm64's layout has none. */
#pragma once

#define GUEST_LEGACY_VCPUS 1U /* vCPUs whose vcpu_info lies in shared_info */

struct guest_arch_vcpu_info {};

struct guest_arch_shared_info {};
