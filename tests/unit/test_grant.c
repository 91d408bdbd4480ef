/* SPDX-License-Identifier: Apache-2.0 */
/* Grants mapped and unmapped, counts of references exact throughout. */
#include "grant_world.h"

static void test_map_and_unmap(void **state)
{
    unsigned int access;
    uint32_t handle;
    mfn_t m;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    assert_int_equal(handle, 0);
    assert_true(sees(2, HOLE, &m, &access));
    assert_true(mfn_eq(m, world[1].page[5]));
    assert_int_equal(access, P2M_RW);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READING | GTF_WRITING);
    assert_int_equal(refs(1, 5), 3); /* allocation, pin, mapping */
    assert_int_equal(world[1].d.refs, 2);
    world_audit();
    assert_int_equal(unmap(handle, HOLE), 0);
    assert_false(sees(2, HOLE, &m, &access));
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS);
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(world[1].d.refs, 1);
    assert_int_equal(unmap(handle, HOLE), -4);
}

static void test_read_only(void **state)
{
    unsigned int access;
    uint32_t h[3];
    mfn_t m;

    (void)state;
    grant_page(1, 9, 2, 5, GTF_READONLY);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &h[0]), -1);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READONLY);
    assert_int_equal(map(1, 9, HOST_MAP | READONLY, HOLE, &h[0]), 0);
    assert_true(sees(2, HOLE, &m, &access));
    assert_int_equal(access, P2M_R);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READONLY | GTF_READING);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 1, &h[1]), -1);
    /* The guest makes it writable: the first write pin marks it. */
    entry(1, 9)->flags &= (uint16_t)~GTF_READONLY;
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 1, &h[1]), 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 2, &h[2]), 0);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READING | GTF_WRITING);
    assert_int_equal(refs(1, 5), 5);
    world_audit();
    assert_int_equal(unmap(h[1], HOLE + 1), 0);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READING | GTF_WRITING);
    assert_int_equal(unmap(h[2], HOLE + 2), 0);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READING);
    assert_int_equal(unmap(h[0], HOLE), 0);
    assert_int_equal(refs(1, 5), 1);
}

static void test_map_errors(void **state)
{
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 0, 5, 0);
    grant_page(1, 11, 2, 5, 0);
    entry(1, 11)->frame = 3; /* nothing there */
    grant_page(1, 12, 2, 5, 0);
    entry(1, 12)->frame = ~0U;
    assert_int_equal(map(1, 9, 0, HOLE, &handle), -3);
    assert_int_equal(map(1, 9, HOST_MAP | 1, HOLE, &handle), -1);
    assert_int_equal(map(1, 9, HOST_MAP | 16, HOLE, &handle), -1);
    assert_int_equal(map(7, 9, HOST_MAP, HOLE, &handle), -2);
    assert_int_equal(map(0x7ff4, 9, HOST_MAP, HOLE, &handle), -2);
    assert_int_equal(map(1, 512, HOST_MAP, HOLE, &handle), -3);
    assert_int_equal(map(1, ~0U, HOST_MAP, HOLE, &handle), -3);
    assert_int_equal(map(1, 8, HOST_MAP, HOLE, &handle), -1);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &handle), -1);
    assert_int_equal(map(1, 11, HOST_MAP, HOLE, &handle), -9);
    assert_int_equal(map(1, 12, HOST_MAP, HOLE, &handle), -9);
    assert_int_equal(map(1, 9, HOST_MAP, 1ULL << 40, &handle), -1); /* beyond the p2m */
    assert_int_equal(handle, ~0U);
    for (grant_ref_t r = 8; r < 13; r++) {
        assert_int_equal(entry(1, r)->flags & (GTF_READING | GTF_WRITING), 0);
    }
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(world[1].d.refs, 1);
    world_audit();
}

/* Flags that are not served, and entries for a part of a page: refused, and nothing is pinned. */
static void test_map_refused(void **state)
{
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 2, 5, GTF_SUB_PAGE);
    grant_page(2, 9, 2, 5, 0);
    for (unsigned int bit = 0; bit < 32; bit++) {
        if (((HOST_MAP | READONLY) >> bit & 1) == 0) {
            assert_int_equal(map(1, 9, HOST_MAP | 1U << bit, HOLE, &handle), -1);
            assert_int_equal(map(1, 9, HOST_MAP | READONLY | 1U << bit, HOLE, &handle), -1);
        }
    }
    assert_int_equal(map(7, 9, HOST_MAP | 32, HOLE, &handle), -2);
    assert_int_equal(map(1, 512, HOST_MAP | 32, HOLE, &handle), -3);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &handle), -1);
    assert_int_equal(map(1, 10, HOST_MAP | READONLY, HOLE, &handle), -1);
    assert_int_equal(map(DOMID_SELF, 9, HOST_MAP, HOLE, &handle), -2);
    assert_int_equal(map(2, 9, HOST_MAP, HOLE, &handle), 0);
    assert_int_equal(unmap(handle, HOLE), 0);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS);
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(world[1].d.refs, 1);
}

