/* SPDX-License-Identifier: Apache-2.0 */
/* platform_op: what the control domain tells about the machine (public/platform.h): time. */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/lock.h>
#include <hearth/shared.h>
#include <hearth/timer.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define XENPF_INTERFACE_VERSION 0x03000001U

/* Of two settimes at once the later one is in every shared_info, and no version misses a change. */
static struct spinlock wallclock_lock = SPINLOCK_INIT(RANK_TIMER);

/* Under wallclock_lock. shared_info's wall clock: the time at boot, with a version that is odd
 * while it changes. */
static void update_wallclock(struct domain *d)
{
    struct guest_shared_info *s = d->shared_info;
    uint64_t secs = wallclock_base() / NS_PER_S + d->time_offset_s;
    uint32_t version = READ_ONCE(s->wc_version) & ~1U;

    WRITE_ONCE(s->wc_version, version + 1);
    smp_mb(); /* readers see the odd version before the change */
    WRITE_ONCE(s->wc_sec, (uint32_t)secs);
    WRITE_ONCE(s->wc_sec_hi, (uint32_t)(secs >> 32));
    WRITE_ONCE(s->wc_nsec, (uint32_t)(wallclock_base() % NS_PER_S));
    smp_mb(); /* and the change before the even one */
    WRITE_ONCE(s->wc_version, version + 2);
}

static int settime(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
    struct domain *d;

    if (nsecs >= NS_PER_S || secs > UINT64_MAX / NS_PER_S / 2) {
        return -EINVAL;
    }
    spin_lock(&wallclock_lock);
    wallclock_set(secs, nsecs, system_time);
    for_each_domain (d) {
        update_wallclock(d);
    }
    spin_unlock(&wallclock_lock);
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
