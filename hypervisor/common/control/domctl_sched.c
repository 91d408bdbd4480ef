/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: weights, caps and affinity. */
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/sched.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

/* XEN_VCPUAFFINITY_* */
#define AFFINITY_HARD (1U << 0)
#define AFFINITY_SOFT (1U << 1)

int domctl_op_scheduler_op(struct vcpu *v, struct domain *d, struct domctl_scheduler_op_arg *a)
{
    struct sched_params p;

    (void)v;
    if (a->sched_id != sched_policy_of(d)->id) {
        return -EINVAL;
    }
    sched_get_params(d, &p);
    switch (a->cmd) {
    case SCHEDOP_GETINFO:
        a->u.credit2.weight = (uint16_t)p.weight;
        a->u.credit2.cap = (uint16_t)p.cap;
        return 0;
    case SCHEDOP_PUTINFO:
        /* XEN-ABI: weight 0 means unchanged. */
        p.weight = a->u.credit2.weight != 0 ? a->u.credit2.weight : p.weight;
        p.cap = a->u.credit2.cap;
        return sched_set_params(d, &p);
    case SCHEDOP_PUTVCPUINFO:
    case SCHEDOP_GETVCPUINFO:
    default:
        return -EINVAL; /* this policy has nothing of one vCPU */
    }
}

static int find(const struct domain *d, const struct domctl_vcpuaffinity_arg *a, struct vcpu **v)
{
    if (a->vcpu >= d->max_vcpus) {
        return -EINVAL;
    }
    *v = domain_vcpu(d, a->vcpu);
    if (*v == NULL) {
        return -ESRCH;
    }
    /* XEN-ABI: bits that mean nothing are not looked at. */
    if (a->flags == 0 ||
        ((a->flags & AFFINITY_HARD) != 0 && guest_ptr_is_null(a->cpumap_hard.bitmap)) ||
        ((a->flags & AFFINITY_SOFT) != 0 && guest_ptr_is_null(a->cpumap_soft.bitmap))) {
        return -EINVAL;
    }
    return 0;
}

/* Of what was set, what counts: within the online CPUs, and soft within hard. */
static int tell_effective(const struct vcpu *target, const struct domctl_vcpuaffinity_arg *a)
{
    DECLARE_BITMAP(hard, CONFIG_NR_CPUS) = {0};
    DECLARE_BITMAP(soft, CONFIG_NR_CPUS) = {0};
    unsigned int i;
    int rc = 0;

    for_each_cpu (i) {
        if (bit_test(target->sched.hard_affinity, i)) {
            bit_set(hard, i);
            if (bit_test(target->sched.soft_affinity, i)) {
                bit_set(soft, i);
            }
        }
    }
    if ((a->flags & AFFINITY_HARD) != 0) {
        rc = bitmap_arg_out(&a->cpumap_hard, hard, nr_cpus);
    }
    if (rc == 0 && (a->flags & AFFINITY_SOFT) != 0) {
        rc = bitmap_arg_out(&a->cpumap_soft, soft, nr_cpus);
    }
    return rc;
}

int domctl_op_setvcpuaffinity(struct vcpu *v, struct domain *d, struct domctl_vcpuaffinity_arg *a)
{
    DECLARE_BITMAP(hard, CONFIG_NR_CPUS);
    DECLARE_BITMAP(soft, CONFIG_NR_CPUS);
    bool set_hard = (a->flags & AFFINITY_HARD) != 0;
    bool set_soft = (a->flags & AFFINITY_SOFT) != 0;
    struct vcpu *target;
    int rc = find(d, a, &target);

    (void)v;
    if (rc == 0 && set_hard) {
        rc = bitmap_arg_in(hard, &a->cpumap_hard, CONFIG_NR_CPUS);
    }
    if (rc == 0 && set_soft) {
        rc = bitmap_arg_in(soft, &a->cpumap_soft, CONFIG_NR_CPUS);
    }
    if (rc == 0) {
        rc = sched_set_affinity(target, set_hard ? hard : NULL, set_soft ? soft : NULL);
    }
    return rc == 0 ? tell_effective(target, a) : rc;
}

int domctl_op_getvcpuaffinity(struct vcpu *v, struct domain *d, struct domctl_vcpuaffinity_arg *a)
{
    struct vcpu *target;
    int rc = find(d, a, &target);

    (void)v;
    if (rc == 0 && (a->flags & AFFINITY_HARD) != 0) {
        rc = bitmap_arg_out(&a->cpumap_hard, target->sched.hard_affinity, nr_cpus);
    }
    if (rc == 0 && (a->flags & AFFINITY_SOFT) != 0) {
        rc = bitmap_arg_out(&a->cpumap_soft, target->sched.soft_affinity, nr_cpus);
    }
    return rc;
}