static void test_only_own_ram_is_granted(void **state)
{
    struct p2m *p = world[1].d.p2m[0];
    uint32_t handle;

    (void)state;
    grant_page(0, 9, 1, 5, 0);
    world_enter(1, 0);
    assert_int_equal(map(0, 9, HOST_MAP, HOLE, &handle), 0);
    /* Domain 1 grants on what it has been granted: refused. */
    grant_page(1, 9, 2, 0, 0);
    entry(1, 9)->frame = HOLE;
    /* Read-only memory is granted for reading only. */
    assert_int_equal(p2m_map(p, gfn(7), world[1].page[3], 1, P2M_RAM, P2M_R), 0);
    grant_page(1, 10, 2, 0, 0);
    entry(1, 10)->frame = 7;
    world_enter(2, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), -9);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &handle), -9);
    assert_int_equal(entry(1, 10)->flags, GTF_PERMIT_ACCESS);
    assert_int_equal(map(1, 10, HOST_MAP | READONLY, HOLE, &handle), 0);
    /* A write pin on top of a read pin is checked again. */
    assert_int_equal(map(1, 10, HOST_MAP, HOLE + 1, &handle), -9);
    assert_int_equal(entry(1, 10)->flags, GTF_PERMIT_ACCESS | GTF_READING);
}

static void test_second_domain_is_refused_while_pinned(void **state)
{
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    entry(1, 9)->domid = 0; /* the granter changes an entry in use */
    world_enter(0, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), -1);
    /* What is mapped stays the frame that was mapped. */
    entry(1, 9)->frame = WORLD_GFN + 6;
    world_enter(2, 0);
    entry(1, 9)->domid = 2;
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 1, &handle), 0);
    assert_int_equal(refs(1, 5), 4);
    assert_int_equal(refs(1, 6), 1);
}

static void test_unmap_errors(void **state)
{
    unsigned int access;
    uint32_t handle;
    mfn_t m;

    (void)state;
    assert_int_equal(unmap(0, HOLE), -4);
    grant_page(1, 9, 2, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    assert_int_equal(unmap(handle + 1, HOLE), -4);
    assert_int_equal(unmap(~0U, HOLE), -4);
    assert_int_equal(unmap(handle, HOLE + 1), -1);
    assert_int_equal(unmap(handle, 0), 0); /* XEN-ABI: nothing named, nothing done */
    assert_true(sees(2, HOLE, &m, &access));
    world_enter(0, 0);
    assert_int_equal(unmap(handle, HOLE), -4); /* handles are each domain's own */
    world_enter(2, 0);
    /* Removed by other means: the handle ends all the same. */
    assert_int_equal(p2m_unmap(world[2].d.p2m[0], gfn(HOLE), 1), 0);
    assert_int_equal(refs(1, 5), 2);
    assert_int_equal(unmap(handle, HOLE), 0);
    assert_int_equal(refs(1, 5), 1);
}

static void test_frame_stays_while_mapped(void **state)
{
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    /* The granter gives the frame up; the mapper's own mapping goes by other means. */
    assert_int_equal(p2m_unmap(world[1].d.p2m[0], gfn(WORLD_GFN + 5), 1), 0);
    assert_true(page_get(world[1].page[5], &world[1].d));
    assert_int_equal(page_disown(&world[1].d, world[1].page[5]), 0);
    page_put(world[1].page[5]);
    assert_int_equal(p2m_unmap(world[2].d.p2m[0], gfn(HOLE), 1), 0);
    assert_int_equal(refs(1, 5), 1); /* the pin's */
    assert_int_equal(unmap(handle, HOLE), 0);
    world[1].page[5] = INVALID_MFN;
}

static void test_one_flush_for_a_batch(void **state)
{
    struct grant_map_arg m[32];
    struct grant_unmap_arg u[32];

    (void)state;
    for (unsigned int i = 0; i < 32; i++) {
        grant_page(1, 100 + i, 2, 1 + i % 20, 0);
        m[i] = map_arg(1, 100 + i, HOST_MAP, HOLE + i);
    }
    assert_int_equal(GNTTAB(OP_MAP, m, 32), 0);
    for (unsigned int i = 0; i < 32; i++) {
        assert_int_equal(m[i].status, 0);
        u[i] = (struct grant_unmap_arg){.host_addr = m[i].host_addr, .handle = m[i].handle};
    }
    world_audit();
    host_forget_events();
    assert_int_equal(GNTTAB(OP_UNMAP, u, 32), 0);
    assert_int_equal(host_count_events(HOST_FLUSH_ALL) + host_count_events(HOST_FLUSH_RANGE), 1);
    for (unsigned int i = 0; i < 32; i++) {
        assert_int_equal(u[i].status, 0);
        assert_int_equal(entry(1, 100 + i)->flags, GTF_PERMIT_ACCESS);
    }
    for (unsigned int i = 1; i <= 20; i++) {
        assert_int_equal(refs(1, i), 1);
    }
}

static void test_same_handle_twice_in_a_batch(void **state)
{
    struct grant_unmap_arg u[2];
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    u[0] = u[1] = (struct grant_unmap_arg){.host_addr = HOLE << PAGE_SHIFT, .handle = handle};
    assert_int_equal(GNTTAB(OP_UNMAP, u, 2), 0);
    assert_int_equal(u[0].status, 0);
    assert_int_equal(u[1].status, -4);
    assert_int_equal(refs(1, 5), 1);
}

static void test_mapping_over_a_mapping(void **state)
{
    uint32_t h[2];

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 2, 6, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &h[0]), 0);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &h[1]), 0);
    assert_int_equal(refs(1, 5), 2); /* pinned, not mapped any more */
    assert_int_equal(refs(1, 6), 3);
    assert_int_equal(unmap(h[0], HOLE), 0);
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(refs(1, 6), 3);
    assert_int_equal(unmap(h[1], HOLE), 0);
    assert_int_equal(refs(1, 6), 1);
}

