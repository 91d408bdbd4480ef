/* SPDX-License-Identifier: Apache-2.0 */
/* vm_assist (public/xen.h): options of a guest about itself. */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define VMASST_ENABLE  0U
#define VMASST_DISABLE 1U
/* runstate_update_flag; the others are of x86 PV guests. */
#define VMASST_VALID (1UL << 5)

int64_t hypercall_vm_assist(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t cmd = (uint32_t)args->arg[0];
    uint32_t type = (uint32_t)args->arg[1];
    int rc = xsm_check(XSM_VM_ASSIST, v->domain, NULL);

    if (rc != 0) {
        return rc;
    }
    if (type >= 64 || ((1UL << type) & VMASST_VALID) == 0) {
        return -EINVAL;
    }
    switch (cmd) {
    case VMASST_ENABLE:
        atomic_bit_set(&v->domain->vm_assist, type);
        return 0;
    case VMASST_DISABLE:
        atomic_bit_clear(&v->domain->vm_assist, type);
        return 0;
    default:
        return -ENOSYS;
    }
}
