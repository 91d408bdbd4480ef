/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the tools, by any vCPU: domctl and sysctl through the guest's first frame. */
#pragma once

#include "machine.h"

#include <hearth/abi_sysctl.h>

#define TOOLS_NO_DOMAIN 77U

/* A call whose argument stands in v's first frame, until it does not ask to be made again. */
static inline int64_t tools_call(struct vcpu *v, machine_call_fn fn, void *arg, size_t size)
{
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    struct vcpu *old = this_cpu()->current;
    void *at = machine_va(v->domain, 0);
    int64_t rc;

    memcpy(at, arg, size);
    this_cpu()->current = v;
    do {
        this_cpu()->softirq_pending = 0;
        rc = fn(v, &args);
        if (rc == -ERESTART) {
            machine_turn();
            this_cpu()->current = v;
        }
    } while (rc == -ERESTART);
    this_cpu()->current = old;
    memcpy(arg, at, size);
    return rc;
}

static inline int64_t domctl(struct vcpu *v, uint32_t cmd, domid_t id, struct domctl_request_arg *r)
{
    r->cmd = cmd;
    r->version = 0x15;
    r->domain = id;
    return tools_call(v, hypercall_domctl, r, sizeof(*r));
}

/* With an argument that is all zeros. */
static inline int64_t domctl_zero(struct vcpu *v, uint32_t cmd, domid_t id)
{
    struct domctl_request_arg r = {0};

    return domctl(v, cmd, id, &r);
}

static inline int64_t sysctl(struct vcpu *v, uint32_t cmd, struct sysctl_request_arg *r)
{
    r->cmd = cmd;
    r->version = 0x15;
    return tools_call(v, hypercall_sysctl, r, sizeof(*r));
}

static inline struct domctl_request_arg tools_good_domain(void)
{
    struct domctl_request_arg r = {0};

    r.u.createdomain = (struct domctl_createdomain_arg){
        .flags = CDF_HVM | CDF_HAP,
        .max_vcpus = 2,
        .max_evtchn_port = 127,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .grant_opts = 1,
    };
    memset(r.u.createdomain.handle, 0x5a, sizeof(r.u.createdomain.handle));
    return r;
}

/* A request fails with an address that is not mapped. */
static inline int64_t tools_fault(struct vcpu *v, machine_call_fn fn)
{
    struct hypercall_args args = {.arg = {0xdead0000}};
    struct vcpu *old = this_cpu()->current;
    int64_t rc;

    this_cpu()->current = v;
    rc = fn(v, &args);
    this_cpu()->current = old;
    return rc;
}
