/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each n-th allocation of map and bind fails, of the heap (nth_heap.h) and of frames for tables:
 * the call says so, nothing stays but what the next one takes, and the next one works. Creation is
 * in test_domctl_alloc.c.
 *
 * A call returns whether all of it worked; what worked of one that did not, it takes back itself.
 */
#include "unit.h"

#include "nth_heap.h"
#include "tools.h"

#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/shared.h>

#define GRANT_MAP        0U
#define GRANT_UNMAP      1U
#define GRANT_SETUP      2U
#define MEMORY_ADD       7U
#define MEMORY_REMOVE    15U
#define MEMORY_ADD_BATCH 23U
#define SPACE_GRANTS     1U
#define SPACE_FOREIGN    4U

#define REF              8U /* its frame is page REF of the granter, as that of the two next */
#define FAR(i)           (0x40000UL * ((i) + 1)) /* gfns that need tables of their own */
#define PAGES            12U
#define CHUNK            128U /* handles that one allocation makes */

static struct domain *dom0, *a, *b; /* a grants to b */

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    machine_boot(1);
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, PAGES);
    return 0;
}

static int64_t hypercall_of(struct domain *d, machine_call_fn fn, uint64_t cmd, void *arg,
                            size_t size, uint32_t count)
{
    struct hypercall_args args = {.arg = {cmd, machine_ga(0), count}};
    void *at = machine_va(d, 0);
    int64_t rc;

    memcpy(at, arg, size);
    this_cpu()->current = d->vcpu[0];
    rc = fn(d->vcpu[0], &args);
    this_cpu()->current = NULL;
    memcpy(arg, at, size);
    return rc;
}

#define GRANT(d, cmd, array, n)                                                                    \
    hypercall_of(d, hypercall_grant_table_op, cmd, array, (n) * sizeof((array)[0]), n)
#define EVENT(d, cmd, arg)  hypercall_of(d, hypercall_event_channel_op, cmd, &(arg), sizeof(arg), 0)
#define MEMORY(d, cmd, arg) hypercall_of(d, hypercall_memory_op, cmd, &(arg), sizeof(arg), 0)

static uint32_t refs_of(struct domain *d, unsigned int page)
{
    return mfn_to_page(virt_to_mfn(machine_va(d, page)))->refs;
}

static void check_refs(void)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        assert_int_equal(refs_of(a, i), 1);
        assert_int_equal(refs_of(b, i), 1);
    }
    assert_int_equal(a->refs, 1);
    assert_int_equal(b->refs, 1);
}

static void check_tables(void)
{
    struct domain *all[] = {dom0, a, b};

    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        assert_null(evtchn_audit(all[i]));
    }
    assert_null(grant_audit(all, ARRAY_SIZE(all)));
}

static void nothing(void)
{
}

/* --- Grants --- */

static void grant_pages(void)
{
    mfn_t m;
    union guest_grant_entry *e;

    assert_int_equal(grant_shared_frame(a, 0, &m), 0);
    e = mfn_to_virt(m);
    for (unsigned int i = REF; i < REF + 3; i++) {
        e[i].frame = MACHINE_GFN + i;
        e[i].domid = b->id;
        e[i].flags = GTF_PERMIT_ACCESS;
    }
}

static bool map_refs(unsigned int n, bool keep)
{
    struct grant_unmap_arg u[3] = {0};
    struct grant_map_arg m[3] = {0};
    unsigned int good = 0;

    for (unsigned int i = 0; i < n; i++) {
        m[i] = (struct grant_map_arg){
            .host_addr = FAR(i) << PAGE_SHIFT, .flags = 2, .ref = REF + i, .dom = a->id};
    }
    assert_int_equal(GRANT(b, GRANT_MAP, m, n), 0);
    for (unsigned int i = 0; i < n; i++) {
        assert_int_equal(refs_of(a, REF + i), m[i].status == 0 ? 3 : 1);
        if (m[i].status == 0) {
            u[good].host_addr = m[i].host_addr;
            u[good++].handle = m[i].handle;
        }
    }
    if (keep && good == n) {
        return true; /* for the domain's end to undo */
    }
    assert_int_equal(GRANT(b, GRANT_UNMAP, u, good), 0);
    for (unsigned int i = 0; i < good; i++) {
        assert_int_equal(u[i].status, 0);
    }
    return good == n;
}

static bool map_one(void)
{
    return map_refs(1, false);
}

static bool map_batch(void)
{
    return map_refs(3, false);
}

