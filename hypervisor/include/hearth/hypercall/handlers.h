/* SPDX-License-Identifier: Apache-2.0 */
/* Prototypes of all hypercalls, and of the handlers that common/control has. */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/hypercall.h>

struct domain;
struct vcpu;

#define HYPERCALL(number, name)                                                                    \
    int64_t hypercall_##name(struct vcpu *v, struct hypercall_args *args);
#define HYPERCALL_REFUSED(number, name, error, why)
#include <hearth/hypercall/hypercalls.def>
#undef HYPERCALL
#undef HYPERCALL_REFUSED

#define OP_HOT(number, name, type, direction, hook)                                                \
    int OP_PREFIX(name)(struct vcpu * v, struct type * a);
#define OP_SELF(number, name, type, direction, hook)                                               \
    int OP_PREFIX(name)(struct vcpu * v, struct type * a);
#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    int OP_PREFIX(name)(struct vcpu * v, struct domain * d, struct type * a);
#define OP_NULL(number, name, hook) int64_t OP_PREFIX(name)(struct vcpu * v);
#define OP_REFUSED(number, name, error, why)
#define OP_RESERVATION(number, name, type, hook)

#define OP_PREFIX(name) sched_op_##name
#include <hearth/hypercall/sched.def>
#undef OP_PREFIX
#define OP_PREFIX(name) hvm_op_##name
#include <hearth/hypercall/hvm.def>
#undef OP_PREFIX
#define OP_PREFIX(name) physdev_op_##name
#include <hearth/hypercall/physdev.def>
#undef OP_PREFIX
#define OP_PREFIX(name) memory_op_##name
#include <hearth/hypercall/memory.def>
#undef OP_PREFIX

#undef OP_HOT
#undef OP_SELF
#undef OP_TARGET
#undef OP_NULL
#undef OP_REFUSED
#undef OP_RESERVATION

/* vcpu_op has a second argument, the vCPU acted upon: rows of their own form. */
#define VCPU_OP(number, name, type, hook)                                                          \
    int vcpu_op_##name(struct vcpu *v, struct vcpu *target, struct type *a);
#define VCPU_OP_NULL(number, name, hook)                                                           \
    int64_t vcpu_op_##name(struct vcpu *v, struct vcpu *target);
#define VCPU_OP_REFUSED(number, name, error, why)
#include <hearth/hypercall/vcpu.def>
#undef VCPU_OP
#undef VCPU_OP_NULL
#undef VCPU_OP_REFUSED

/*
 * Reservation operations of memory_op, from *progress on, which counts extents, or (decrease)
 * frames. Returns the number of extents done so far, or -ERESTART.
 */
#define MEMORY_INCREASE_RESERVATION 0U
#define MEMORY_DECREASE_RESERVATION 1U
#define MEMORY_POPULATE_PHYSMAP     6U
#define MEMORY_ADD_TO_PHYSMAP       7U
int64_t memory_op_reservation(struct vcpu *v, struct domain *d, uint32_t cmd,
                              const struct memory_reservation_arg *a, uint64_t *progress);
