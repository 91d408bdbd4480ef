/* SPDX-License-Identifier: Apache-2.0 */
/* Frame table and buddy allocator against a model of the machine's frames. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/page.h>

#include "fake_console.h"

#define LOW_BASE  0x40000U /* frames: 24 MiB at 1 GiB, less a hole, and 16 MiB at 5 GiB */
#define HIGH_BASE 0x140000U
#define NR_LIVE   256U

static const struct mem_range banks[] = {
    {GiB(1), GiB(1) + MiB(10)},
    {GiB(1) + MiB(11), GiB(1) + MiB(24)},
    {GiB(5), GiB(5) + MiB(16)},
};

static struct domain guest;

static void boot(bool scrub)
{
    host_boot_banks(1, banks, ARRAY_SIZE(banks), scrub);
    guest = (struct domain){.id = 7, .max_pages = 1U << 20};
    spin_lock_init(&guest.pages_lock, RANK_PAGES);
}

static int setup(void **state)
{
    (void)state;
    boot(true);
    return 0;
}

static struct page_stats stats(void)
{
    struct page_stats s;

    page_stats(&s);
    return s;
}

static bool all_bytes(mfn_t m, unsigned int order, uint8_t value)
{
    const uint64_t *p = mfn_to_virt(m);

    for (size_t i = 0; i < (PAGE_SIZE << order) / 8; i++) {
        if (p[i] != 0x0101010101010101U * value) {
            return false;
        }
    }
    return true;
}

static void test_layout(void **state)
{
    struct page pg = {.refs = 1, .owner = 2, .order = 3, .content = CONTENT_DIRTY};

    (void)state;
    pg.class = PAGE_SHARED;
    pg.flags = PAGEF_ALLOCATED;
    assert_int_equal(pg.word, 0x2523000200000001);
    pg = (struct page){.next = 1, .prev = 2};
    assert_int_equal(pg.links, 0x200000001);
    assert_int_equal(frame_space.base, LOW_BASE - 1);
    assert_ptr_equal(mfn_to_page(mfn(LOW_BASE)), frame_table + 1);
    assert_int_equal(page_to_mfn(frame_table + 5).n, LOW_BASE + 4);
    assert_int_equal(virt_to_mfn(mfn_to_virt(mfn(HIGH_BASE))).n, HIGH_BASE);
}

static void test_is_ram(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(banks); i++) {
        assert_true(mfn_is_ram(paddr_to_mfn(paddr(banks[i].start))));
        assert_true(mfn_is_ram(paddr_to_mfn(paddr(banks[i].end - 1))));
        assert_false(mfn_is_ram(paddr_to_mfn(paddr(banks[i].start - 1))));
        assert_false(mfn_is_ram(paddr_to_mfn(paddr(banks[i].end))));
    }
    assert_false(mfn_is_ram(mfn(0)));
    assert_false(mfn_is_ram(INVALID_MFN));
}

/* The whole free structure, to compare before and after. */
static uint64_t fingerprint(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_SIZE(banks); i++) {
        for (uint64_t f = banks[i].start >> PAGE_SHIFT; f < banks[i].end >> PAGE_SHIFT; f++) {
            sum = (sum ^ mfn_to_page(mfn(f))->word ^ f) * 0x100000001b3U;
        }
    }
    return sum;
}

struct live {
    mfn_t m;
    unsigned int order;
    enum page_class class;
    uint64_t tag;
};

static void tag_block(const struct live *l)
{
    for (uint64_t i = 0; i < 1UL << l->order; i++) {
        *(uint64_t *)mfn_to_virt(mfn_add(l->m, i)) = l->tag + i;
    }
}

static void check_and_free(struct live *l)
{
    for (uint64_t i = 0; i < 1UL << l->order; i++) {
        assert_int_equal(*(uint64_t *)mfn_to_virt(mfn_add(l->m, i)), l->tag + i);
        assert_true(mfn_is_ram(mfn_add(l->m, i)));
    }
    if (l->class == PAGE_GUEST) {
        for (uint64_t i = 0; i < 1UL << l->order; i++) {
            assert_int_equal(page_disown(&guest, mfn_add(l->m, i)), 0);
        }
    } else {
        page_free(l->m, l->order);
    }
    l->class = PAGE_NONE;
}

