/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: making domains and their vCPUs, and what may be set once they are there. */
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/boot.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/p2m.h>
#include <hearth/sched.h>
#include <hearth/softirq.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>
#include <hearth/xsm.h>

#define GRANT_VERSION_1 1U
#define CDF_REQUIRED    (CDF_HVM | CDF_HAP)

/* XEN-ABI: tables that a domain may have before the tools size its pool. */
#define FIRST_TABLES 16U

/* vCPUs made between two preemption checks: some 1,300 instructions each. */
#define VCPUS_PER_CHECK 16U

static int check_options(const struct domctl_createdomain_arg *a)
{
    /* No IOMMU is driven and no PMU is switched: who asks for them must hear it. */
    if (a->flags != CDF_REQUIRED || a->iommu_opts != 0) {
        return -EINVAL;
    }
    if (a->max_vcpus == 0 || a->vmtrace_size != 0) {
        return -EINVAL;
    }
    if (a->grant_opts != GRANT_VERSION_1 || a->max_grant_frames == 0) {
        return -EINVAL;
    }
    return a->cpupool_id != 0 ? -ESRCH : 0; /* one pool */
}

/* XEN-ABI: below 0 asks for as much as may be had. */
static bool frames_within(int32_t asked, uint32_t limit, uint32_t *frames)
{
    *frames = asked < 0 ? limit : (uint32_t)asked;
    return *frames <= limit;
}

static int create(domid_t id, struct domctl_createdomain_arg *a, struct domain **out)
{
    struct domain_config config;
    int rc;

    memset(&config, 0, sizeof(config));
    config.max_vcpus = a->max_vcpus;
    config.max_evtchn_port = a->max_evtchn_port;
    config.ssidref = a->ssidref;
    memcpy(config.handle, a->handle, sizeof(config.handle));
    if (!frames_within(a->max_grant_frames, options.gnttab_max_frames, &config.max_grant_frames) ||
        !frames_within(a->max_maptrack_frames, options.gnttab_max_maptrack_frames,
                       &config.max_maptrack_frames)) {
        return -EINVAL;
    }
    rc = arch_domain_config_in(&config, a->arch);
    return rc != 0 ? rc : domain_create(id, &config, out);
}

int domctl_op_createdomain(struct vcpu *v, struct domctl_request_arg *r)
{
    struct domctl_createdomain_arg *a = &r->u.createdomain;
    domid_t id = r->domain;
    struct domain *d;
    int rc;

    (void)v;
    if (id == 0 || id >= DOMID_FIRST_RESERVED) {
        id = DOMID_INVALID; /* XEN-ABI: choose one */
    } else if (domain_find(id) != NULL) {
        return -EEXIST; /* XEN-ABI: said before what is wrong with the options */
    }
    rc = check_options(a);
    if (rc != 0) {
        return rc;
    }
    rc = create(id, a, &d);
    if (rc != 0) {
        return rc;
    }
    d->tools_pause_count = 1;
    d->p2m[0]->table_limit = FIRST_TABLES;
    arch_domain_config_out(d, a->arch);
    r->domain = d->id;
    return 0;
}

/* Preempted, the call is made again: what exists then is passed over. */
int domctl_op_max_vcpus(struct vcpu *v, struct domain *d, struct domctl_max_vcpus_arg *a)
{
    unsigned int made = 0;
    int rc = 0;

    /* XEN-ABI: the number was fixed by createdomain. */
    if (d == v->domain || a->max != d->max_vcpus) {
        return -EINVAL;
    }
    spin_lock(&d->lock);
    for (uint32_t i = 0; i < d->max_vcpus && rc == 0; i++) {
        if (d->life != DOMAIN_ALIVE) {
            rc = -EINVAL;
        } else if (d->vcpu[i] == NULL) {
            rc = vcpu_create(d, i);
            if (rc == 0 && ++made % VCPUS_PER_CHECK == 0 && preempt_check()) {
                rc = -ERESTART;
            }
        }
    }
    spin_unlock(&d->lock);
    return rc;
}

int domctl_op_setdomainhandle(struct vcpu *v, struct domain *d,
                              struct domctl_setdomainhandle_arg *a)
{
    (void)v;
    spin_lock(&d->lock);
    memcpy(d->handle, a->handle, sizeof(d->handle));
    spin_unlock(&d->lock);
    return 0;
}

int domctl_op_settimeoffset(struct vcpu *v, struct domain *d, struct domctl_settimeoffset_arg *a)
{
    (void)v;
    WRITE_ONCE(d->time_offset_s, (uint64_t)a->time_offset_seconds);
    domain_tell_time(d);
    return 0;
}

int domctl_op_set_address_size(struct vcpu *v, struct domain *d, struct domctl_address_size_arg *a)
{
    int rc = arch_domain_set_width(d, a->size);

    (void)v;
    /* XEN-ABI: before there is memory. */
    return rc == 0 && READ_ONCE(d->tot_pages) != 0 ? -EBUSY : rc;
}

#define VUART_INIT   0U
#define VUART_VPL011 0U

int domctl_op_vuart_op(struct vcpu *v, struct domain *d, struct domctl_vuart_op_arg *a)
{
    gaddr_t base;
    unsigned int line;
    int rc;

    if ((a->pad[0] | a->pad[1]) != 0 || a->cmd != VUART_INIT) {
        return -EINVAL;
    }
    if (READ_ONCE(d->started) != 0) {
        return -EPERM;
    }
    if (a->type != VUART_VPL011) {
        return -EOPNOTSUPP;
    }
    rc = xsm_check_pair(XSM_EVTCHN_UNBOUND, v->domain, d, domain_find(a->console_domid));
    if (rc == 0) {
        rc = arch_domain_vuart(d, &base, &line);
    }
    if (rc != 0) {
        return rc;
    }
    spin_lock(&d->lock);
    rc = d->life != DOMAIN_ALIVE
             ? -EINVAL
             : vpl011_init_ring(d, base, line, gfn(a->gfn), a->console_domid, &a->evtchn);
    spin_unlock(&d->lock);
    return rc == -EEXIST ? -EINVAL : rc; /* XEN-ABI */
}

/* One node: what is set is checked, and what is asked for is that node. */
int domctl_op_setnodeaffinity(struct vcpu *v, struct domain *d, struct domctl_nodeaffinity_arg *a)
{
    unsigned long nodes = 0;
    int rc = bitmap_arg_in(&nodes, &a->nodemap, 1);

    (void)v;
    (void)d;
    if (rc == 0 && nodes == 0) {
        rc = -EINVAL;
    }
    return rc;
}

int domctl_op_getnodeaffinity(struct vcpu *v, struct domain *d, struct domctl_nodeaffinity_arg *a)
{
    const unsigned long nodes = 1;

    (void)v;
    (void)d;
    return bitmap_arg_out(&a->nodemap, &nodes, 1);
}
