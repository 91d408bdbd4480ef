/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: the request's version chooses the adapter, its command the row. */
#include <hearth/domctl_abi.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/hypercall/handlers.h>

#include "op.h"

#define NO_COMMAND  0U
#define FIRST_GDBSX 1000U

/*
 * Members of the request that came in the argument: DOMCTL rows copy back the whole request, as
 * Xen does, so that an adapter may turn all of it.
 */
struct domctl_call {
    struct vcpu *v;
    struct domctl_request_arg r;
    bool copy_back;
};

static int find(const struct domctl_call *c, enum xsm_hook hook, struct domain **d)
{
    *d = c->r.domain < DOMID_FIRST_RESERVED ? domain_find(c->r.domain) : NULL;
    return *d == NULL ? -ESRCH : xsm_check(hook, c->v->domain, *d);
}

#define DOMCTL(number, name, member, direction, hook)                                              \
    case number:                                                                                   \
        rc = find(c, XSM_##hook, &d);                                                              \
        c->copy_back = OP_COPY_BACK_##direction;                                                   \
        return rc != 0 ? rc : domctl_op_##name(c->v, d, &c->r.u.member);
#define DOMCTL_NULL(number, name, hook)                                                            \
    case number:                                                                                   \
        rc = find(c, XSM_##hook, &d);                                                              \
        return rc != 0 ? rc : domctl_op_##name(c->v, d);
#define DOMCTL_ANY(number, name, hook)                                                             \
    case number:                                                                                   \
        rc = xsm_check(XSM_##hook, c->v->domain, NULL);                                            \
        c->copy_back = true;                                                                       \
        return rc != 0 ? rc : domctl_op_##name(c->v, &c->r);
#define DOMCTL_REFUSED(number, name, error, why)                                                   \
    case number:                                                                                   \
        rc = find(c, XSM_DOMCTL, &d);                                                              \
        return rc != 0 ? rc : -(error);

static int perform(struct domctl_call *c)
{
    struct domain *d;
    int rc;

    switch (c->r.cmd) {
#include <hearth/hypercall/domctl.def>
    default:
        rc = find(c, XSM_DOMCTL, &d);
        return rc != 0 ? rc : -ENOSYS;
    }
}

int64_t hypercall_domctl(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[0]);
    struct domctl_call c = {.v = v, .copy_back = false};
    const struct domctl_abi *abi;
    int rc = guest_copy_in(&c.r, arg, sizeof(c.r));

    if (rc != 0) {
        return rc;
    }
    abi = domctl_abi_find(c.r.version);
    if (abi == NULL) {
        return -EACCES;
    }
    if (c.r.cmd > abi->last && c.r.cmd < FIRST_GDBSX) {
        c.r.cmd = NO_COMMAND; /* a later version's */
    }
    rc = abi->in != NULL ? abi->in(&c.r) : 0;
    if (rc == 0) {
        rc = perform(&c);
    }
    if (c.copy_back && (rc == 0 || rc == -ERESTART) && abi->out != NULL) {
        abi->out(&c.r);
    }
    return op_finish(rc, c.copy_back, arg, &c.r, sizeof(c.r));
}