static bool map_and_keep(void)
{
    return map_refs(3, true);
}

/* All handles that there are become live: the next one takes a chunk more. */
static void fill_maptrack(void)
{
    grant_pages();
    for (unsigned int i = 0; i < CHUNK; i++) {
        struct grant_map_arg m[1] = {{.host_addr = (0x800UL + i) << PAGE_SHIFT,
                                      .flags = 2 | 4,
                                      .ref = REF + 2,
                                      .dom = a->id}};

        assert_int_equal(GRANT(b, GRANT_MAP, m, 1), 0);
        assert_int_equal(m[0].status, 0);
        assert_int_equal(m[0].handle, i);
    }
}

static bool setup_table(void)
{
    struct grant_setup_table_arg s[1] = {
        {.dom = DOMID_SELF, .nr_frames = 4, .frame_list = guest_ptr(machine_ga(1))}};

    assert_int_equal(GRANT(b, GRANT_SETUP, s, 1), 0);
    return s[0].status == 0;
}

static bool add_grant_frame(void)
{
    struct memory_add_to_physmap_arg add = {
        .domid = DOMID_SELF, .space = SPACE_GRANTS, .idx = 3, .gpfn = FAR(0)};
    struct memory_remove_from_physmap_arg remove = {.domid = DOMID_SELF, .gpfn = FAR(0)};
    struct p2m_entry e;

    if (MEMORY(b, MEMORY_ADD, add) != 0) {
        assert_int_equal(p2m_lookup(b->p2m[0], gfn(FAR(0)), &e), -ENOENT);
        return false;
    }
    assert_int_equal(MEMORY(b, MEMORY_REMOVE, remove), 0);
    return true;
}

static bool map_foreign(void)
{
    struct memory_add_to_physmap_batch_arg batch = {
        .domid = DOMID_SELF,
        .space = SPACE_FOREIGN,
        .size = 2,
        .foreign_domid = a->id,
        .idxs = guest_ptr(machine_ga(1)),
        .gpfns = guest_ptr(machine_ga(2)),
        .errs = guest_ptr(machine_ga(3)),
    };
    uint64_t *idx = machine_va(dom0, 1), *at = machine_va(dom0, 2);
    int32_t *err = machine_va(dom0, 3);

    for (unsigned int i = 0; i < 2; i++) {
        idx[i] = MACHINE_GFN + 1 + i;
        at[i] = FAR(i);
        err[i] = -1;
    }
    assert_int_equal(MEMORY(dom0, MEMORY_ADD_BATCH, batch), 0);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(refs_of(a, 1 + i), err[i] == 0 ? 2 : 1);
        assert_int_equal(p2m_unmap_memory(dom0->p2m[0], gfn(FAR(i))), err[i] == 0 ? 0 : -ENOENT);
    }
    return err[0] == 0 && err[1] == 0;
}

/* --- Events --- */

/* All of b's ports below `end` are in use. */
static void fill_ports(evtchn_port_t end)
{
    evtchn_port_t port = 0;

    while (port + 1 < end) {
        assert_int_equal(evtchn_alloc_unbound(b, a->id, &port), 0);
    }
    assert_int_equal(port, end - 1);
}

static void fill_table(void)
{
    fill_ports(128);
}

static bool close_port(int64_t rc, evtchn_port_t port)
{
    struct evtchn_close_arg c = {.port = port};

    assert_int_equal(EVENT(b, 3, c), rc == 0 ? 0 : -EINVAL);
    assert_true(rc == 0 || rc == -ENOMEM);
    return rc == 0;
}

static bool alloc_unbound(void)
{
    struct evtchn_alloc_unbound_arg u = {.dom = DOMID_SELF, .remote_dom = a->id};
    int64_t rc = EVENT(b, 6, u);

    return close_port(rc, u.port);
}

static bool bind_ipi(void)
{
    struct evtchn_bind_ipi_arg i = {.vcpu = 1};
    int64_t rc = EVENT(b, 7, i);

    return close_port(rc, i.port);
}

static bool bind_virq(void)
{
    struct evtchn_bind_virq_arg i = {.virq = VIRQ_DEBUG, .vcpu = 1};
    int64_t rc = EVENT(b, 1, i);

    assert_int_equal(b->vcpu[1]->virq_port[VIRQ_DEBUG], rc == 0 ? i.port : 0);
    return close_port(rc, i.port);
}

