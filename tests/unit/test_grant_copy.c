/* SPDX-License-Identifier: Apache-2.0 */
/* Grant copies, between grants and the caller's frames. */
#include "grant_world.h"

static void test_copy(void **state)
{
    struct grant_copy_arg a[2];

    (void)state;
    grant_page(1, 9, 2, 5, GTF_READONLY);
    grant_page(1, 10, 2, 6, 0);
    memset(world_va(1, 5), 0x11, PAGE_SIZE);
    memset(world_va(2, 3), 0x22, PAGE_SIZE);
    a[0] = copy_arg(true, 9, false, WORLD_GFN + 4, 1);
    a[0].source.offset = 8;
    a[0].dest.offset = 4000;
    a[0].len = 96;
    a[1] = copy_arg(false, WORLD_GFN + 3, true, 10, 1);
    a[1].len = 4096;
    assert_int_equal(GNTTAB(OP_COPY, a, 2), 0);
    assert_int_equal(a[0].status, 0);
    assert_int_equal(a[1].status, 0);
    assert_int_equal(((uint8_t *)world_va(2, 4))[3999], 0);
    assert_int_equal(((uint8_t *)world_va(2, 4))[4000], 0x11);
    assert_int_equal(((uint8_t *)world_va(2, 4))[4095], 0x11);
    assert_memory_equal(world_va(1, 6), world_va(2, 3), PAGE_SIZE);
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(refs(1, 6), 1);
    assert_int_equal(refs(2, 3), 1);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS | GTF_READONLY);
    assert_int_equal(entry(1, 10)->flags, GTF_PERMIT_ACCESS);
    assert_int_equal(world[1].d.refs, 1);
}

static void test_copy_between_grants(void **state)
{
    struct grant_copy_arg a[1];

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    grant_page(0, 9, 2, 5, 0);
    memset(world_va(1, 5), 0x33, PAGE_SIZE);
    a[0] = copy_arg(true, 9, true, 9, 1);
    a[0].dest.domid = 0;
    assert_int_equal(GNTTAB(OP_COPY, a, 1), 0);
    assert_int_equal(a[0].status, 0);
    assert_int_equal(((uint8_t *)world_va(0, 5))[50], 0x33);
    /* The same grant as both ends, overlapping. */
    a[0] = copy_arg(true, 9, true, 9, 1);
    a[0].dest.offset = 10;
    assert_int_equal(GNTTAB(OP_COPY, a, 1), 0);
    assert_int_equal(a[0].status, 0);
}

static void test_copy_errors(void **state)
{
    struct grant_copy_arg good, a[1];

    (void)state;
    grant_page(1, 9, 2, 5, GTF_READONLY);
    grant_page(1, 10, 0, 5, 0);
    good = copy_arg(true, 9, false, WORLD_GFN + 4, 1);
#define STATUS(change, expected)                                                                   \
    a[0] = good;                                                                                   \
    change;                                                                                        \
    assert_int_equal(GNTTAB(OP_COPY, a, 1), 0);                                                    \
    assert_int_equal(a[0].status, expected)
    STATUS(a[0].len = 4097, -10);
    STATUS(a[0].source.offset = 4000, -10);
    STATUS(a[0].dest.offset = 0xffff, -10);
    STATUS((a[0].len = 0xffff, a[0].dest.offset = 0xffff), -10);
    STATUS(a[0].source.domid = 7, -2);
    STATUS(a[0].source.u.ref = 512, -3);
    STATUS(a[0].source.u.ref = 10, -1);
    STATUS(a[0].dest.domid = 1, -8); /* frames only of oneself */
    STATUS(a[0].dest.u.gfn = HOLE, -9);
    STATUS(a[0].dest.u.gfn = ~0ULL, -9);
    STATUS((a[0].flags = 2, a[0].dest = good.source, a[0].source = good.dest), -1);
    STATUS(a[0].len = 0, 0);
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(refs(2, 4), 1);
}

static void test_copy_batch_holds_ends(void **state)
{
    struct grant_copy_arg a[70];

    (void)state;
    grant_page(1, 9, 2, 5, 0);
    for (unsigned int i = 0; i < 70; i++) {
        a[i] = copy_arg(true, 9, false, WORLD_GFN + 3 + i / 20, 1);
        a[i].source.offset = (uint16_t)i;
        a[i].dest.offset = (uint16_t)(i * 4);
        a[i].len = 4;
    }
    assert_int_equal(GNTTAB(OP_COPY, a, 70), 0);
    for (unsigned int i = 0; i < 70; i++) {
        assert_int_equal(a[i].status, 0);
    }
    assert_int_equal(refs(1, 5), 1);
    assert_int_equal(entry(1, 9)->flags, GTF_PERMIT_ACCESS);
    world_audit();
}

static void test_silo(void **state)
{
    struct grant_copy_arg a[1];
    uint32_t handle;

    (void)state;
    xsm_init("silo");
    grant_page(1, 9, 2, 5, 0);
    grant_page(1, 10, 0, 5, 0);
    assert_int_equal(map(1, 9, HOST_MAP, HOLE, &handle), -8);
    a[0] = copy_arg(true, 9, false, WORLD_GFN + 4, 1);
    assert_int_equal(GNTTAB(OP_COPY, a, 1), 0);
    assert_int_equal(a[0].status, -8);
    world_enter(0, 0);
    assert_int_equal(map(1, 10, HOST_MAP, HOLE, &handle), 0);
    xsm_init("dummy");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_copy),        TEST(test_copy_between_grants),
        TEST(test_copy_errors), TEST(test_copy_batch_holds_ends),
        TEST(test_silo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
