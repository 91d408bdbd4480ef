/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: registers and state of vCPUs. */
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/vcpu.h>

/* As it was when it was made, but for its registers. */
static void reset(struct vcpu *target)
{
    target->initialised = false;
    sched_set_pause(target, PAUSE_DOWN);
    sched_clear_pause(target, PAUSE_BLOCKED);
}

int domctl_op_setvcpucontext(struct vcpu *v, struct domain *d, struct domctl_vcpucontext_arg *a)
{
    struct vcpu *target = domain_vcpu(d, a->vcpu);
    bool online = false;
    int rc;

    if (d == v->domain || target == NULL) {
        return -EINVAL;
    }
    rc = domain_pause(d);
    if (rc != 0) {
        return rc;
    }
    if (guest_ptr_is_null(a->ctxt)) {
        reset(target);
        domain_unpause(d);
        return 0;
    }
    rc = arch_vcpu_context_in(target, a->ctxt, &online);
    if (rc == 0) {
        target->initialised = true;
        if (online) {
            sched_clear_pause(target, PAUSE_DOWN);
        } else {
            sched_set_pause(target, PAUSE_DOWN);
        }
    }
    domain_unpause(d);
    return rc;
}

int domctl_op_getvcpucontext(struct vcpu *v, struct domain *d, struct domctl_vcpucontext_arg *a)
{
    struct vcpu *target = domain_vcpu(d, a->vcpu);
    int rc;

    if (target == NULL || target == v) {
        return -EINVAL;
    }
    if (!target->initialised) {
        return -ENODATA;
    }
    rc = vcpu_pause(target);
    if (rc != 0) {
        return rc;
    }
    rc = arch_vcpu_context_out(target, a->ctxt);
    vcpu_unpause(target);
    return rc;
}

int domctl_op_getvcpuinfo(struct vcpu *v, struct domain *d, struct domctl_getvcpuinfo_arg *a)
{
    const struct vcpu *target = domain_vcpu(d, a->vcpu);
    struct runstate_info runstate;
    unsigned long pause;

    (void)v;
    if (a->vcpu >= d->max_vcpus) {
        return -EINVAL;
    }
    if (target == NULL) {
        return -ESRCH;
    }
    sched_runstate(target, &runstate);
    pause = READ_ONCE(target->sched.pause);
    a->online = (pause & PAUSE_DOWN) == 0;
    a->blocked = (pause & PAUSE_BLOCKED) != 0;
    a->running = runstate.state == RUNSTATE_RUNNING;
    a->cpu_time = runstate.time[RUNSTATE_RUNNING];
    a->cpu = READ_ONCE(target->sched.cpu);
    return 0;
}