static bool allocate(struct live *l, uint64_t round)
{
    unsigned int flags =
        (unit_below(2) != 0 ? ALLOC_ZERO : 0) | (unit_below(4) == 0 ? ALLOC_LOW4G : 0);
    int err;

    l->class = unit_below(2) != 0 ? PAGE_GUEST : PAGE_HEAP;
    l->order = (unsigned int)unit_below(unit_below(6) == 0 ? 12 : 5);
    l->tag = round << 32;
    err = l->class == PAGE_GUEST ? page_alloc_guest(&guest, l->order, flags, &l->m)
                                 : page_alloc(l->order, l->class, flags, &l->m);
    if (err != 0) {
        assert_int_equal(err, -ENOMEM);
        l->class = PAGE_NONE;
        return false;
    }
    assert_true(IS_ALIGNED(l->m.n, 1UL << l->order));
    if ((flags & ALLOC_ZERO) != 0 || l->class == PAGE_GUEST) {
        assert_true(all_bytes(l->m, l->order, 0));
    }
    if ((flags & ALLOC_LOW4G) != 0) {
        assert_true(l->m.n < 0x100000);
    }
    tag_block(l);
    return true;
}

static void test_model(void **state)
{
    static struct live live[NR_LIVE];
    struct page_stats before = stats();
    uint64_t shape = fingerprint();
    uint64_t used_frames = 0, failures = 0;

    (void)state;
    for (uint64_t round = 1; round < 20000; round++) {
        struct live *l = &live[unit_below(NR_LIVE)];

        if (l->class != PAGE_NONE) {
            used_frames -= 1UL << l->order;
            check_and_free(l);
        } else if (allocate(l, round)) {
            used_frames += 1UL << l->order;
        } else {
            failures++;
        }
        assert_int_equal(stats().free, before.free - used_frames);
        assert_int_equal(guest.tot_pages, guest.pages.count);
        assert_int_equal(stats().guest, guest.tot_pages);
    }
    assert_true(failures > 0);
    for (size_t i = 0; i < NR_LIVE; i++) {
        if (live[i].class != PAGE_NONE) {
            check_and_free(&live[i]);
        }
    }
    assert_int_equal(stats().free, before.free);
    /* All is dirty again, so everything has merged back to where it started. */
    while (stats().dirty < before.dirty) {
        static mfn_t all[20000];
        size_t n = 0;

        while (n < ARRAY_SIZE(all) && page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &all[n]) == 0) {
            n++;
        }
        while (n > 0) {
            page_free(all[--n], 0);
        }
    }
    assert_int_equal(fingerprint(), shape);
}

/* Each frame is handed out once, the reserve last and only on request. */
static void test_exhaustion(void **state)
{
    static mfn_t all[20000];
    static uint8_t seen[20000];
    uint64_t free_frames = stats().free;
    uint64_t shape = fingerprint();
    size_t n = 0, normal;

    (void)state;
    while (page_alloc(0, PAGE_HEAP, 0, &all[n]) == 0) {
        n++;
    }
    normal = n;
    assert_true(normal < free_frames && free_frames - normal <= free_frames / 64);
    while (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &all[n]) == 0) {
        n++;
    }
    assert_int_equal(n, free_frames);
    assert_int_equal(stats().free, 0);
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < n; i++) {
        uint64_t at = all[i].n >= HIGH_BASE ? 10000 + all[i].n - HIGH_BASE : all[i].n - LOW_BASE;

        assert_int_equal(seen[at]++, 0);
    }
    for (size_t i = 0; i < n; i++) {
        page_free(all[(i * 7919) % n], 0); /* n is no multiple of this prime */
    }
    assert_int_equal(fingerprint(), shape);
}

static void test_scrub(void **state)
{
    struct page_stats before = stats();
    uint64_t dirty = before.dirty;
    mfn_t m;

    (void)state;
    assert_int_equal(dirty, before.free);
    host_forget_events();
    assert_int_equal(page_alloc(2, PAGE_HEAP, 0, &m), 0); /* as it is */
    assert_int_equal(host_count_events(HOST_ZERO), 0);
    page_free(m, 2);
    assert_int_equal(page_scrub_some(3), 3);
    assert_int_equal(stats().dirty, dirty - 3);
    while (page_scrub_some(64) > 0) {
    }
    assert_int_equal(stats().dirty, 0);
    assert_int_equal(stats().free, before.free);
    /* Each zeroed stretch is cleaned before the next step. */
    for (unsigned int i = 0; i + 1 < MIN(host_nr_events, HOST_EVENTS); i += 2) {
        assert_int_equal(host_events[i].kind, HOST_ZERO);
        assert_int_equal(host_events[i + 1].kind, HOST_CLEAN);
        assert_int_equal(host_events[i].a, host_events[i + 1].a);
        assert_int_equal(host_events[i].b, host_events[i + 1].b);
    }
    /* Clean memory costs nothing when it is given. */
    host_forget_events();
    assert_int_equal(page_alloc_guest(&guest, 3, 0, &m), 0);
    assert_int_equal(host_nr_events, 0);
    assert_true(all_bytes(m, 3, 0));
    /* What a guest left is scrubbed for the next, and cleaned. */
    memset(mfn_to_virt(m), 0x77, PAGE_SIZE << 3);
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(page_disown(&guest, mfn_add(m, i)), 0);
    }
    assert_int_equal(stats().dirty, 8);
    while (stats().free > 0) {
        mfn_t next;

        if (page_alloc_guest(&guest, 0, 0, &next) != 0) {
            break;
        }
        assert_true(all_bytes(next, 0, 0));
    }
    while (guest.pages.head != 0) {
        assert_int_equal(page_disown(&guest, page_to_mfn(page_list_first(&guest.pages))), 0);
    }
}

