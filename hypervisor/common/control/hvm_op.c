/* SPDX-License-Identifier: Apache-2.0 */
/* hvm_op: parameters (public/hvm/params.h). */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/vcpu.h>

enum param_access {
    PARAM_NONE = 0, /* not a parameter */
    PARAM_TOOLS,    /* only the control domain reads and writes it */
    PARAM_GUEST_R,  /* the guest may read it, the control domain sets it */
    PARAM_GUEST_RW,
};

static const uint8_t params[NR_HVM_PARAMS] = {
    [0] = PARAM_GUEST_R,  /* CALLBACK_IRQ */
    [1] = PARAM_GUEST_R,  /* STORE_PFN */
    [2] = PARAM_GUEST_R,  /* STORE_EVTCHN */
    [17] = PARAM_GUEST_R, /* CONSOLE_PFN */
    [18] = PARAM_GUEST_R, /* CONSOLE_EVTCHN */
    [28] = PARAM_TOOLS,   /* MONITOR_RING_PFN */
};

static int check(const struct vcpu *v, const struct domain *d, uint32_t index,
                 enum param_access self)
{
    enum param_access access;

    if (index >= NR_HVM_PARAMS) {
        return -EINVAL;
    }
    access = (enum param_access)params[index_nospec(index, NR_HVM_PARAMS)];
    if (access == PARAM_NONE) {
        return -EINVAL;
    }
    return v->domain == d && access < self ? -EPERM : 0;
}

int hvm_op_set_param(struct vcpu *v, struct domain *d, struct hvm_param_arg *a)
{
    int rc = check(v, d, a->index, PARAM_GUEST_RW);

    if (rc != 0) {
        return rc;
    }
    spin_lock(&d->lock);
    d->hvm_params[index_nospec(a->index, NR_HVM_PARAMS)] = a->value;
    spin_unlock(&d->lock);
    return 0;
}

int hvm_op_get_param(struct vcpu *v, struct domain *d, struct hvm_param_arg *a)
{
    int rc = check(v, d, a->index, PARAM_GUEST_R);

    if (rc == 0) {
        a->value = READ_ONCE(d->hvm_params[index_nospec(a->index, NR_HVM_PARAMS)]);
    }
    return rc;
}