static void test_many_items_with_preemption(void **state)
{
    struct grant_map_arg m[100];
    struct grant_unmap_arg u[100];

    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        grant_page(1, 100 + i, 2, 1 + i % 20, 0);
        m[i] = map_arg(1, 100 + i, HOST_MAP, HOLE + i);
    }
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(GNTTAB(OP_MAP, m, 100), 0);
    for (unsigned int i = 0; i < 100; i++) {
        assert_int_equal(m[i].status, 0);
        u[i] = (struct grant_unmap_arg){.host_addr = m[i].host_addr, .handle = m[i].handle};
    }
    world_audit();
    softirq_raise(SOFTIRQ_TIMER);
    assert_int_equal(GNTTAB(OP_UNMAP, u, 100), 0);
    world_audit();
}

static void test_direct_mapped_domain_gets_machine_addresses(void **state)
{
    struct grant_map_arg m[1] = {map_arg(1, 9, HOST_MAP, HOLE)};

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    world[2].d.is_direct_mapped = true;
    assert_int_equal(GNTTAB(OP_MAP, m, 1), 0);
    assert_true(m[0].dev_bus_addr == world[1].page[5].n << PAGE_SHIFT);
}

static void test_deaths(void **state)
{
    uint32_t handle;

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 2, 6, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), 0);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE + 1, &handle), 0);
    /* The granter dies first: it stays as long as its frame is mapped. */
    world_destroy(1);
    assert_int_equal(world[1].d.refs, 3);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE + 2, &handle), -2);
    memset(mfn_to_virt(world[1].page[5]), 0x5a, 16); /* still its own frame */
    assert_int_equal(refs(1, 5), 2);
    /* Then the mapper: everything comes back. */
    world_destroy(2);
    assert_int_equal(world[1].d.refs, 1);
    for (unsigned int i = 0; i < WORLD_PAGES; i++) {
        world[1].page[i] = INVALID_MFN;
        world[2].page[i] = INVALID_MFN;
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_map_and_unmap),
        TEST(test_read_only),
        TEST(test_map_errors),
        TEST(test_map_refused),
        TEST(test_only_own_ram_is_granted),
        TEST(test_second_domain_is_refused_while_pinned),
        TEST(test_unmap_errors),
        TEST(test_frame_stays_while_mapped),
        TEST(test_one_flush_for_a_batch),
        TEST(test_same_handle_twice_in_a_batch),
        TEST(test_mapping_over_a_mapping),
        TEST(test_many_items_with_preemption),
        TEST(test_direct_mapped_domain_gets_machine_addresses),
        TEST(test_deaths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