static void bootscrub_off(void)
{
    mfn_t guest_frame, table, shared;

    boot(false);
    host_forget_events();
    unit_check(page_alloc_guest(&guest, 0, 0, &guest_frame) == 0);
    unit_check(all_bytes(guest_frame, 0, 0xa5)); /* as reset left it: the user asked for it */
    unit_check(host_nr_events == 0);
    unit_check(page_alloc(0, PAGE_TABLE, ALLOC_ZERO, &table) == 0);
    unit_check(all_bytes(table, 0, 0));
    unit_check(page_alloc(0, PAGE_SHARED, 0, &shared) == 0);
    unit_check(all_bytes(shared, 0, 0));
    /* But not what a guest left. */
    memset(mfn_to_virt(guest_frame), 0x77, PAGE_SIZE);
    unit_check(page_disown(&guest, guest_frame) == 0);
    while (page_alloc_guest(&guest, 0, 0, &guest_frame) == 0) {
        unit_check(!all_bytes(guest_frame, 0, 0x77));
    }
}

static void test_bootscrub_off(void **state)
{
    (void)state;
    unit_expect_pass(bootscrub_off);
}

static void start_up_is_lazy(void)
{
    static const struct mem_range big = {GiB(1), GiB(17)};
    struct page_stats s;

    host_boot_banks(1, &big, 1, true);
    page_stats(&s);
    unit_check(s.total == GiB(16) >> PAGE_SHIFT && s.free > s.total - s.total / 128);
    /* 16 blocks of 1 GiB and the edges of the frame table: nothing else was touched. */
    unsigned int touched = 0;
    for (uint64_t f = big.start >> PAGE_SHIFT; f < big.end >> PAGE_SHIFT; f += 1U << MAX_ORDER) {
        touched += mfn_to_page(mfn(f))->word != 0;
        unit_check(mfn_to_page(mfn(f + 1))->word == 0 || f == big.start >> PAGE_SHIFT);
    }
    unit_check(touched == 16 - 1);
}

static void test_start_up_is_lazy(void **state)
{
    (void)state;
    unit_expect_pass(start_up_is_lazy);
}

static void test_give(void **state)
{
    struct page_stats before = stats();
    mfn_t m;

    (void)state;
    /* A boot-time reservation comes in: here, one that was allocated. */
    assert_int_equal(page_alloc(0, PAGE_HEAP, 0, &m), 0);
    mfn_to_page(m)->word = 0;
    page_alloc_give((m.n << PAGE_SHIFT) - 100, (m.n << PAGE_SHIFT) + PAGE_SIZE + 100);
    assert_int_equal(stats().free, before.free);
    page_alloc_give(0, 0);
    page_alloc_give(MiB(1), MiB(2)); /* not RAM */
    assert_int_equal(stats().free, before.free);
}

static void frees_twice(void)
{
    mfn_t m;

    unit_check(page_alloc(1, PAGE_HEAP, 0, &m) == 0);
    page_free(m, 1);
    page_free(m, 1);
}

static void frees_wrong_order(void)
{
    mfn_t m;

    unit_check(page_alloc(1, PAGE_HEAP, 0, &m) == 0);
    page_free(m, 0);
}

static void test_misuse(void **state)
{
    (void)state;
    unit_expect_stop(frees_twice, "BUG");
    unit_expect_stop(frees_wrong_order, "BUG");
}

int main(void)
{
    /* test_scrub leaves clean memory, so it comes last. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout), cmocka_unit_test(test_is_ram),
        cmocka_unit_test(test_model),  cmocka_unit_test(test_exhaustion),
        cmocka_unit_test(test_give),   cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_scrub),
    };
    const struct CMUnitTest own_machine[] = {
        cmocka_unit_test(test_bootscrub_off),
        cmocka_unit_test(test_start_up_is_lazy),
    };

    return cmocka_run_group_tests(own_machine, NULL, NULL) +
           cmocka_run_group_tests(tests, setup, NULL);
}
