/* SPDX-License-Identifier: Apache-2.0 */
/* event_channel_op: the handlers of its rows, which common/event has. */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/compiler.h>

struct domain;
struct vcpu;

#define OP_SELF(number, name, type, direction, hook)                                               \
    int evtchn_op_##name(struct vcpu *v, struct type *a) must_check;
#define OP_HOT OP_SELF
#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    int evtchn_op_##name(struct vcpu *v, struct domain *d, struct type *a) must_check;
#define OP_REFUSED(number, name, error, why)
#include <hearth/hypercall/evtchn.def>
#undef OP_HOT
#undef OP_SELF
#undef OP_TARGET
#undef OP_REFUSED
