/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels by hypercall: each operation, each error, closing in all orders, 2-level. */
#include "unit.h"

#include "world.h"

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

static int64_t alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound_arg a = {.dom = dom, .remote_dom = remote};
    int64_t rc = EVTCHN(OP_ALLOC_UNBOUND, a);

    *port = a.port;
    return rc;
}

static int64_t bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain_arg a = {.remote_dom = remote, .remote_port = remote_port};
    int64_t rc = EVTCHN(OP_BIND_INTERDOMAIN, a);

    *port = a.local_port;
    return rc;
}

static int64_t bind_virq(uint32_t virq, uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq_arg a = {.virq = virq, .vcpu = vcpu};
    int64_t rc = EVTCHN(OP_BIND_VIRQ, a);

    *port = a.port;
    return rc;
}

static int64_t bind_ipi(uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi_arg a = {.vcpu = vcpu};
    int64_t rc = EVTCHN(OP_BIND_IPI, a);

    *port = a.port;
    return rc;
}

static int64_t bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu_arg a = {.port = port, .vcpu = vcpu};

    return EVTCHN(OP_BIND_VCPU, a);
}

static int64_t port_op(uint64_t op, evtchn_port_t port)
{
    struct evtchn_send_arg a = {.port = port};

    return EVTCHN(op, a);
}

static int64_t reset(domid_t dom)
{
    struct evtchn_reset_arg a = {.dom = dom};

    return EVTCHN(OP_RESET, a);
}

static struct evtchn_status_arg status(domid_t dom, evtchn_port_t port, int64_t *rc)
{
    struct evtchn_status_arg a;

    memset(&a, 0xa5, sizeof(a));
    a.dom = dom;
    a.port = port;
    *rc = EVTCHN(OP_STATUS, a);
    return a;
}

static bool pending(unsigned int n, evtchn_port_t port)
{
    return bit_test(world[n].shared->evtchn_pending, port);
}

/* What a guest does: takes the pending bits of a vCPU. */
static void ack(unsigned int n, unsigned int vcpu, evtchn_port_t port)
{
    bit_clear(world[n].shared->evtchn_pending, port);
    world[n].v[vcpu].info->pending_sel = 0;
    world[n].v[vcpu].info->upcall_pending = 0;
}

/* Domain 1's port tied to domain 2's. */
static void tie(evtchn_port_t *one, evtchn_port_t *two)
{
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, one), 0);
    world_enter(2, 0);
    assert_int_equal(bind_interdomain(1, *one, two), 0);
}

static int setup(void **state)
{
    static bool booted;
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};

    (void)state;
    if (!booted) {
        host_boot(1);
        booted = true;
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_domain(i, &config);
    }
    world_wakes = 0;
    world_polls = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_audit();
    for (unsigned int i = 0; i < 3; i++) {
        world_destroy(i);
        world_audit();
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_free(i);
    }
    this_cpu()->current = NULL;
    assert_int_equal(heap_in_use(), 0);
    return 0;
}

static void test_unknown_operations(void **state)
{
    uint64_t arg = 0;

    (void)state;
    world_enter(1, 0);
    for (uint64_t op = 14; op < 40; op++) {
        assert_int_equal(EVTCHN(op, arg), -ENOSYS);
    }
    /* The command is 32 bits wide: rubbish above is not looked at. */
    assert_int_equal(EVTCHN(0xdead00000000ULL | OP_SEND, arg), -EINVAL);
}

static void test_unmapped_argument(void **state)
{
    (void)state;
    world_enter(1, 0);
    for (uint64_t op = 0; op < 14; op++) {
        struct hypercall_args args = {.arg = {op, 0xffff0000}};

        assert_int_equal(hypercall_event_channel_op(current_vcpu(), &args), -EFAULT);
    }
}

