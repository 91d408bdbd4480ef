/* SPDX-License-Identifier: Apache-2.0 */
/* event_channel_op: from its rows to the handlers in common/event. */
#include <hearth/hypercall/evtchn_ops.h>
#include <hearth/hypercall/handlers.h>

#include "op.h"

#define OP_REFUSED(number, name, error, why) OP_CASE_REFUSED(number, error)
#define OP_HOT(number, name, type, direction, hook)
#define OP_SELF(number, name, type, direction, hook)                                               \
    OP_CASE_SELF(evtchn, number, name, type, direction, hook)
#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    OP_CASE_TARGET(evtchn, number, name, type, direction, hook, field)

static noinline int64_t evtchn_other_op(struct vcpu *v, uint32_t cmd, guest_ptr_t arg)
{
    switch (cmd) {
#include <hearth/hypercall/evtchn.def>
    default:
        return -ENOSYS;
    }
}

#undef OP_HOT
#undef OP_SELF
#undef OP_TARGET
#undef OP_REFUSED
#define OP_REFUSED(number, name, error, why)
#define OP_SELF(number, name, type, direction, hook)
#define OP_TARGET(number, name, type, direction, hook, field)
#define OP_HOT(number, name, type, direction, hook)                                                \
    if (likely(cmd == (number))) {                                                                 \
        OP_BODY_SELF(evtchn, name, type, direction, hook)                                          \
    }

int64_t hypercall_event_channel_op(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t cmd = (uint32_t)args->arg[0];
    guest_ptr_t arg = guest_ptr(args->arg[1]);

#include <hearth/hypercall/evtchn.def>
    return evtchn_other_op(v, cmd, arg);
}