static bool bind_interdomain(void)
{
    struct evtchn_bind_interdomain_arg i = {.remote_dom = a->id};
    struct evtchn_close_arg close;
    int64_t rc;

    assert_int_equal(evtchn_alloc_unbound(a, b->id, &i.remote_port), 0);
    close.port = i.remote_port;
    rc = EVENT(b, 0, i);
    check_tables();
    (void)close_port(rc, i.local_port);
    assert_int_equal(EVENT(a, 3, close), 0);
    return rc == 0;
}

static int64_t init_control_of(uint32_t vcpu)
{
    struct evtchn_init_control_arg c = {.control_gfn = MACHINE_GFN + 1 + vcpu, .vcpu = vcpu};

    return EVENT(b, 11, c);
}

static bool expand_array(void)
{
    struct evtchn_expand_array_arg e = {.array_gfn = MACHINE_GFN + 3};

    return EVENT(b, 12, e) == 0;
}

/* To 2-level again, that nothing stays. */
static void leave_fifo(void)
{
    struct evtchn_reset_arg r = {.dom = DOMID_SELF};

    assert_int_equal(EVENT(b, 10, r), 0);
    machine_turn();
}

static bool fifo(void)
{
    bool good = init_control_of(0) == 0 && init_control_of(1) == 0 && expand_array();

    if (good) {
        assert_int_equal(refs_of(b, 1) + refs_of(b, 2) + refs_of(b, 3), 6);
    }
    leave_fifo();
    return good;
}

/* As many ports as the table's first form names: the next one makes the large one. */
static void fill_small_table(void)
{
    assert_int_equal(init_control_of(0), 0);
    fill_ports(EVTCHN_2L_PORTS);
}

static bool alloc_unbound_beyond(void)
{
    bool good = alloc_unbound();

    if (good) {
        leave_fifo();
    }
    return good;
}

/* --- Memory --- */

static int64_t reservation(uint32_t cmd, uint64_t n)
{
    struct memory_reservation_arg r = {
        .extent_start = guest_ptr(machine_ga(1)), .nr_extents = n, .domid = b->id};
    uint64_t *at = machine_va(dom0, 1);

    for (unsigned int i = 0; i < n; i++) {
        at[i] = FAR(i);
    }
    return MEMORY(dom0, cmd, r);
}

static bool populate(void)
{
    uint64_t before = b->tot_pages;
    int64_t done = reservation(MEMORY_POPULATE_PHYSMAP, 3);

    assert_in_range(done, 0, 3);
    assert_int_equal(b->tot_pages, before + (uint64_t)done);
    assert_int_equal(reservation(MEMORY_DECREASE_RESERVATION, (uint64_t)done), done);
    assert_int_equal(b->tot_pages, before);
    machine_turn();
    return done == 3;
}

static mfn_t block;

static void map_block(void)
{
    assert_int_equal(page_alloc_guest(b, 9, 0, &block), 0);
    assert_int_equal(p2m_map(b->p2m[0], gfn(FAR(0)), block, 512, P2M_RAM, P2M_RWX), 0);
}

/* One page of a block is replaced, which takes a table; else the block is as it was. */
static bool split_block(void)
{
    struct memory_add_to_physmap_arg add = {
        .domid = DOMID_SELF, .space = SPACE_GRANTS, .idx = 0, .gpfn = FAR(0) + 5};
    bool good = MEMORY(b, MEMORY_ADD, add) == 0;
    struct p2m_entry e;

    for (uint64_t i = 0; i < 512; i++) {
        assert_int_equal(p2m_lookup(b->p2m[0], gfn(FAR(0) + i), &e), 0);
        assert_int_equal(e.order, good ? 0 : 9);
        if (i != 5 || !good) {
            assert_true(mfn_eq(e.mfn, mfn_add(block, i)));
        }
    }
    return good;
}

/* --- The rounds --- */

struct nth_case {
    void (*prepare)(void);
    bool (*call)(void);
    unsigned int heap, frames; /* how many allocations it makes, at least */
    unsigned int flags;
};

#define KEEPS 1U /* the call leaves what it made, or the preparation references */
#define GROWS 2U /* a table of the domain's, which does not shrink: half of it may stay */

static size_t base_heap;
static uint64_t base_pages;

static void make_world(const struct nth_case *c)
{
    struct domain_config config = machine_config;

    config.max_evtchn_port = UINT32_MAX;
    a = machine_domain(1, &config, PAGES);
    b = machine_domain(2, &config, PAGES);
    c->prepare();
    machine_turn();
}

