/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <asm/host.h>

extern struct cpu host_cpus[HOST_CPUS];
