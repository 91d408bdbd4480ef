/* SPDX-License-Identifier: Apache-2.0 */
/* populate_physmap and decrease_reservation: flushes by range, preemption, undo. */
#include "unit.h"

#include "machine.h"

#include <hearth/abi_types.h>

#define POPULATE 6U
#define DECREASE 1U

static struct domain *dom;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    machine_boot(1);
    dom = machine_domain(1, &machine_config, 8);
    v = dom->vcpu[0];
    return 0;
}

static struct hypercall_args arguments(uint64_t cmd, const uint64_t *gfns, uint64_t n,
                                       uint32_t order)
{
    struct memory_reservation_arg a = {.extent_start = guest_ptr(machine_ga(1)),
                                       .nr_extents = n,
                                       .extent_order = order,
                                       .domid = DOMID_SELF};

    memcpy(machine_va(dom, 0), &a, sizeof(a));
    memcpy(machine_va(dom, 1), gfns, n * sizeof(*gfns));
    return (struct hypercall_args){.arg = {cmd, machine_ga(0)}};
}

/* One go, with `pending` softirqs seen by preemption checks; none of the others is lost. */
static int64_t step(struct hypercall_args *args, unsigned long pending)
{
    unsigned long others = this_cpu()->softirq_pending;
    int64_t rc;

    this_cpu()->current = v;
    this_cpu()->softirq_pending = pending;
    rc = hypercall_memory_op(v, args);
    this_cpu()->softirq_pending = (this_cpu()->softirq_pending & ~pending) | others;
    this_cpu()->current = NULL;
    return rc;
}

static int64_t whole(uint64_t cmd, const uint64_t *gfns, uint64_t n, uint32_t order)
{
    struct hypercall_args args = arguments(cmd, gfns, n, order);

    return step(&args, 0);
}

static unsigned int flushes(void)
{
    return host_count_events(HOST_FLUSH_RANGE) + host_count_events(HOST_FLUSH_ALL);
}

/* 2 MiB in 8 parts, each looked at for what is pending; the continuation counts frames. */
static void test_decrease_is_preempted(void **state)
{
    const uint64_t at = 0x2000;
    uint64_t pages = dom->tot_pages;
    struct hypercall_args args;

    (void)state;
    assert_int_equal(whole(POPULATE, &at, 1, 9), 1);
    args = arguments(DECREASE, &at, 1, 9);
    host_forget_events();
    for (unsigned int part = 1; part < 8; part++) {
        assert_int_equal(step(&args, 1UL << SOFTIRQ_TIMER), -ERESTART);
        assert_int_equal(args.arg[0], DECREASE | (uint64_t)part * 64 << 6);
        assert_int_equal(dom->tot_pages, pages + 512 - part * 64);
    }
    assert_int_equal(step(&args, 1UL << SOFTIRQ_TIMER), 1);
    assert_int_equal(dom->tot_pages, pages);
    assert_in_range(flushes(), 8, 9); /* one more where the block was split */
    machine_turn();
}

static void test_decrease_flushes_by_range(void **state)
{
    uint64_t gfns[100];

    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        gfns[i] = 0x1000 + i * 2;
    }
    assert_int_equal(whole(POPULATE, gfns, 100, 0), 100);
    host_forget_events();
    assert_int_equal(whole(DECREASE, gfns, 100, 0), 100);
    assert_int_equal(flushes(), 2);

    /* A frame that is named twice, and one that is not there: what was before them is done. */
    assert_int_equal(whole(POPULATE, gfns, 10, 0), 10);
    gfns[7] = gfns[2];
    assert_int_equal(whole(DECREASE, gfns, 10, 0), 7);
    assert_int_equal(whole(DECREASE, gfns + 8, 2, 0), 2);
    gfns[7] = 0x1000 + 7 * 2;
    assert_int_equal(whole(DECREASE, gfns + 7, 1, 0), 1);
    machine_turn();
}

/* Half an extent is there: none counts as done, and what is behind stays. */
static void test_decrease_stops_in_an_extent(void **state)
{
    uint64_t gfns[2] = {0x2000, 0x2008};
    uint64_t hole = 0x200b;
    uint64_t pages = dom->tot_pages;
    struct p2m_entry e;

    (void)state;
    assert_int_equal(whole(POPULATE, gfns, 2, 3), 2);
    assert_int_equal(whole(DECREASE, &hole, 1, 0), 1);
    assert_int_equal(whole(DECREASE, gfns, 2, 3), 1);
    assert_int_equal(dom->tot_pages, pages + 4);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(0x200a), &e), -ENOENT);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(0x200c), &e), 0);
    gfns[0] = 0x200c;
    assert_int_equal(whole(DECREASE, gfns, 1, 2), 1);
    assert_int_equal(dom->tot_pages, pages);
    machine_turn();
}

