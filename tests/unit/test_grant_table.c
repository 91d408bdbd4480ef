/* SPDX-License-Identifier: Apache-2.0 */
/* Grant tables: sizes, versions, swaps, limits, random use, records. */
#include "grant_world.h"
#include "world_state.h"

static void test_sizes_and_versions(void **state)
{
    struct grant_query_size_arg q[1] = {{.dom = DOMID_SELF}};
    struct grant_set_version_arg s[1] = {{.version = 1}};
    struct grant_get_version_arg g[1] = {{.dom = DOMID_SELF}};
    uint64_t unused[1] = {0};
    mfn_t m;

    (void)state;
    assert_int_equal(GNTTAB(OP_QUERY_SIZE, q, 1), 0);
    assert_int_equal(q[0].status, 0);
    assert_int_equal(q[0].nr_frames, 1);
    assert_int_equal(q[0].max_nr_frames, 64);
    q[0].dom = 1;
    assert_int_equal(GNTTAB(OP_QUERY_SIZE, q, 1), 0);
    assert_int_equal(q[0].status, -8);
    q[0].dom = 9;
    assert_int_equal(GNTTAB(OP_QUERY_SIZE, q, 1), 0);
    assert_int_equal(q[0].status, -2);
    assert_int_equal(world_call(hypercall_grant_table_op, OP_QUERY_SIZE, q, sizeof(q), 2), -EINVAL);
    assert_int_equal(world_call(hypercall_grant_table_op, OP_QUERY_SIZE, q, sizeof(q), 0), -EINVAL);
    assert_int_equal(world_call(hypercall_grant_table_op, OP_MAP, q, sizeof(q), ~0U), -EINVAL);
    assert_int_equal(GNTTAB(OP_SET_VERSION, s, 1), 0);
    s[0].version = 2;
    assert_int_equal(GNTTAB(OP_SET_VERSION, s, 1), -ENOSYS);
    assert_int_equal(s[0].version, 1);
    s[0].version = 3;
    assert_int_equal(GNTTAB(OP_SET_VERSION, s, 1), -EINVAL);
    assert_int_equal(GNTTAB(OP_GET_VERSION, g, 1), 0);
    assert_int_equal(g[0].version, 1);
    g[0].dom = 1;
    assert_int_equal(GNTTAB(OP_GET_VERSION, g, 1), -EPERM);
    g[0].dom = 9;
    assert_int_equal(GNTTAB(OP_GET_VERSION, g, 1), -ESRCH);
    assert_int_equal(grant_shared_frame(&world[2].d, 63, &m), 0);
    assert_int_equal(grant_shared_frame(&world[2].d, 64, &m), -EINVAL);
    assert_int_equal(grant_shared_frame(&world[2].d, ~0U, &m), -EINVAL);
    q[0].dom = DOMID_SELF;
    assert_int_equal(GNTTAB(OP_QUERY_SIZE, q, 1), 0);
    assert_int_equal(q[0].nr_frames, 64);
    for (uint64_t op = 0; op < 30; op++) {
        if (op != OP_CACHE_FLUSH) {
            assert_int_equal(GNTTAB(op | 1U << 12, unused, 1), -EINVAL);
        }
    }
    assert_int_equal(world_call(hypercall_grant_table_op, OP_CACHE_FLUSH | 1U << 12, q, 8, 0), 0);
    for (uint64_t op = OP_DUMP_TABLE; op < 30; op++) {
        if (op == OP_DUMP_TABLE || op == OP_TRANSFER || op == OP_STATUS_FRAMES ||
            op > OP_CACHE_FLUSH) {
            assert_int_equal(GNTTAB(op, unused, 1), op == OP_TRANSFER ? -EOPNOTSUPP : -ENOSYS);
        }
    }
}

