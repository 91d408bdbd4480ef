/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rows to a dispatcher. A table of sub-operations is a .def file of rows
 *
 *   OP_SELF(number, name, type, direction, hook)
 *       the caller acts on itself, on the host, or on a peer that the handler finds and checks
 *       (xsm_check_pair): int <prefix>_op_<name>(struct vcpu *v, struct type *a)
 *   OP_TARGET(number, name, type, direction, hook, field)
 *       a->field is the domid of the domain acted upon; found (-ESRCH) and checked before
 *       int <prefix>_op_<name>(struct vcpu *v, struct domain *d, struct type *a)
 *   OP_HOT(...), columns of OP_SELF
 *       the same, placed before the switch (see op_evtchn.c)
 *   OP_NULL(number, name, hook)
 *       no argument: int64_t <prefix>_op_<name>(struct vcpu *v)
 *   OP_REFUSED(number, name, error, why)
 *       the ABI knows it, Hearth leaves it out on purpose: the error, for every caller
 *
 * `type` is an internal structure of abi_types.h with the layout of the native wire structure
 * (common/abi asserts it), `direction` IN or INOUT (copied back when the result is 0), `hook` an
 * entry of xsm_hooks.def without XSM_: a row without one does not compile. A handler sees a copy of
 * the argument, made once; it decodes, checks, performs.
 *
 * Prototypes (hearth/hypercall/ *.h): define the row macros as prototypes and include the .def.
 * The dispatcher (common/hypercall/op_*.c):
 *
 *   #define OP_SELF(number, name, type, direction, hook) \
 *       OP_CASE_SELF(evtchn, number, name, type, direction, hook)
 *   ... one line for each row form that the .def uses
 *   int64_t hypercall_event_channel_op(struct vcpu *v, struct hypercall_args *args)
 *   {
 *       guest_ptr_t arg = guest_ptr(args->arg[1]);
 *
 *       switch ((uint32_t)args->arg[0]) {
 *   #include <hearth/hypercall/evtchn.def>
 *       default:
 *           return -ENOSYS;
 *       }
 *   }
 *
 * Command and count registers are 32 bits wide in the ABI: callers may leave rubbish above.
 * Handlers that continue (-ERESTART) keep their progress in their object, or in the argument
 * with direction INOUT, which is copied back for -ERESTART too.
 */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define OP_COPY_BACK_IN    false
#define OP_COPY_BACK_INOUT true

static always_inline int64_t op_finish(int rc, bool copy_back, guest_ptr_t arg, const void *a,
                                       size_t size)
{
    if (copy_back && (rc == 0 || rc == -ERESTART)) {
        int bad = guest_copy_out(arg, a, size);

        return bad != 0 ? bad : rc;
    }
    return rc;
}

#define OP_BODY_SELF(prefix, name, type, direction, hook)                                          \
    {                                                                                              \
        struct type row_arg;                                                                       \
        int row_rc = guest_copy_in(&row_arg, arg, sizeof(row_arg));                                \
                                                                                                   \
        if (row_rc == 0) {                                                                         \
            row_rc = xsm_check(XSM_##hook, v->domain, NULL);                                       \
        }                                                                                          \
        if (row_rc != 0) {                                                                         \
            return row_rc;                                                                         \
        }                                                                                          \
        row_rc = prefix##_op_##name(v, &row_arg);                                                  \
        return op_finish(row_rc, OP_COPY_BACK_##direction, arg, &row_arg, sizeof(row_arg));        \
    }

#define OP_CASE_SELF(prefix, number, name, type, direction, hook)                                  \
    case number:                                                                                   \
        OP_BODY_SELF(prefix, name, type, direction, hook)

#define OP_CASE_TARGET(prefix, number, name, type, direction, hook, field)                         \
    case number: {                                                                                 \
        struct type row_arg;                                                                       \
        struct domain *row_d;                                                                      \
        int row_rc = guest_copy_in(&row_arg, arg, sizeof(row_arg));                                \
                                                                                                   \
        if (row_rc != 0) {                                                                         \
            return row_rc;                                                                         \
        }                                                                                          \
        row_d = domain_find(row_arg.field);                                                        \
        row_rc = row_d == NULL ? -ESRCH : xsm_check(XSM_##hook, v->domain, row_d);                 \
        if (row_rc != 0) {                                                                         \
            return row_rc;                                                                         \
        }                                                                                          \
        row_rc = prefix##_op_##name(v, row_d, &row_arg);                                           \
        return op_finish(row_rc, OP_COPY_BACK_##direction, arg, &row_arg, sizeof(row_arg));        \
    }

#define OP_CASE_REFUSED(number, error)                                                             \
    case number:                                                                                   \
        return -(error);

#define OP_CASE_NULL(prefix, number, name, hook)                                                   \
    case number: {                                                                                 \
        int row_rc = xsm_check(XSM_##hook, v->domain, NULL);                                       \
                                                                                                   \
        return row_rc != 0 ? row_rc : prefix##_op_##name(v);                                       \
    }