/* Progress that a guest makes up skips frames of its own; none is behind the end. */
static void test_forged_progress(void **state)
{
    const uint64_t at = 0x2000;
    uint64_t pages = dom->tot_pages;
    struct hypercall_args args;

    (void)state;
    assert_int_equal(whole(POPULATE, &at, 1, 4), 1);
    args = arguments(DECREASE | 10U << 6, &at, 1, 4);
    assert_int_equal(step(&args, 0), 1);
    assert_int_equal(dom->tot_pages, pages + 10);
    args = arguments(DECREASE | 17U << 6, &at, 1, 4);
    assert_int_equal(step(&args, 0), 17);
    args = arguments(DECREASE, &at, 1, 4);
    args.arg[0] |= UINT64_MAX << 6;
    assert_int_equal(step(&args, 0), UINT64_MAX >> 6);
    assert_int_equal(dom->tot_pages, pages + 10);
    for (uint64_t i = 0; i < 10; i++) {
        uint64_t one = at + i;

        assert_int_equal(whole(DECREASE, &one, 1, 0), 1);
    }
    assert_int_equal(dom->tot_pages, pages);
}

/* No memory is left for the table that the new mapping needs: what stood there still does. */
static void test_failed_populate_changes_nothing(void **state)
{
    const uint64_t block = 0x2000, inside = 0x2005, nowhere = 0x80000;
    uint64_t pages;
    struct p2m_entry before, after;
    static mfn_t rest[16384]; /* all of the host's 64 MiB */
    unsigned int nr_rest = 0;

    (void)state;
    assert_int_equal(whole(POPULATE, &block, 1, 9), 1);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(inside), &before), 0);
    assert_int_equal(before.order, 9);
    pages = dom->tot_pages;
    while (nr_rest < 16384 && page_alloc(0, PAGE_HEAP, 0, &rest[nr_rest]) == 0) {
        nr_rest++;
    }
    assert_in_range(nr_rest, 16, 16383);
    page_free(rest[--nr_rest], 0); /* the guest's frame, but no table */
    assert_int_equal(whole(POPULATE, &inside, 1, 0), 0);
    assert_int_equal(whole(POPULATE, &nowhere, 1, 0), 0);
    assert_int_equal(dom->tot_pages, pages);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(inside), &after), 0);
    assert_int_equal(after.mfn.n, before.mfn.n);
    assert_int_equal(after.order, 9);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(nowhere), &after), -ENOENT);
    machine_turn();
    /* The frame came back: it can be had again. */
    assert_int_equal(page_alloc(0, PAGE_HEAP, 0, &rest[nr_rest]), 0);
    nr_rest++;
    while (nr_rest > 0) {
        page_free(rest[--nr_rest], 0);
    }
    assert_int_equal(whole(DECREASE, &block, 1, 9), 1);
    machine_turn();
}

static void test_refused(void **state)
{
    const uint64_t bad[] = {0x2001, UINT64_MAX & ~511UL, 1UL << 36};
    uint64_t pages = dom->tot_pages;
    struct hypercall_args args;

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(whole(POPULATE, &bad[i], 1, 9), 0);
        assert_int_equal(whole(DECREASE, &bad[i], 1, 9), 0);
    }
    args = arguments(DECREASE, bad, 1, 0);
    ((struct memory_reservation_arg *)machine_va(dom, 0))->nr_extents = UINT64_MAX >> 3;
    assert_int_equal(step(&args, 0), 0);
    ((struct memory_reservation_arg *)machine_va(dom, 0))->nr_extents = 2;
    ((struct memory_reservation_arg *)machine_va(dom, 0))->extent_start.a = UINT64_MAX - 8;
    assert_int_equal(step(&args, 0), 0);
    ((struct memory_reservation_arg *)machine_va(dom, 0))->extent_start.a = 0xdead0000;
    assert_int_equal(step(&args, 0), 0);
    assert_int_equal(dom->tot_pages, pages);
}

static void test_end(void **state)
{
    (void)state;
    machine_kill(dom);
    assert_null(domain_find(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decrease_is_preempted),
        cmocka_unit_test(test_decrease_flushes_by_range),
        cmocka_unit_test(test_decrease_stops_in_an_extent),
        cmocka_unit_test(test_forged_progress),
        cmocka_unit_test(test_failed_populate_changes_nothing),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