static void test_interdomain_both_ways(void **state)
{
    evtchn_port_t one, two;

    (void)state;
    tie(&one, &two);
    assert_int_equal(one, 1);
    assert_int_equal(two, 1);
    /* Binding makes up for what was sent before. */
    assert_true(pending(2, two));
    assert_int_equal(world[2].v[0].arch.upcalls, 1);
    assert_int_equal(world[2].v[0].info->upcall_pending, 1);
    assert_int_equal(world[2].v[0].info->pending_sel, 1);
    ack(2, 0, two);
    assert_int_equal(port_op(OP_SEND, two), 0);
    assert_true(pending(1, one));
    assert_false(pending(2, two));
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    /* Again: already pending, no second upcall. */
    assert_int_equal(port_op(OP_SEND, two), 0);
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    world_enter(1, 0);
    assert_int_equal(port_op(OP_SEND, one), 0);
    assert_true(pending(2, two));
    assert_int_equal(world[2].v[0].arch.upcalls, 2);
}

static void test_upcall_only_from_0_to_1(void **state)
{
    evtchn_port_t a, b;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(bind_ipi(1, &a), 0);
    assert_int_equal(bind_ipi(1, &b), 0);
    assert_int_equal(port_op(OP_SEND, a), 0);
    assert_int_equal(port_op(OP_SEND, b), 0);
    assert_true(pending(1, a) && pending(1, b));
    assert_int_equal(world[1].v[1].arch.upcalls, 1);
    assert_int_equal(world[1].v[0].arch.upcalls, 0);
}

static void test_masked(void **state)
{
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(bind_ipi(0, &port), 0);
    bit_set(world[1].shared->evtchn_mask, port);
    assert_int_equal(port_op(OP_SEND, port), 0);
    assert_true(pending(1, port));
    assert_int_equal(world[1].v[0].arch.upcalls, 0);
    assert_int_equal(port_op(OP_UNMASK, port), 0);
    assert_false(bit_test(world[1].shared->evtchn_mask, port));
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    assert_int_equal(world[1].v[0].info->pending_sel, 1);
    ack(1, 0, port);
    assert_int_equal(port_op(OP_UNMASK, port), 0);
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    assert_int_equal(port_op(OP_UNMASK, 5000), -EINVAL);
}

static void test_send_errors(void **state)
{
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(port_op(OP_SEND, 0), -EINVAL);
    assert_int_equal(port_op(OP_SEND, 1), -EINVAL);
    assert_int_equal(port_op(OP_SEND, 127), -EINVAL);
    assert_int_equal(port_op(OP_SEND, 128), -EINVAL);
    assert_int_equal(port_op(OP_SEND, ~0U), -EINVAL);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, &port), 0);
    assert_int_equal(port_op(OP_SEND, port), 0); /* to nobody */
    assert_int_equal(bind_virq(VIRQ_DEBUG, 0, &port), 0);
    assert_int_equal(port_op(OP_SEND, port), -EINVAL);
}

static void test_bind_interdomain_errors(void **state)
{
    evtchn_port_t port, other;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, &port), 0);
    world_enter(0, 0);
    assert_int_equal(bind_interdomain(1, port, &other), -EINVAL); /* it waits for 2 */
    world_enter(2, 0);
    assert_int_equal(bind_interdomain(9, port, &other), -ESRCH);
    assert_int_equal(bind_interdomain(1, port + 1, &other), -EINVAL);
    assert_int_equal(bind_interdomain(1, 0, &other), -EINVAL);
    assert_int_equal(bind_interdomain(1, 1u << 20, &other), -EINVAL);
    assert_int_equal(bind_interdomain(1, port, &other), 0);
    assert_int_equal(bind_interdomain(1, port, &other), -EINVAL);
}

static void test_loopback(void **state)
{
    evtchn_port_t one, two;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &one), 0);
    assert_int_equal(bind_interdomain(DOMID_SELF, one, &two), 0);
    assert_int_equal(port_op(OP_SEND, two), 0);
    assert_true(pending(1, one));
    world_audit();
    assert_int_equal(port_op(OP_CLOSE, two), 0);
    world_audit();
    assert_int_equal(bind_interdomain(DOMID_SELF, one, &two), 0);
    assert_int_equal(port_op(OP_CLOSE, one), 0);
    world_audit();
}

