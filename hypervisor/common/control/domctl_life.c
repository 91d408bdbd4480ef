/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: pausing, resuming, ending; questions about a domain. */
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/vcpu.h>

int domctl_op_destroydomain(struct vcpu *v, struct domain *d)
{
    return d == v->domain ? -EINVAL : domain_kill(d);
}

int domctl_op_pausedomain(struct vcpu *v, struct domain *d)
{
    return d == v->domain ? -EINVAL : domain_tools_pause(d);
}

int domctl_op_unpausedomain(struct vcpu *v, struct domain *d)
{
    return d == v->domain ? -EINVAL : domain_tools_unpause(d);
}

int domctl_op_resumedomain(struct vcpu *v, struct domain *d)
{
    if (d == v->domain) {
        return -EINVAL;
    }
    domain_resume(d);
    return 0;
}

int domctl_op_setdebugging(struct vcpu *v, struct domain *d, struct domctl_setdebugging_arg *a)
{
    if (d == v->domain) {
        return -EINVAL;
    }
    spin_lock(&d->lock);
    d->is_debugged = a->enable != 0;
    spin_unlock(&d->lock);
    return 0;
}

int domctl_op_set_virq_handler(struct vcpu *v, struct domain *d,
                               struct domctl_set_virq_handler_arg *a)
{
    (void)v;
    return evtchn_set_virq_handler(d, a->virq);
}

/* XEN-ABI: tells of the first domain whose id is not below the one given. */
int domctl_op_getdomaininfo(struct vcpu *v, struct domctl_request_arg *r)
{
    struct domain *d;

    (void)v;
    if (r->domain >= DOMID_FIRST_RESERVED) {
        return -EINVAL;
    }
    for_each_domain (d) {
        if (d->id >= r->domain) {
            domain_info(d, &r->u.getdomaininfo);
            r->domain = d->id;
            return 0;
        }
    }
    return -ESRCH;
}
