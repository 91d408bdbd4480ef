/* SPDX-License-Identifier: Apache-2.0 */
/* grant_table_op: from its rows to the handlers in common/grant. */
#include <hearth/hypercall/grant_ops.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/softirq.h>

#include "op.h"

/* Bits of cmd above the command carry the cursor of a continued operation. */
#define CMD_BITS 12U

/*
 * An array row. Most calls have one item, through a window. Of more, whole batches are copied,
 * handled, copied back.
 */
#define OP_ARRAY(number, name, type, hook)                                                         \
    static noinline int64_t grant_batches_##name(struct vcpu *v, struct hypercall_args *args)      \
    {                                                                                              \
        struct type a[GRANT_BATCH];                                                                \
        uint32_t count = (uint32_t)args->arg[2];                                                   \
                                                                                                   \
        while (count > 0) {                                                                        \
            uint32_t n = MIN(count, GRANT_BATCH);                                                  \
            guest_ptr_t at = guest_ptr(args->arg[1]);                                              \
            int rc = guest_copy_in(a, at, n * sizeof(a[0]));                                       \
                                                                                                   \
            if (rc == 0) {                                                                         \
                rc = grant_op_##name(v, a, n, XSM_##hook);                                         \
            }                                                                                      \
            if (rc == 0) {                                                                         \
                rc = guest_copy_out(at, a, n * sizeof(a[0]));                                      \
            }                                                                                      \
            if (rc != 0) {                                                                         \
                return rc;                                                                         \
            }                                                                                      \
            count -= n;                                                                            \
            args->arg[1] = at.a + n * sizeof(a[0]);                                                \
            args->arg[2] = count;                                                                  \
            if (count > 0 && preempt_check()) {                                                    \
                return -ERESTART;                                                                  \
            }                                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static noinline int64_t grant_row_##name(struct vcpu *v, struct hypercall_args *args)          \
    {                                                                                              \
        struct guest_window w;                                                                     \
        struct type a;                                                                             \
        int rc;                                                                                    \
                                                                                                   \
        if (unlikely((uint32_t)args->arg[2] != 1 || sizeof(a) % 8 != 0 ||                          \
                     !guest_window_open(v, &w, guest_ptr(args->arg[1]), sizeof(a)))) {             \
            return grant_batches_##name(v, args);                                                  \
        }                                                                                          \
        guest_window_read(&w, &a, sizeof(a));                                                      \
        rc = grant_op_##name(v, &a, 1, XSM_##hook);                                                \
        guest_window_close(&w, &a, sizeof(a));                                                     \
        return rc;                                                                                 \
    }
#define OP_ONE(number, name, type, hook)                                                           \
    static noinline int64_t grant_row_##name(struct vcpu *v, struct hypercall_args *args)          \
    {                                                                                              \
        guest_ptr_t at = guest_ptr(args->arg[1]);                                                  \
        struct type a;                                                                             \
        int rc;                                                                                    \
                                                                                                   \
        if (OP_NEEDS_ONE_##name && (uint32_t)args->arg[2] != 1) {                                  \
            return -EINVAL;                                                                        \
        }                                                                                          \
        rc = guest_copy_in(&a, at, sizeof(a));                                                     \
        if (rc != 0) {                                                                             \
            return rc;                                                                             \
        }                                                                                          \
        rc = grant_op_##name(v, &a, XSM_##hook);                                                   \
        return guest_copy_out(at, &a, sizeof(a)) != 0 ? -EFAULT : rc;                              \
    }
#define OP_CURSOR(number, name, type, hook)                                                        \
    static noinline int64_t grant_row_##name(struct vcpu *v, struct hypercall_args *args)          \
    {                                                                                              \
        uint32_t cursor = (uint32_t)args->arg[0] >> CMD_BITS;                                      \
        uint32_t count = (uint32_t)args->arg[2];                                                   \
        int rc = xsm_check(XSM_##hook, v->domain, NULL);                                           \
                                                                                                   \
        while (rc == 0 && count > 0) {                                                             \
            struct type a;                                                                         \
                                                                                                   \
            rc = guest_copy_in(&a, guest_ptr(args->arg[1]), sizeof(a));                            \
            if (rc == 0) {                                                                         \
                rc = grant_op_##name(v, &a, &cursor);                                              \
            }                                                                                      \
            if (rc == 0) {                                                                         \
                count--;                                                                           \
                cursor = 0;                                                                        \
                args->arg[1] += sizeof(a);                                                         \
                args->arg[2] = count;                                                              \
                rc = count > 0 && preempt_check() ? -ERESTART : 0;                                 \
            }                                                                                      \
        }                                                                                          \
        args->arg[0] = (number) | (uint64_t)cursor << CMD_BITS;                                    \
        return rc;                                                                                 \
    }
#define OP_REFUSED(number, name, error, why)

/* XEN-ABI: the version calls do not look at count. */
#define OP_NEEDS_ONE_setup_table true
#define OP_NEEDS_ONE_query_size  true
#define OP_NEEDS_ONE_set_version false
#define OP_NEEDS_ONE_get_version false

#include <hearth/hypercall/grant.def>

#undef OP_ARRAY
#undef OP_ONE
#undef OP_CURSOR
#undef OP_REFUSED
#define OP_ARRAY(number, name, type, hook)
#define OP_ONE(number, name, type, hook)
#define OP_CURSOR(number, name, type, hook)                                                        \
    case number:                                                                                   \
        return grant_row_##name(v, args);
#define OP_REFUSED(number, name, error, why)

/* A command that is no row's. XEN-ABI: who has no cursor must not have one. */
static noinline int64_t grant_continued(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t cmd = (uint32_t)args->arg[0];

    if (cmd >> CMD_BITS == 0) {
        return -ENOSYS;
    }
    switch (cmd & ((1U << CMD_BITS) - 1)) {
#include <hearth/hypercall/grant.def>
    default:
        return -EINVAL;
    }
}

#undef OP_ARRAY
#undef OP_ONE
#undef OP_CURSOR
#undef OP_REFUSED
#define OP_ARRAY(number, name, type, hook)                                                         \
    case number:                                                                                   \
        return grant_row_##name(v, args);
#define OP_ONE                               OP_ARRAY
#define OP_CURSOR                            OP_ARRAY
#define OP_REFUSED(number, name, error, why) OP_CASE_REFUSED(number, error)

int64_t hypercall_grant_table_op(struct vcpu *v, struct hypercall_args *args)
{
    if ((int32_t)args->arg[2] < 0) {
        return -EINVAL;
    }
    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/grant.def>
    default:
        return grant_continued(v, args);
    }
}