static void test_alloc_unbound_for_others(void **state)
{
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(2, DOMID_SELF, &port), -EPERM);
    assert_int_equal(alloc_unbound(1, 77, &port), 0); /* own id; nobody there yet */
    assert_int_equal(alloc_unbound(9, 0, &port), -ESRCH);
    world_enter(0, 0);
    assert_int_equal(alloc_unbound(2, DOMID_SELF, &port), 0);
    assert_int_equal(bind_interdomain(2, port, &port), 0);
}

static void test_silo(void **state)
{
    evtchn_port_t port, local;

    (void)state;
    xsm_init("silo");
    world_enter(1, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, &port), -EPERM);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0, &port), 0);
    world_enter(2, 0);
    assert_int_equal(bind_interdomain(1, port, &local), -EPERM);
    world_enter(0, 0);
    assert_int_equal(bind_interdomain(1, port, &local), 0);
    xsm_init("dummy");
}

static void test_virqs(void **state)
{
    evtchn_port_t debug[2], exc, port;

    (void)state;
    world_enter(1, 0);
    assert_int_equal(bind_virq(24, 0, &port), -EINVAL);
    assert_int_equal(bind_virq(~0U, 0, &port), -EINVAL);
    assert_int_equal(bind_virq(VIRQ_DEBUG, WORLD_VCPUS, &port), -ENOENT);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 1, &port), -EINVAL); /* global: vCPU 0 only */
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &exc), 0);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &port), -EEXIST);
    assert_int_equal(bind_virq(VIRQ_DEBUG, 0, &debug[0]), 0);
    assert_int_equal(bind_virq(VIRQ_DEBUG, 1, &debug[1]), 0);
    assert_int_equal(bind_virq(VIRQ_DEBUG, 1, &port), -EEXIST);
    evtchn_send_virq(&world[1].v[1], VIRQ_DEBUG);
    assert_true(pending(1, debug[1]) && !pending(1, debug[0]));
    assert_int_equal(world[1].v[1].arch.upcalls, 1);
    evtchn_send_virq(&world[1].v[2], VIRQ_DEBUG); /* not bound */
    evtchn_send_virq(&world[1].v[0], 99);
    /* A global one may move. */
    assert_int_equal(bind_vcpu(exc, 2), 0);
    evtchn_send_global_virq(&world[1].d, VIRQ_DOM_EXC);
    assert_true(pending(1, exc));
    assert_int_equal(world[1].v[2].arch.upcalls, 1);
    world_audit();
    assert_int_equal(bind_vcpu(debug[0], 1), -EINVAL); /* a vCPU's own may not */
    assert_int_equal(port_op(OP_CLOSE, exc), 0);
    world_audit();
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &exc), 0);
    assert_int_equal(port_op(OP_CLOSE, debug[1]), 0);
    evtchn_send_virq(&world[1].v[1], VIRQ_DEBUG);
    assert_false(pending(1, debug[1]));
}

static void test_bind_vcpu(void **state)
{
    evtchn_port_t one, two, ipi;

    (void)state;
    tie(&one, &two);
    world_enter(1, 0);
    assert_int_equal(bind_vcpu(one, WORLD_VCPUS), -ENOENT);
    assert_int_equal(bind_vcpu(0, 1), -EINVAL);
    assert_int_equal(bind_vcpu(99, 1), -EINVAL);
    assert_int_equal(bind_vcpu(999, 1), -EINVAL);
    assert_int_equal(bind_vcpu(one, 2), 0);
    assert_int_equal(bind_ipi(0, &ipi), 0);
    assert_int_equal(bind_vcpu(ipi, 1), -EINVAL);
    assert_int_equal(bind_ipi(WORLD_VCPUS, &ipi), -ENOENT);
    world_enter(2, 0);
    assert_int_equal(port_op(OP_SEND, two), 0);
    assert_int_equal(world[1].v[2].arch.upcalls, 1);
}