static void test_setup_table(void **state)
{
    struct grant_setup_table_arg a[1] = {
        {.dom = DOMID_SELF, .nr_frames = 3, .frame_list = guest_ptr((WORLD_GFN + 2) << 12)}};
    const uint64_t *list = world_va(2, 2);

    (void)state;
    assert_int_equal(GNTTAB(OP_SETUP_TABLE, a, 1), 0);
    assert_int_equal(a[0].status, 0);
    assert_true(list[0] == ~0ULL && list[2] == ~0ULL && list[3] == 0);
    a[0].nr_frames = 65;
    assert_int_equal(GNTTAB(OP_SETUP_TABLE, a, 1), 0);
    assert_int_equal(a[0].status, -1);
    a[0].nr_frames = 1;
    a[0].frame_list = guest_ptr(~7ULL);
    assert_int_equal(GNTTAB(OP_SETUP_TABLE, a, 1), 0);
    assert_int_equal(a[0].status, -5);
}

/* No two frames are made, and no more than 64 freed, without a check between. */
static void test_growth_is_preempted(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS};
    struct grant_query_size_arg q[1] = {{.dom = DOMID_SELF}};
    struct hypercall_args args = {.arg = {OP_SETUP_TABLE, WORLD_GFN << PAGE_SHIFT, 1}};
    struct grant_setup_table_arg a = {
        .dom = DOMID_SELF, .nr_frames = 64, .frame_list = guest_ptr((WORLD_GFN + 2) << PAGE_SHIFT)};
    const uint64_t *list;
    mfn_t m;

    (void)state;
    world_domain(3, &config);
    world_enter(3, 0);
    list = world_va(3, 2);
    for (unsigned int i = 2; i <= 64; i++) {
        memcpy(world_va(3, 0), &a, sizeof(a));
        softirq_raise(SOFTIRQ_TIMER);
        assert_int_equal(hypercall_grant_table_op(current_vcpu(), &args), -ERESTART);
        assert_int_equal(GNTTAB(OP_QUERY_SIZE, q, 1), 0);
        assert_int_equal(q[0].nr_frames, i);
        assert_true(list[0] == 0);
    }
    memcpy(world_va(3, 0), &a, sizeof(a));
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(hypercall_grant_table_op(current_vcpu(), &args), 0);
    assert_true(list[0] == ~0ULL && list[63] == ~0ULL && list[64] == 0);
    assert_int_equal(grant_shared_frame(&world[3].d, 63, &m), 0);
    world_destroy(3);
    world_enter(2, 0);
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(grant_domain_free(&world[3].d), -ERESTART);
    world_free(3);
}

static void test_swap(void **state)
{
    struct grant_swap_arg a[1] = {{.ref_a = 9, .ref_b = 10}};
    uint32_t handle;

    (void)state;
    world_enter(1, 0);
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 0, 6, GTF_READONLY);
    assert_int_equal(GNTTAB(OP_SWAP, a, 1), 0);
    assert_int_equal(a[0].status, 0);
    assert_int_equal(entry(1, 10)->frame, WORLD_GFN + 5);
    assert_int_equal(entry(1, 9)->domid, 0);
    world_enter(2, 0);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &handle), 0);
    world_enter(1, 0);
    assert_int_equal(GNTTAB(OP_SWAP, a, 1), 0);
    assert_int_equal(a[0].status, -12);
    a[0].ref_b = 9;
    assert_int_equal(GNTTAB(OP_SWAP, a, 1), 0);
    assert_int_equal(a[0].status, 0);
    a[0].ref_b = 100000;
    assert_int_equal(GNTTAB(OP_SWAP, a, 1), 0);
    assert_int_equal(a[0].status, -3);
}

static void test_cache_flush(void **state)
{
    struct grant_cache_flush_arg a[1] = {{.offset = 0, .length = 64, .op = 3}};
    uint32_t handle[600];

    (void)state;
    a[0].a.dev_bus_addr = world[2].page[4].n << PAGE_SHIFT;
    host_forget_events();
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), 0);
    assert_int_equal(host_count_events(HOST_CLEAN), 1);
    a[0].a.dev_bus_addr = world[1].page[5].n << PAGE_SHIFT;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EPERM);
    for (unsigned int i = 0; i < 300; i++) {
        grant_page(1, 9 + i, 2, 6, 0);
        assert_int_equal(map(1, 9 + i, HOST_MAP, HOLE + i, &handle[i]), 0);
    }
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EPERM);
    grant_page(1, 400, 2, 5, 0);
    assert_int_equal(map(1, 400, HOST_MAP, HOLE + 400, &handle[0]), 0);
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), 0);
    assert_int_equal(host_count_events(HOST_CLEAN), 2);
    a[0].a.dev_bus_addr = 0x1000; /* no RAM */
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EINVAL);
    a[0].a.dev_bus_addr = ~0ULL;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EINVAL);
    a[0].offset = 4095;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EINVAL);
    a[0].offset = 0;
    a[0].op = 4;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EINVAL);
    a[0].op = 1U << 31;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), -EOPNOTSUPP);
    a[0].op = 0;
    assert_int_equal(GNTTAB(OP_CACHE_FLUSH, a, 1), 0);
}

