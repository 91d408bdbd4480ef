/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: scheduler and CPU pools. */
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/hypercall/sysctl_ops.h>
#include <hearth/sched.h>
#include <hearth/vcpu.h>

static uint32_t scheduler_id(const struct vcpu *v)
{
    return sched_policy_of(v->domain)->id;
}

int sysctl_op_sched_id(struct vcpu *v, struct sysctl_sched_id_arg *a)
{
    a->sched_id = scheduler_id(v);
    return 0;
}

int sysctl_op_scheduler_op(struct vcpu *v, struct sysctl_scheduler_op_arg *a)
{
    if (a->cpupool_id != 0) {
        return -ESRCH;
    }
    if (a->sched_id != scheduler_id(v)) {
        return -EINVAL;
    }
    if (a->cmd == SCHEDOP_PUTINFO) {
        return sched_set_ratelimit(v->domain, (nanosec_t)a->u.ratelimit_us * NS_PER_US);
    }
    if (a->cmd != SCHEDOP_GETINFO) {
        return -EINVAL;
    }
    a->u.ratelimit_us = (uint32_t)(sched_ratelimit(v->domain) / NS_PER_US);
    return 0;
}

static uint32_t domains(void)
{
    struct domain *d;
    uint32_t n = 0;

    for_each_domain (d) {
        n++;
    }
    return n;
}

/* Pool-0, with all CPUs. XEN-ABI: info is of the first pool whose id is not below the one given. */
static int pool_info(struct vcpu *v, struct sysctl_cpupool_op_arg *a)
{
    DECLARE_BITMAP(cpu, CONFIG_NR_CPUS) = {0};
    unsigned int i;

    if (a->cpupool_id != 0) {
        return -ENOENT;
    }
    for_each_cpu (i) {
        bit_set(cpu, i);
    }
    a->sched_id = scheduler_id(v);
    a->n_dom = domains();
    return bitmap_arg_out(&a->cpumap, cpu, CONFIG_NR_CPUS);
}

static int pool_free_cpus(struct sysctl_cpupool_op_arg *a)
{
    DECLARE_BITMAP(none, CONFIG_NR_CPUS) = {0};

    return bitmap_arg_out(&a->cpumap, none, CONFIG_NR_CPUS);
}

/* A domain is in Pool-0 already. */
static int pool_move(const struct vcpu *v, const struct sysctl_cpupool_op_arg *a)
{
    const struct domain *d =
        a->domid < DOMID_FIRST_RESERVED ? domain_find((domid_t)a->domid) : NULL;

    if (d == NULL) {
        return -ESRCH;
    }
    if (d == v->domain) {
        return -EPERM; /* XEN-ABI */
    }
    return a->cpupool_id == 0 ? 0 : -ENOENT;
}

int sysctl_op_cpupool_op(struct vcpu *v, struct sysctl_cpupool_op_arg *a)
{
    switch (a->op) {
    case CPUPOOL_OP_INFO:
        return pool_info(v, a);
    case CPUPOOL_OP_FREEINFO:
        return pool_free_cpus(a);
    case CPUPOOL_OP_MOVEDOMAIN:
        return pool_move(v, a);
    case CPUPOOL_OP_CREATE:
    case CPUPOOL_OP_DESTROY:
    case CPUPOOL_OP_ADDCPU:
    case CPUPOOL_OP_RMCPU:
        return -EOPNOTSUPP; /* one pool */
    default:
        return -ENOSYS;
    }
}
