/* SPDX-License-Identifier: Apache-2.0 */
/* sched_op, hvm_op, physdev_op, vcpu_op: from their rows to the handlers in common/control. */
#include <hearth/hypercall/handlers.h>

#include "op.h"

#define OP_SELF(number, name, type, direction, hook)                                               \
    OP_CASE_SELF(sched, number, name, type, direction, hook)
#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    OP_CASE_TARGET(sched, number, name, type, direction, hook, field)
#define OP_NULL(number, name, hook)          OP_CASE_NULL(sched, number, name, hook)
#define OP_REFUSED(number, name, error, why) OP_CASE_REFUSED(number, error)

int64_t hypercall_sched_op(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[1]);

    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/sched.def>
    default:
        return -ENOSYS;
    }
}

#undef OP_SELF
#undef OP_TARGET
#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    OP_CASE_TARGET(hvm, number, name, type, direction, hook, field)

int64_t hypercall_hvm_op(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[1]);

    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/hvm.def>
    default:
        return -ENOSYS;
    }
}

#define OP_SELF(number, name, type, direction, hook)                                               \
    OP_CASE_SELF(physdev, number, name, type, direction, hook)

int64_t hypercall_physdev_op(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[1]);

    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/physdev.def>
    default:
        return -ENOSYS;
    }
}

#define VCPU_OP(number, name, type, hook)                                                          \
    case number: {                                                                                 \
        struct type a;                                                                             \
        int rc = guest_copy_in(&a, arg, sizeof(a));                                                \
                                                                                                   \
        if (rc == 0) {                                                                             \
            rc = xsm_check(XSM_##hook, v->domain, NULL);                                           \
        }                                                                                          \
        return rc != 0 ? rc : vcpu_op_##name(v, target, &a);                                       \
    }
#define VCPU_OP_NULL(number, name, hook)                                                           \
    case number: {                                                                                 \
        int rc = xsm_check(XSM_##hook, v->domain, NULL);                                           \
                                                                                                   \
        return rc != 0 ? rc : vcpu_op_##name(v, target);                                           \
    }
#define VCPU_OP_REFUSED(number, name, error, why) OP_CASE_REFUSED(number, error)

int64_t hypercall_vcpu_op(struct vcpu *v, struct hypercall_args *args)
{
    struct vcpu *target = domain_vcpu(v->domain, (uint32_t)args->arg[1]);
    guest_ptr_t arg = guest_ptr(args->arg[2]);

    if (target == NULL) {
        return -ENOENT;
    }
    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/vcpu.def>
    default:
        return -EINVAL; /* XEN-ABI: on Arm the others do not exist */
    }
}
