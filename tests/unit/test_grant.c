/* SPDX-License-Identifier: Apache-2.0 */
/* Grant tables by hypercall: 1 grants to 2 (and to 0), counts of references exact throughout. */
#include "unit.h"

#include "world.h"

#include <hearth/abi_types.h>
#include <hearth/state.h>

enum {
    OP_MAP,
    OP_UNMAP,
    OP_SETUP_TABLE,
    OP_DUMP_TABLE,
    OP_TRANSFER,
    OP_COPY,
    OP_QUERY_SIZE,
    OP_UNMAP_AND_REPLACE,
    OP_SET_VERSION,
    OP_STATUS_FRAMES,
    OP_GET_VERSION,
    OP_SWAP,
    OP_CACHE_FLUSH,
};

#define HOST_MAP 2U
#define READONLY 4U

#define HOLE     0x800U /* gfns that nothing is mapped at */

static union guest_grant_entry *entry(unsigned int n, grant_ref_t ref)
{
    mfn_t m;

    assert_int_equal(grant_shared_frame(&world[n].d, ref / 512, &m), 0);
    return (union guest_grant_entry *)mfn_to_virt(m) + ref % 512;
}

/* Domain n grants its page `page` to domain `to`. */
static void grant_page(unsigned int n, grant_ref_t ref, domid_t to, unsigned int page,
                       unsigned int flags)
{
    union guest_grant_entry *e = entry(n, ref);

    e->frame = WORLD_GFN + page;
    e->domid = to;
    e->flags = (uint16_t)(GTF_PERMIT_ACCESS | flags);
}

static struct grant_map_arg map_arg(domid_t dom, grant_ref_t ref, unsigned int flags, uint64_t at)
{
    return (struct grant_map_arg){
        .host_addr = at << PAGE_SHIFT, .flags = flags, .ref = ref, .dom = dom, .handle = ~0U};
}

static int16_t map(domid_t dom, grant_ref_t ref, unsigned int flags, uint64_t at, uint32_t *handle)
{
    struct grant_map_arg a[1] = {map_arg(dom, ref, flags, at)};

    assert_int_equal(GNTTAB(OP_MAP, a, 1), 0);
    *handle = a[0].handle;
    return a[0].status;
}

static int16_t unmap(uint32_t handle, uint64_t at)
{
    struct grant_unmap_arg a[1] = {{.host_addr = at << PAGE_SHIFT, .handle = handle}};

    assert_int_equal(GNTTAB(OP_UNMAP, a, 1), 0);
    return a[0].status;
}

static uint32_t refs(unsigned int n, unsigned int page)
{
    return mfn_to_page(world[n].page[page])->refs;
}

/* What domain n sees at a guest frame. */
static bool sees(unsigned int n, uint64_t at, mfn_t *m, unsigned int *access)
{
    struct p2m_entry e;

    if (p2m_lookup(world[n].d.p2m[0], gfn(at), &e) != 0) {
        return false;
    }
    *m = e.mfn;
    *access = e.access;
    return true;
}

static int setup(void **state)
{
    static bool booted;
    struct domain_config config = {.max_vcpus = WORLD_VCPUS};

    (void)state;
    if (!booted) {
        host_boot(1);
        booted = true;
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_domain(i, &config);
    }
    world_enter(2, 0);
    return 0;
}

static int teardown(void **state)
{
    struct page_stats stats;

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
    page_stats(&stats);
    assert_int_equal(stats.guest, 0);
    return 0;
}

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

static struct grant_copy_arg copy_arg(bool from_ref, uint64_t from, bool to_ref, uint64_t to,
                                      domid_t dom)
{
    struct grant_copy_arg a = {.len = 100,
                               .flags = (uint16_t)((from_ref ? 1 : 0) | (to_ref ? 2 : 0))};

    a.source.domid = from_ref ? dom : DOMID_SELF;
    a.dest.domid = to_ref ? dom : DOMID_SELF;
    if (from_ref) {
        a.source.u.ref = (grant_ref_t)from;
    } else {
        a.source.u.gfn = from;
    }
    if (to_ref) {
        a.dest.u.ref = (grant_ref_t)to;
    } else {
        a.dest.u.gfn = to;
    }
    return a;
}

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
}

static void test_handle_limit(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_maptrack_frames = 1};
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

static struct state_stream saved(struct domain *d, uint8_t *buffer, size_t size)
{
    struct state_stream s = {.data = buffer, .size = size};

    grant_state_save(d, &s);
    assert_int_equal(s.error, 0);
    s.size = s.pos;
    s.pos = 0;
    return s;
}

static int load_all(struct domain *d, struct state_stream s)
{
    struct state_header h;
    const void *body;
    int rc;

    while ((rc = state_next(&s, &h, &body)) == 0 && h.type != STATE_END) {
        rc = grant_state_load(d, &h, body);
        if (rc != 0) {
            return rc;
        }
    }
    return rc == -ENODATA ? 0 : rc;
}

static void test_state_round_trip(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS};
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
    s = saved(&world[3].d, first, sizeof(first));
    world_destroy(3);
    world_free(3);
    assert_int_equal(refs(1, 5), 1);

    world_domain(3, &config);
    assert_int_equal(load_all(&world[3].d, s), 0);
    world_audit();
    assert_int_equal(refs(1, 5), 3);
    assert_int_equal(entry(3, 20)->frame, WORLD_GFN + 7);
    again = saved(&world[3].d, second, sizeof(second));
    assert_int_equal(again.size, s.size);
    assert_memory_equal(first, second, s.size);
    assert_true(load_all(&world[3].d, s) != 0); /* the handles are taken */
    world_enter(3, 0);
    assert_int_equal(unmap(h[1], HOLE + 1), 0);
    assert_int_equal(unmap(h[2], HOLE + 2), 0);
    assert_int_equal(refs(1, 5), 1);
    world_destroy(3);
    world_free(3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_map_and_unmap),
        TEST(test_read_only),
        TEST(test_map_errors),
        TEST(test_only_own_ram_is_granted),
        TEST(test_second_domain_is_refused_while_pinned),
        TEST(test_unmap_errors),
        TEST(test_frame_stays_while_mapped),
        TEST(test_one_flush_for_a_batch),
        TEST(test_same_handle_twice_in_a_batch),
        TEST(test_mapping_over_a_mapping),
        TEST(test_many_items_with_preemption),
        TEST(test_direct_mapped_domain_gets_machine_addresses),
        TEST(test_copy),
        TEST(test_copy_between_grants),
        TEST(test_copy_errors),
        TEST(test_copy_batch_holds_ends),
        TEST(test_silo),
        TEST(test_sizes_and_versions),
        TEST(test_setup_table),
        TEST(test_swap),
        TEST(test_cache_flush),
        TEST(test_seed_and_replace),
        TEST(test_handle_limit),
        TEST(test_random),
        TEST(test_state_round_trip),
        TEST(test_deaths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
