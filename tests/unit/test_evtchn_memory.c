/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels and grants when memory runs out at each allocation: -ENOMEM, and nothing leaks. */
#include "unit.h"

#include "world.h"

#include <hearth/abi_types.h>

#define BLOCK_ORDER 2U /* of what is given back: the largest that is asked for */

static mfn_t hoard[HOST_RAM_SIZE / PAGE_SIZE];
static unsigned int hoarded;
static mfn_t crumbs[HOST_RAM_SIZE / PAGE_SIZE];
static unsigned int nr_crumbs;

static void take_all(void)
{
    while (page_alloc(BLOCK_ORDER, PAGE_HEAP, ALLOC_RESERVE, &hoard[hoarded]) == 0) {
        hoarded++;
    }
    while (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &crumbs[nr_crumbs]) == 0) {
        nr_crumbs++;
    }
}

static void give(unsigned int blocks)
{
    for (; blocks > 0; blocks--) {
        page_free(hoard[--hoarded], BLOCK_ORDER);
    }
}

static void give_all(void)
{
    give(hoarded);
    while (nr_crumbs > 0) {
        page_free(crumbs[--nr_crumbs], 0);
    }
}

static unsigned int failures;

static int64_t do_init_events(void)
{
    struct domain d = {.id = 9, .max_vcpus = 0};
    int rc = evtchn_domain_init(&d);

    evtchn_domain_free(&d);
    return rc;
}

static int64_t do_init_grants(void)
{
    struct domain d = {.id = 9, .config = {.max_grant_frames = 1}};
    int rc = grant_domain_init(&d);

    return rc != 0 ? rc : grant_domain_free(&d);
}

static int64_t do_bind_many(void)
{
    struct evtchn_bind_ipi_arg a = {.vcpu = 0};
    struct evtchn_reset_arg r = {.dom = DOMID_SELF};
    int64_t rc = 0;

    for (unsigned int i = 0; rc == 0 && i < 300; i++) {
        rc = EVTCHN(7, a);
    }
    assert_int_equal(EVTCHN(10, r), 0);
    return rc;
}

static int64_t do_fifo(void)
{
    struct evtchn_init_control_arg c = {.control_gfn = WORLD_GFN + 1};
    struct evtchn_reset_arg r = {.dom = DOMID_SELF};
    int64_t rc = EVTCHN(11, c);

    assert_int_equal(EVTCHN(10, r), 0);
    return rc;
}

static int64_t do_grant_frame(void)
{
    uint32_t before = 1;
    mfn_t m;

    return grant_shared_frame(&world[1].d, before, &m);
}

static int64_t do_map(void)
{
    struct grant_map_arg a[1] = {
        {.host_addr = 0x900ULL << 12, .flags = 2, .ref = 9, .dom = 2, .handle = ~0U}};
    struct grant_unmap_arg u[1];

    assert_int_equal(GNTTAB(0, a, 1), 0);
    if (a[0].status != 0) {
        return -ENOMEM;
    }
    u[0] = (struct grant_unmap_arg){.host_addr = a[0].host_addr, .handle = a[0].handle};
    assert_int_equal(GNTTAB(1, u, 1), 0);
    assert_int_equal(u[0].status, 0);
    return 0;
}

/* With 0, 1, 2… free blocks until it works; a failure leaves nothing behind but grown tables. */
static void try_all(int64_t (*op)(void), bool grows)
{
    unsigned int k;

    take_all();
    for (k = 0; k < 64; k++) {
        size_t heap;
        int64_t rc;

        give(k);
        heap = heap_in_use();
        rc = op();
        world_audit();
        if (!grows && rc != 0) {
            assert_int_equal(heap_in_use(), heap);
        }
        take_all();
        if (rc == 0) {
            break;
        }
        assert_int_equal(rc, -ENOMEM);
    }
    assert_in_range(k, 0, 63);
    failures += k;
    give_all();
}

static int setup(void **state)
{
    static bool booted;
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};
    union guest_grant_entry *e;
    mfn_t m;

    (void)state;
    if (!booted) {
        host_boot(1);
        booted = true;
    }
    world_domain(1, &config);
    world_domain(2, &config);
    assert_int_equal(grant_shared_frame(&world[2].d, 0, &m), 0);
    e = mfn_to_virt(m);
    e[9].frame = WORLD_GFN + 5;
    e[9].domid = 1;
    e[9].flags = GTF_PERMIT_ACCESS;
    world_enter(1, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned int i = 1; i < 3; i++) {
        world_destroy(i);
    }
    for (unsigned int i = 1; i < 3; i++) {
        world_free(i);
    }
    this_cpu()->current = NULL;
    assert_int_equal(heap_in_use(), 0);
    return 0;
}

static void test_events(void **state)
{
    (void)state;
    try_all(do_init_events, false);
    try_all(do_bind_many, true);
    try_all(do_fifo, false);
    assert_true(failures > 1);
}

static void test_grants(void **state)
{
    (void)state;
    try_all(do_init_grants, false);
    try_all(do_grant_frame, false);
    try_all(do_map, true);
    assert_int_equal(mfn_to_page(world[2].page[5])->refs, 1);
    assert_int_equal(world[2].d.refs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grants, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