static void test_seed_and_replace(void **state)
{
    struct grant_unmap_and_replace_arg r[1] = {{.host_addr = 4096, .new_addr = 8192}};
    uint32_t handle;

    (void)state;
    assert_int_equal(grant_seed(&world[1].d, 1, 2, gfn(WORLD_GFN + 5), false), 0);
    assert_int_equal(grant_seed(&world[1].d, 9999, 2, gfn(1), false), -EINVAL);
    assert_int_equal(grant_seed(&world[1].d, 1, 2, gfn(1ULL << 32), false), -EINVAL);
    assert_int_equal(map(1, 1, HOST_MAP, HOLE, &handle), 0);
    assert_int_equal(GNTTAB(OP_UNMAP_AND_REPLACE, r, 1), 0);
    assert_int_equal(r[0].status, -1);
    r[0].handle = handle + 1;
    assert_int_equal(GNTTAB(OP_UNMAP_AND_REPLACE, r, 1), 0);
    assert_int_equal(r[0].status, -4);
}

static void test_handle_limit(void **state)
{
    struct domain_config config = {
        .max_vcpus = WORLD_VCPUS, .max_grant_frames = 1, .max_maptrack_frames = 1};
    uint32_t handle;

    (void)state;
    world_domain(3, &config);
    grant_page(1, 9, 3, 5, 0);
    world_enter(3, 0);
    for (unsigned int i = 0; i < 256; i++) {
        assert_int_equal(map(1, 9, HOST_MAP, HOLE + i, &handle), 0);
    }
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 256, &handle), -7);
    assert_int_equal(unmap(77, HOLE + 77), 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 256, &handle), 0);
    assert_int_equal(handle, 77);
    softirq_raise(SOFTIRQ_TIMER);
    world_destroy(3);
    assert_int_equal(refs(1, 5), 1);
    world_free(3);
    config.max_maptrack_frames = 0; /* may map nothing */
    world_domain(3, &config);
    grant_page(1, 9, 3, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), -7);
    world_destroy(3);
    world_free(3);
}

/* A table that has grown ends in more than one go while other work waits. */
static void test_end_is_preempted(void **state)
{
    enum {
        N = 70 /* frames: with the chunks of handles, two to a frame, two and three batches */
    };
    struct domain_config config = {
        .max_vcpus = WORLD_VCPUS, .max_grant_frames = N, .max_maptrack_frames = N};
    unsigned int restarts;
    uint32_t handle;
    mfn_t m;

    (void)state;
    world_domain(3, &config);
    grant_page(1, 9, 3, 5, 0);
    world_enter(3, 0);
    for (unsigned int i = 0; i < N * 256; i++) {
        assert_int_equal(map(1, 9, HOST_MAP, HOLE + i, &handle), 0);
    }
    assert_int_equal(handle, N * 256 - 1);
    for (unsigned int i = 0; i < N; i++) {
        assert_int_equal(grant_shared_frame(&world[3].d, i, &m), 0);
    }
    world_destroy(3);
    world_audit();
    assert_int_equal(refs(1, 5), 1);
    this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
    for (restarts = 0; grant_domain_free(&world[3].d) == -ERESTART; restarts++) {
    }
    this_cpu()->softirq_pending = 0;
    assert_int_equal(restarts, 2 + 3);
    world_free(3); /* its table is gone: nothing is freed twice */
}