static void end_world(void)
{
    machine_kill(b);
    machine_kill(a);
    assert_int_equal(nth_in_use, base_heap);
    assert_int_equal(nth_free_pages(), base_pages);
}

/* After a failure: another one takes nothing more, then it works. */
static void try_again(const struct nth_case *c)
{
    size_t heap = nth_in_use;
    uint64_t pages = nth_free_pages();
    bool good;

    check_tables();
    if ((c->flags & KEEPS) == 0) {
        check_refs();
    }
    nth_fail_all = true;
    nth_leave_frames(0);
    good = c->call();
    nth_fail_all = false;
    nth_give_back();
    machine_turn();
    if (!good) {
        assert_int_equal(nth_in_use, heap);
        assert_int_equal(nth_free_pages(), pages);
        assert_true(c->call());
    }
    if ((c->flags & KEEPS) == 0) {
        check_refs();
    }
}

static void each_allocation(const struct nth_case *c)
{
    unsigned int n;
    bool good = false;

    for (n = 0; !good; n++) {
        size_t heap;

        make_world(c);
        heap = nth_in_use;
        nth_begin(n + 1);
        good = c->call();
        assert_int_equal(nth_end() > n, !good);
        machine_turn();
        if (!good) {
            if ((c->flags & GROWS) == 0) {
                assert_int_equal(nth_in_use, heap);
            }
            try_again(c);
        }
        end_world();
    }
    assert_true(n > c->heap);
}

static void each_frame(const struct nth_case *c)
{
    unsigned int n;
    bool good = false;

    for (n = 0; !good; n++) {
        uint64_t pages;

        make_world(c);
        pages = nth_free_pages();
        nth_leave_frames(n);
        good = c->call();
        nth_give_back();
        machine_turn();
        if (!good) {
            if ((c->flags & GROWS) == 0) {
                assert_int_equal(nth_free_pages(), pages);
            }
            try_again(c);
        }
        end_world();
    }
    assert_true(n > c->frames);
}

static void run(const struct nth_case *c)
{
    make_world(c); /* what is made once for all is there then */
    machine_kill(b);
    machine_kill(a);
    base_heap = nth_in_use;
    base_pages = nth_free_pages();
    each_allocation(c);
    each_frame(c);
}

#define NTH_TEST(name, ...)                                                                        \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        run(&(const struct nth_case){__VA_ARGS__});                                                \
    }

NTH_TEST(map_one, grant_pages, map_one, 2, 2, GROWS)
NTH_TEST(map_batch, grant_pages, map_batch, 2, 6, GROWS)
NTH_TEST(map_and_keep, grant_pages, map_and_keep, 2, 6, GROWS | KEEPS)
NTH_TEST(maptrack_growth, fill_maptrack, map_one, 1, 2, KEEPS)
NTH_TEST(setup_table, nothing, setup_table, 3, 3, GROWS)
NTH_TEST(add_grant_frame, nothing, add_grant_frame, 3, 3, GROWS)
NTH_TEST(map_foreign, nothing, map_foreign, 0, 4, 0)
NTH_TEST(alloc_unbound, fill_table, alloc_unbound, 1, 0, 0)
NTH_TEST(bind_ipi, fill_table, bind_ipi, 1, 0, 0)
NTH_TEST(bind_virq, fill_table, bind_virq, 1, 0, 0)
NTH_TEST(bind_interdomain, fill_table, bind_interdomain, 1, 0, 0)
NTH_TEST(fifo, nothing, fifo, 4, 0, 0)
NTH_TEST(large_port_table, fill_small_table, alloc_unbound_beyond, 2, 0, GROWS | KEEPS)
NTH_TEST(populate, nothing, populate, 0, 9, 0)
NTH_TEST(split_block, map_block, split_block, 0, 1, KEEPS)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_one),          cmocka_unit_test(test_map_batch),
        cmocka_unit_test(test_map_and_keep),     cmocka_unit_test(test_maptrack_growth),
        cmocka_unit_test(test_setup_table),      cmocka_unit_test(test_add_grant_frame),
        cmocka_unit_test(test_map_foreign),      cmocka_unit_test(test_alloc_unbound),
        cmocka_unit_test(test_bind_ipi),         cmocka_unit_test(test_bind_virq),
        cmocka_unit_test(test_bind_interdomain), cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_large_port_table), cmocka_unit_test(test_populate),
        cmocka_unit_test(test_split_block),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
