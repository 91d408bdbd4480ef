/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: from the request's command to its row. One interface version so far. */
#include <hearth/hypercall/handlers.h>
#include <hearth/hypercall/sysctl_ops.h>

#include "op.h"

#define SYSCTL_VERSION 0x15U

#define SYSCTL(number, name, direction, hook)                                                      \
    case number:                                                                                   \
        *copy_back = OP_COPY_BACK_##direction;                                                     \
        rc = xsm_check(XSM_##hook, v->domain, NULL);                                               \
        return rc != 0 ? rc : sysctl_op_##name(v, &r->u.name);
#define SYSCTL_REFUSED(number, name, error, why)                                                   \
    case number:                                                                                   \
        rc = xsm_check(XSM_SYSCTL, v->domain, NULL);                                               \
        return rc != 0 ? rc : -(error);

static int perform(struct vcpu *v, struct sysctl_request_arg *r, bool *copy_back)
{
    int rc;

    switch (r->cmd) {
#include <hearth/hypercall/sysctl.def>
    default:
        rc = xsm_check(XSM_SYSCTL, v->domain, NULL);
        return rc != 0 ? rc : -ENOSYS;
    }
}

int64_t hypercall_sysctl(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[0]);
    struct sysctl_request_arg r;
    bool copy_back = false;
    int rc = guest_copy_in(&r, arg, sizeof(r));

    if (rc != 0) {
        return rc;
    }
    if (r.version != SYSCTL_VERSION) {
        return -EACCES;
    }
    rc = perform(v, &r, &copy_back);
    /* An IN row that goes on has its progress in the argument. */
    return op_finish(rc, copy_back || rc == -ERESTART, arg, &r, sizeof(r));
}