static void test_status(void **state)
{
    evtchn_port_t one, two, virq, ipi, wait;
    struct evtchn_status_arg s;
    int64_t rc;

    (void)state;
    tie(&one, &two);
    world_enter(1, 0);
    bind_virq(VIRQ_DEBUG, 1, &virq);
    bind_ipi(2, &ipi);
    alloc_unbound(DOMID_SELF, 0, &wait);
    s = status(DOMID_SELF, one, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(s.status, 2);
    assert_int_equal(s.u.interdomain.dom, 2);
    assert_int_equal(s.u.interdomain.port, two);
    s = status(1, virq, &rc);
    assert_int_equal(s.status, 4);
    assert_int_equal(s.vcpu, 1);
    assert_int_equal(s.u.virq, VIRQ_DEBUG);
    s = status(1, ipi, &rc);
    assert_int_equal(s.status, 5);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(s.u.interdomain.port, 0); /* nothing of the caller's rubbish comes back */
    s = status(1, wait, &rc);
    assert_int_equal(s.status, 1);
    assert_int_equal(s.u.unbound.dom, 0);
    s = status(1, 0, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(s.status, 0);
    s = status(1, wait + 1, &rc);
    assert_int_equal(s.status, 0);
    status(1, 4096, &rc);
    assert_int_equal(rc, -EINVAL);
    status(2, two, &rc);
    assert_int_equal(rc, -EPERM);
    status(9, two, &rc);
    assert_int_equal(rc, -ESRCH);
    world_enter(0, 0);
    s = status(2, two, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(s.u.interdomain.dom, 1);
}

static void test_close(void **state)
{
    evtchn_port_t one, two, again;
    int64_t rc;

    (void)state;
    tie(&one, &two);
    world_enter(1, 0);
    assert_int_equal(port_op(OP_CLOSE, 0), -EINVAL);
    assert_int_equal(port_op(OP_CLOSE, 77), -EINVAL);
    assert_int_equal(port_op(OP_CLOSE, 7777), -EINVAL);
    assert_int_equal(port_op(OP_CLOSE, one), 0);
    assert_int_equal(port_op(OP_CLOSE, one), -EINVAL);
    world_audit();
    /* The other end waits for domain 1 again. */
    world_enter(2, 0);
    assert_int_equal(status(2, two, &rc).status, 1);
    assert_int_equal(port_op(OP_SEND, two), 0);
    assert_false(pending(1, one));
    world_enter(1, 0);
    assert_int_equal(bind_interdomain(2, two, &again), 0);
    world_enter(2, 0);
    assert_int_equal(port_op(OP_CLOSE, two), 0);
    world_enter(1, 0);
    assert_int_equal(status(1, again, &rc).status, 1);
    assert_int_equal(port_op(OP_CLOSE, again), 0);
}

static void test_close_clears_pending(void **state)
{
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    bind_ipi(0, &port);
    port_op(OP_SEND, port);
    assert_true(pending(1, port));
    port_op(OP_CLOSE, port);
    assert_false(pending(1, port));
}

/* A send that looked up its peer before the close and delivers after it: spurious, harmless. */
static void test_late_send(void **state)
{
    evtchn_port_t one, two, next;

    (void)state;
    tie(&one, &two);
    world_enter(1, 0);
    port_op(OP_CLOSE, one);
    bit_set(world[1].shared->evtchn_pending, one);
    world_audit();
    do {
        assert_int_equal(bind_ipi(0, &next), 0);
    } while (next != one);
    assert_int_equal(port_op(OP_SEND, next), 0);
    world_audit();
}

static void test_limits(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = 1023};
    evtchn_port_t port;
    unsigned int n = 0;

    (void)state;
    world_enter(2, 0);
    while (bind_ipi(0, &port) == 0) {
        n++;
        assert_int_equal(port, n);
    }
    assert_int_equal(n, 4095); /* 2-level */
    assert_int_equal(bind_ipi(0, &port), -ENOSPC);
    assert_int_equal(port_op(OP_CLOSE, 100), 0);
    assert_int_equal(bind_ipi(0, &port), 0);
    assert_int_equal(port, 100);

    world_domain(3, &config);
    world_enter(3, 0);
    n = 0;
    while (bind_ipi(0, &port) == 0) {
        n++;
    }
    assert_int_equal(n, 1023);
    world_audit();
    world_destroy(3);
    world_free(3);

    config.max_evtchn_port = 0; /* none, and not: any */
    world_domain(3, &config);
    world_enter(3, 0);
    assert_int_equal(bind_ipi(0, &port), -ENOSPC);
    world_audit();
    world_destroy(3);
    world_free(3);
}

static void test_reset(void **state)
{
    evtchn_port_t one, two, port;
    int64_t rc;

    (void)state;
    tie(&one, &two);
    world_enter(1, 0);
    for (unsigned int i = 0; i < 300; i++) {
        bind_ipi(i % WORLD_VCPUS, &port);
    }
    bind_virq(VIRQ_DEBUG, 1, &port);
    assert_int_equal(reset(2), -EPERM);
    assert_int_equal(reset(9), -ESRCH);
    world_enter(0, 0);
    assert_int_equal(reset(1), -EINVAL); /* not paused */
    world_enter(1, 0);
    /* A pending softirq makes it stop and go on. */
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(reset(DOMID_SELF), 0);
    world_audit();
    for (port = 1; port < 300; port++) {
        assert_int_equal(status(1, port, &rc).status, 0);
    }
    world_enter(2, 0);
    assert_int_equal(status(2, two, &rc).status, 1);
    world_enter(0, 0);
    world[2].d.pause_count = 1;
    assert_int_equal(reset(2), 0);
    world[2].d.pause_count = 0;
}

static void test_dead_domain_binds_nothing(void **state)
{
    evtchn_port_t port, local;

    (void)state;
    world_enter(1, 0);
    alloc_unbound(DOMID_SELF, 2, &port);
    while (evtchn_domain_destroy(&world[1].d) == -ERESTART) {
    }
    assert_int_equal(bind_ipi(0, &local), -EINVAL);
    assert_int_equal(alloc_unbound(DOMID_SELF, 2, &local), -EINVAL);
    world_enter(2, 0);
    assert_int_equal(bind_interdomain(1, port, &local), -EINVAL);
}

/* Domain 1's reset, with other work waiting: it stops behind the first ports, to go on later. */
static void stop_reset(void)
{
    struct evtchn_reset_arg a = {.dom = DOMID_SELF};
    struct hypercall_args args = {.arg = {OP_RESET, WORLD_GFN << PAGE_SHIFT}};

    world_enter(1, 0);
    memcpy(world_va(1, 0), &a, sizeof(a));
    this_cpu()->softirq_pending = 1;
    assert_int_equal(hypercall_event_channel_op(current_vcpu(), &args), -ERESTART);
    this_cpu()->softirq_pending = 0;
}

/* What is bound behind the back of a reset that nobody continues is closed at the end, too. */
static void test_abandoned_reset(void **state)
{
    struct evtchn_status_arg s;
    evtchn_port_t one;
    evtchn_port_t two;
    int64_t rc;

    (void)state;
    stop_reset();
    tie(&one, &two);
    assert_in_range(one, 1, 63);
    while (evtchn_domain_destroy(&world[1].d) == -ERESTART) {
    }
    world_enter(2, 0);
    s = status(DOMID_SELF, two, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(s.status, 1); /* waits for its next partner */
}

/* Nor does the next reset leave it. */
static void test_reset_after_an_abandoned_one(void **state)
{
    evtchn_port_t port;
    int64_t rc;

    (void)state;
    stop_reset();
    assert_int_equal(bind_ipi(0, &port), 0);
    assert_in_range(port, 1, 63);
    assert_int_equal(reset(DOMID_SELF), 0);
    assert_int_equal(status(1, port, &rc).status, 0);
    assert_int_equal(bind_ipi(0, &port), 0); /* nor one after it */
    assert_int_equal(reset(DOMID_SELF), 0);
    assert_int_equal(status(1, port, &rc).status, 0);
}

static void test_poll(void **state)
{
    evtchn_port_t a, b;
    bool is;

    (void)state;
    world_enter(1, 0);
    bind_ipi(0, &a);
    bind_ipi(0, &b);
    bit_set(world[1].shared->evtchn_mask, a);
    bit_set(world[1].shared->evtchn_mask, b);
    assert_int_equal(evtchn_port_pending(&world[1].d, a, &is), 0);
    assert_false(is);
    assert_int_equal(evtchn_port_pending(&world[1].d, 4000, &is), -EINVAL);
    evtchn_poll_begin(&world[1].v[1], a, false);
    evtchn_poll_begin(&world[1].v[2], 0, true);
    port_op(OP_SEND, b);
    assert_int_equal(world_polls, 1); /* the one that waits for all */
    assert_false(world[1].v[2].polling);
    assert_true(world[1].v[1].polling);
    port_op(OP_SEND, a);
    assert_int_equal(world_polls, 2);
    assert_int_equal(world_wakes, 2);
    assert_int_equal(world[1].v[0].arch.upcalls, 0);
    assert_int_equal(evtchn_port_pending(&world[1].d, a, &is), 0);
    assert_true(is);
    assert_false(evtchn_poll_end(&world[1].v[1]));
    evtchn_poll_begin(&world[1].v[1], a, false);
    assert_true(evtchn_poll_end(&world[1].v[1]));
}

static void test_vcpu_info_moves(void **state)
{
    static struct guest_vcpu_info elsewhere;
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    bind_ipi(1, &port);
    world[1].v[1].info = NULL; /* never registered */
    port_op(OP_SEND, port);
    assert_true(pending(1, port));
    assert_int_equal(world[1].v[1].arch.upcalls, 0);
    memset(&elsewhere, 0, sizeof(elsewhere));
    world[1].v[1].info = &elsewhere;
    evtchn_vcpu_info_moved(&world[1].v[1]);
    assert_int_equal(elsewhere.upcall_pending, 1);
    assert_true(elsewhere.pending_sel == ~0UL);
    assert_int_equal(world[1].v[1].arch.upcalls, 1);
}

static void test_set_priority_without_fifo(void **state)
{
    struct evtchn_set_priority_arg a = {.port = 1, .priority = 3};
    struct evtchn_bind_pirq_arg p = {.pirq = 3};
    struct evtchn_expand_array_arg e = {.array_gfn = WORLD_GFN + 1};

    (void)state;
    world_enter(1, 0);
    assert_int_equal(EVTCHN(OP_SET_PRIORITY, a), -ENOSYS);
    assert_int_equal(EVTCHN(OP_BIND_PIRQ, p), -EINVAL);
    assert_int_equal(EVTCHN(OP_EXPAND_ARRAY, e), -EOPNOTSUPP);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_operations),
        TEST(test_unmapped_argument),
        TEST(test_interdomain_both_ways),
        TEST(test_upcall_only_from_0_to_1),
        TEST(test_masked),
        TEST(test_send_errors),
        TEST(test_bind_interdomain_errors),
        TEST(test_loopback),
        TEST(test_alloc_unbound_for_others),
        TEST(test_silo),
        TEST(test_virqs),
        TEST(test_bind_vcpu),
        TEST(test_status),
        TEST(test_close),
        TEST(test_close_clears_pending),
        TEST(test_late_send),
        TEST(test_limits),
        TEST(test_reset),
        TEST(test_dead_domain_binds_nothing),
        TEST(test_abandoned_reset),
        TEST(test_reset_after_an_abandoned_one),
        TEST(test_poll),
        TEST(test_vcpu_info_moves),
        TEST(test_set_priority_without_fifo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
