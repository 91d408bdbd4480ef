/* SPDX-License-Identifier: Apache-2.0 */
/* platform_op: what the control domain tells about the machine (public/platform.h): time. */
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/timer.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define XENPF_INTERFACE_VERSION 0x03000001U

static int settime(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
    struct domain *d;

    if (nsecs >= NS_PER_S || secs > UINT64_MAX / NS_PER_S / 2) {
        return -EINVAL;
    }
    wallclock_set(secs, nsecs, system_time);
    for_each_domain (d) {
        domain_tell_time(d);
    }
    return 0;
}

static int op_settime32(const struct platform_settime32_arg *a)
{
    return settime(a->secs, a->nsecs, a->system_time);
}

static int op_settime64(const struct platform_settime64_arg *a)
{
    return a->mbz != 0 ? -EINVAL : settime(a->secs, a->nsecs, a->system_time);
}

#define PLATFORM_OP(number, name, hook)                                                            \
    case number:                                                                                   \
        rc = xsm_check(XSM_##hook, v->domain, NULL);                                               \
        return rc != 0 ? rc : op_##name(&a.u.name);
#define PLATFORM_REFUSED(number, name, error, why)                                                 \
    case number:                                                                                   \
        return -(error);

int64_t hypercall_platform_op(struct vcpu *v, struct hypercall_args *args)
{
    struct platform_op_arg a;
    /* XEN-ABI: who may not do anything here is not told what there is. */
    int rc = xsm_check(XSM_PLATFORM, v->domain, NULL);

    if (rc == 0) {
        rc = guest_copy_in(&a, guest_ptr(args->arg[0]), sizeof(a));
    }
    if (rc != 0) {
        return rc;
    }
    if (a.interface_version != XENPF_INTERFACE_VERSION) {
        return -EACCES;
    }
    switch (a.cmd) {
#include <hearth/hypercall/platform.def>
    default:
        return -ENOSYS;
    }
}
