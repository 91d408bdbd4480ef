/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels by hypercall: each operation, each error, closing in all orders, 2-level. */
#include "evtchn_world.h"

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
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
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
        TEST(test_poll),
        TEST(test_vcpu_info_moves),
        TEST(test_set_priority_without_fifo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
