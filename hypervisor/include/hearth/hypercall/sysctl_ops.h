/* SPDX-License-Identifier: Apache-2.0 */
/* Prototypes of sysctl's handlers, from its rows. */
#pragma once

#include <hearth/abi_sysctl.h>

struct vcpu;

#define SYSCTL(number, name, direction, hook)                                                      \
    int sysctl_op_##name(struct vcpu *v, struct sysctl_##name##_arg *a);
#define SYSCTL_REFUSED(number, name, error, why)

#include <hearth/hypercall/sysctl.def>

#undef SYSCTL
#undef SYSCTL_REFUSED
