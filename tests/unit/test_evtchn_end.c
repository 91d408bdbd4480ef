/* SPDX-License-Identifier: Apache-2.0 */
/* How many ports a domain may have, and how all of them end: reset, preempted and not, and death.
 */
#include "evtchn_world.h"

/* What another CPU does while this one is at its next preemption check. */
static void (*meanwhile)(void);

bool preempt_check(void)
{
    void (*once)(void) = meanwhile;

    meanwhile = NULL;
    if (once != NULL) {
        once();
    }
    return this_cpu()->softirq_pending != 0;
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

static evtchn_port_t late;

static void bind_late(void)
{
    assert_int_equal(evtchn_alloc_unbound(&world[1].d, 2, &late), 0);
}

/* XEN-ABI: a reset during which a port was bound says so, whichever port that was. */
static void test_bound_during_reset(void **state)
{
    evtchn_port_t port;
    int64_t rc;

    (void)state;
    world_enter(1, 0);
    for (unsigned int i = 0; i < 100; i++) {
        assert_int_equal(bind_ipi(0, &port), 0);
    }
    meanwhile = bind_late;
    assert_int_equal(reset(DOMID_SELF), -EAGAIN);
    assert_null(meanwhile);
    world_audit();
    assert_int_equal(reset(DOMID_SELF), 0);
    for (port = 1; port <= 100; port++) {
        assert_int_equal(status(DOMID_SELF, port, &rc).status, 0);
    }
    assert_int_equal(status(DOMID_SELF, late, &rc).status, 0);
}

static void reset_again(void)
{
    struct evtchn_reset_arg a = {.dom = DOMID_SELF};
    struct hypercall_args args = {.arg = {OP_RESET, (WORLD_GFN + 1) << PAGE_SHIFT}};

    memcpy(world_va(1, 1), &a, sizeof(a));
    assert_int_equal(hypercall_event_channel_op(&world[1].v[1], &args), -ERESTART);
}

/* One at a time: the other one comes again. */
static void test_two_resets(void **state)
{
    evtchn_port_t port;

    (void)state;
    world_enter(1, 0);
    for (unsigned int i = 0; i < 100; i++) {
        assert_int_equal(bind_ipi(0, &port), 0);
    }
    meanwhile = reset_again;
    assert_int_equal(reset(DOMID_SELF), 0);
    assert_null(meanwhile);
    assert_int_equal(reset(DOMID_SELF), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_limits),
        TEST(test_reset),
        TEST(test_dead_domain_binds_nothing),
        TEST(test_abandoned_reset),
        TEST(test_reset_after_an_abandoned_one),
        TEST(test_bound_during_reset),
        TEST(test_two_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
