/* SPDX-License-Identifier: Apache-2.0 */
/* vm_assist (public/xen.h): options of a guest about itself. */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

/* runstate_update_flag; the others are of x86 PV guests. */
#define VMASST_VALID (1UL << 5)

static int op_enable(struct domain *d, unsigned int type)
{
    atomic_bit_set(&d->vm_assist, type);
    return 0;
}

static int op_disable(struct domain *d, unsigned int type)
{
    atomic_bit_clear(&d->vm_assist, type);
    return 0;
}

#define ASSIST_OP(number, name, hook)                                                              \
    case number:                                                                                   \
        rc = xsm_check(XSM_##hook, v->domain, NULL);                                               \
        return rc != 0 ? rc : op_##name(v->domain, type);

int64_t hypercall_vm_assist(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t type = (uint32_t)args->arg[1];
    int rc;

    if (type >= 64 || ((1UL << type) & VMASST_VALID) == 0) {
        return -EINVAL;
    }
    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/assist.def>
    default:
        return -ENOSYS;
    }
}