/* Random maps, unmaps, copies and guest mischief among three domains, audited. */
static void test_random(void **state)
{
    struct {
        uint32_t handle;
        uint64_t at;
        unsigned int n;
    } live[64];
    unsigned int count = 0;

    (void)state;
    for (unsigned int round = 0; round < 20000; round++) {
        unsigned int n = (unsigned int)unit_below(3), from = (unsigned int)unit_below(3);
        grant_ref_t ref = (grant_ref_t)(8 + unit_below(6));
        uint64_t at = HOLE + unit_below(40);
        struct grant_copy_arg a[1];
        uint32_t handle;
        int16_t status;

        world_enter(n, 0);
        switch (unit_below(5)) {
        case 0:
            grant_page(from, ref, (domid_t)unit_below(3), 1 + (unsigned int)unit_below(20),
                       unit_below(2) != 0 ? GTF_READONLY : 0);
            break;
        case 1:
            status = map((domid_t)from, ref, HOST_MAP | (unit_below(2) != 0 ? READONLY : 0), at,
                         &handle);
            if (status == 0) {
                if (count == ARRAY_SIZE(live)) {
                    assert_int_equal(unmap(handle, at), 0);
                } else {
                    live[count].handle = handle;
                    live[count].at = at;
                    live[count++].n = n;
                }
            }
            break;
        case 2:
            if (count > 0) {
                unsigned int i = (unsigned int)unit_below(count);

                world_enter(live[i].n, 0);
                assert_int_equal(unmap(live[i].handle, live[i].at), 0);
                live[i] = live[--count];
            }
            break;
        case 3:
            a[0] = copy_arg(unit_below(2) != 0, ref, unit_below(2) != 0, ref, (domid_t)from);
            a[0].source.u.gfn += (a[0].flags & 1) != 0 ? 0 : WORLD_GFN;
            a[0].dest.u.gfn += (a[0].flags & 2) != 0 ? 0 : WORLD_GFN;
            assert_int_equal(GNTTAB(OP_COPY, a, 1), 0);
            break;
        default:
            assert_int_equal(p2m_unmap(world[n].d.p2m[0], gfn(at), 1), 0);
            break;
        }
        if (round % 64 == 0) {
            world_audit();
        }
    }
}

static void test_state_round_trip(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};
    static uint8_t first[65536], second[65536];
    struct state_stream s, again;
    uint32_t h[3];

    (void)state;
    world_domain(3, &config);
    grant_page(1, 9, 3, 5, 0);
    grant_page(1, 10, 3, 6, GTF_READONLY);
    grant_page(3, 20, 1, 7, 0);
    world_enter(3, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &h[0]), 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 1, &h[1]), 0);
    assert_int_equal(map(1, 10, HOST_MAP | READONLY, HOLE + 2, &h[2]), 0);
    assert_int_equal(unmap(h[0], HOLE), 0);
    s = world_saved(grant_state_save, &world[3].d, first, sizeof(first));
    world_destroy(3);
    world_free(3);
    assert_int_equal(refs(1, 5), 1);

    world_domain(3, &config);
    assert_int_equal(world_load(grant_state_load, &world[3].d, s), 0);
    world_audit();
    assert_int_equal(refs(1, 5), 3);
    assert_int_equal(entry(3, 20)->frame, WORLD_GFN + 7);
    again = world_saved(grant_state_save, &world[3].d, second, sizeof(second));
    assert_int_equal(again.size, s.size);
    assert_memory_equal(first, second, s.size);
    assert_true(world_load(grant_state_load, &world[3].d, s) != 0); /* the handles are taken */
    world_enter(3, 0);
    assert_int_equal(unmap(h[1], HOLE + 1), 0);
    assert_int_equal(unmap(h[2], HOLE + 2), 0);
    assert_int_equal(refs(1, 5), 1);
    world_destroy(3);
    world_free(3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sizes_and_versions),
        TEST(test_setup_table),
        TEST(test_growth_is_preempted),
        TEST(test_swap),
        TEST(test_cache_flush),
        TEST(test_seed_and_replace),
        TEST(test_handle_limit),
        TEST(test_end_is_preempted),
        TEST(test_random),
        TEST(test_state_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
