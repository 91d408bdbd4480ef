/* SPDX-License-Identifier: Apache-2.0 */
/* Three domains whose event channels go by hypercall. */
#pragma once

#include "world_test.h"

#include <hearth/abi_types.h>

enum {
    OP_BIND_INTERDOMAIN,
    OP_BIND_VIRQ,
    OP_BIND_PIRQ,
    OP_CLOSE,
    OP_SEND,
    OP_STATUS,
    OP_ALLOC_UNBOUND,
    OP_BIND_IPI,
    OP_BIND_VCPU,
    OP_UNMASK,
    OP_RESET,
    OP_INIT_CONTROL,
    OP_EXPAND_ARRAY,
    OP_SET_PRIORITY,
};

static inline int64_t alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound_arg a = {.dom = dom, .remote_dom = remote};
    int64_t rc = EVTCHN(OP_ALLOC_UNBOUND, a);

    *port = a.port;
    return rc;
}

static inline int64_t bind_interdomain(domid_t remote, evtchn_port_t remote_port,
                                       evtchn_port_t *port)
{
    struct evtchn_bind_interdomain_arg a = {.remote_dom = remote, .remote_port = remote_port};
    int64_t rc = EVTCHN(OP_BIND_INTERDOMAIN, a);

    *port = a.local_port;
    return rc;
}

static inline int64_t bind_virq(uint32_t virq, uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq_arg a = {.virq = virq, .vcpu = vcpu};
    int64_t rc = EVTCHN(OP_BIND_VIRQ, a);

    *port = a.port;
    return rc;
}

static inline int64_t bind_ipi(uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi_arg a = {.vcpu = vcpu};
    int64_t rc = EVTCHN(OP_BIND_IPI, a);

    *port = a.port;
    return rc;
}

static inline int64_t bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu_arg a = {.port = port, .vcpu = vcpu};

    return EVTCHN(OP_BIND_VCPU, a);
}

static inline int64_t port_op(uint64_t op, evtchn_port_t port)
{
    struct evtchn_send_arg a = {.port = port};

    return EVTCHN(op, a);
}

static inline int64_t reset(domid_t dom)
{
    struct evtchn_reset_arg a = {.dom = dom};

    return EVTCHN(OP_RESET, a);
}

static inline struct evtchn_status_arg status(domid_t dom, evtchn_port_t port, int64_t *rc)
{
    struct evtchn_status_arg a;

    memset(&a, 0xa5, sizeof(a));
    a.dom = dom;
    a.port = port;
    *rc = EVTCHN(OP_STATUS, a);
    return a;
}

static inline bool pending(unsigned int n, evtchn_port_t port)
{
    return bit_test(world[n].shared->evtchn_pending, port);
}

/* What a guest does: takes the pending bits of a vCPU. */
static inline void ack(unsigned int n, unsigned int vcpu, evtchn_port_t port)
{
    bit_clear(world[n].shared->evtchn_pending, port);
    world[n].v[vcpu].info->pending_sel = 0;
    world[n].v[vcpu].info->upcall_pending = 0;
}

/* Domain 1's port tied to domain 2's. */
static inline void tie(evtchn_port_t *one, evtchn_port_t *two)
{
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, one), 0);
    world_enter(2, 0);
    assert_int_equal(bind_interdomain(1, *one, two), 0);
}
