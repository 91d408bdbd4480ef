/* SPDX-License-Identifier: Apache-2.0 */
/* References, ownership and charging of guest and shared frames. */
#include "unit.h"

#include <pthread.h>

#include <asm/host.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/page.h>

#include "fake_console.h"

static struct domain a, b;

static void init_domain(struct domain *d, domid_t id)
{
    *d = (struct domain){.id = id, .max_pages = 1U << 20};
    spin_lock_init(&d->pages_lock, RANK_PAGES);
}

static int setup(void **state)
{
    (void)state;
    host_boot(HOST_CPUS);
    init_domain(&a, 1);
    init_domain(&b, 2);
    return 0;
}

static uint64_t free_frames(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free;
}

static mfn_t guest_frame(void)
{
    mfn_t m = INVALID_MFN;

    assert_int_equal(page_alloc_guest(&a, 0, 0, &m), 0);
    return m;
}

static void test_life_of_a_guest_frame(void **state)
{
    uint64_t before = free_frames();
    mfn_t m = guest_frame();
    domid_t owner = 0;

    (void)state;
    assert_int_equal(mfn_to_page(m)->refs, 1);
    assert_true(page_get(m, &a));
    assert_false(page_get(m, &b));
    assert_true(page_get_any(m, &owner));
    assert_int_equal(owner, 1);
    assert_true(page_get_again(m));
    assert_int_equal(mfn_to_page(m)->refs, 4);
    page_put(m);
    page_put(m);
    assert_int_equal(page_disown(&b, m), -ENOENT);
    assert_int_equal(page_disown(&a, m), 0);
    assert_int_equal(page_disown(&a, m), -ENOENT);
    /* One reference is left: not free, not a's to give any more, still referable by its holder. */
    assert_int_equal(a.tot_pages, 0);
    assert_int_equal(a.pages.count, 0);
    assert_int_equal(free_frames(), before - 1);
    assert_false(page_get(m, &a));
    assert_true(page_get_again(m));
    page_put(m);
    page_put(m);
    assert_int_equal(free_frames(), before);
    assert_false(page_get(m, &a));
    assert_false(page_get_any(m, &owner));
    assert_int_equal(page_disown(&a, m), -ENOENT);
}

static void test_only_counted_classes(void **state)
{
    mfn_t heap, table;
    domid_t owner;

    (void)state;
    assert_int_equal(page_alloc(2, PAGE_HEAP, 0, &heap), 0);
    assert_int_equal(page_alloc(0, PAGE_TABLE, 0, &table), 0);
    for (uint64_t i = 0; i < 4; i++) {
        assert_false(page_get_any(mfn_add(heap, i), &owner));
    }
    assert_false(page_get_any(table, &owner));
    assert_false(page_get_any(INVALID_MFN, &owner));
    assert_false(page_get_any(mfn(0), &owner));
    assert_false(page_get(mfn(1UL << 40), &a));
    assert_int_equal(page_disown(&a, heap), -ENOENT);
    assert_int_equal(page_disown(&a, INVALID_MFN), -ENOENT);
    page_free(heap, 2);
    page_free(table, 0);
}

static void test_shared(void **state)
{
    uint64_t before = free_frames();
    domid_t owner;
    mfn_t m;

    (void)state;
    assert_int_equal(page_alloc(0, PAGE_SHARED, 0, &m), 0);
    assert_false(page_get(m, &a)); /* nobody's yet */
    page_set_owner(m, &a);
    assert_true(page_get(m, &a));
    assert_false(page_get(m, &b));
    assert_true(page_get_any(m, &owner));
    assert_int_equal(owner, 1);
    assert_int_equal(page_disown(&a, m), -ENOENT); /* not the guest's memory */
    page_put(m);
    page_free(m, 0); /* the mapping keeps it */
    assert_int_equal(free_frames(), before - 1);
    assert_false(page_get(m, &a));
    page_put(m);
    assert_int_equal(free_frames(), before);
}

static void test_saturation(void **state)
{
    mfn_t m = guest_frame();
    struct page *pg = mfn_to_page(m);
    domid_t owner;

    (void)state;
    pg->refs = PAGE_REFS_MAX - 1;
    assert_true(page_get(m, &a));
    assert_int_equal(pg->refs, PAGE_REFS_MAX);
    assert_false(page_get(m, &a));
    assert_false(page_get_any(m, &owner));
    assert_false(page_get_again(m));
    assert_int_equal(pg->refs, PAGE_REFS_MAX);
    page_put(m);
    assert_true(page_get_again(m));
    pg->refs = 1;
    assert_int_equal(page_disown(&a, m), 0);
}

static void test_charging(void **state)
{
    uint64_t before = free_frames();
    mfn_t m, n;

    (void)state;
    a.max_pages = 10;
    assert_int_equal(page_alloc_guest(&a, 3, 0, &m), 0);
    assert_int_equal(page_alloc_guest(&a, 2, 0, &n), -ENOMEM);
    assert_int_equal(page_alloc_guest(&a, 1, 0, &n), 0);
    assert_int_equal(page_alloc_guest(&a, 0, 0, &n), -ENOMEM);
    assert_int_equal(a.tot_pages, 10);
    a.max_pages = UINT64_MAX;
    assert_int_equal(page_alloc_guest(&a, MAX_ORDER, 0, &n), -ENOMEM);
    assert_int_equal(page_alloc_guest(&a, MAX_ORDER + 1, 0, &n), -ENOMEM);
    assert_int_equal(page_alloc_guest(&a, 63, 0, &n), -ENOMEM);
    assert_int_equal(a.tot_pages, 10);
    /* The list has each frame once, both ways. */
    uint32_t back = 0, count = 0;
    for (struct page *pg = page_list_first(&a.pages); pg != NULL; pg = page_list_next(pg)) {
        assert_int_equal(pg->prev, back);
        back = (uint32_t)(pg - frame_table);
        assert_int_equal(pg->owner, 1);
        assert_int_equal(pg->flags, PAGEF_ALLOCATED);
        count++;
    }
    assert_int_equal(back, a.pages.tail);
    assert_int_equal(count, 10);
    a.life = DOMAIN_DYING;
    assert_int_equal(page_alloc_guest(&a, 0, 0, &n), -EINVAL);
    a.life = DOMAIN_ALIVE;
    while (a.pages.head != 0) {
        struct page *pg = frame_table + (unit_below(2) != 0 ? a.pages.head : a.pages.tail);

        assert_int_equal(page_disown(&a, page_to_mfn(pg)), 0);
    }
    assert_int_equal(a.pages.tail, 0);
    assert_int_equal(a.tot_pages, 0);
    assert_int_equal(free_frames(), before);
    a.max_pages = 1U << 20;
}

/* Every allocation that can fail does, and leaves nothing behind. */
static void test_nth_failure(void **state)
{
    static mfn_t held[20000];
    size_t n = 0;
    mfn_t m;

    (void)state;
    while (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &held[n]) == 0) {
        n++;
    }
    /* Every second frame, so that no larger block comes to be. */
    for (size_t i = 0; i < 200; i += 2) {
        uint64_t left;

        page_free(held[i], 0);
        held[i] = INVALID_MFN;
        left = free_frames();
        assert_int_equal(page_alloc_guest(&a, 1, ALLOC_RESERVE, &m), -ENOMEM);
        assert_int_equal(page_alloc(0, PAGE_HEAP, 0, &m), -ENOMEM); /* the reserve */
        assert_int_equal(free_frames(), left);
        assert_int_equal(a.tot_pages, 0);
    }
    for (size_t i = 0; i < n; i++) {
        if (mfn_is_valid_value(held[i])) {
            page_free(held[i], 0);
        }
    }
}

#define THREADS 4
#define LOOPS   20000

static mfn_t contested;
static unsigned int ended;

static void *getter(void *arg)
{
    unsigned int taken = 0;

    host_switch_cpu((unsigned int)(uintptr_t)arg);
    for (int i = 0; i < LOOPS; i++) {
        domid_t owner;

        if (page_get(contested, &a)) {
            taken++;
            page_put(contested);
        }
        if (page_get_any(contested, &owner)) {
            page_put(contested);
        }
    }
    (void)atomic_fetch_add(&ended, 1U);
    return (void *)(uintptr_t)taken;
}

/* References against the frame leaving its owner and coming back. */
static void test_get_against_disown(void **state)
{
    pthread_t thread[THREADS];
    uint64_t before = free_frames();

    (void)state;
    contested = guest_frame();
    ended = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, getter, (void *)(i + 1)), 0);
    }
    while (load_acquire(&ended) < THREADS) {
        mfn_t m;

        if (page_disown(&a, contested) == 0) {
            while (page_alloc_guest(&a, 0, 0, &m) != 0) {
            }
            if (!mfn_eq(m, contested)) {
                assert_int_equal(page_disown(&a, m), 0);
            }
        } else {
            assert_int_equal(page_alloc_guest(&a, 0, 0, &m), 0);
            if (!mfn_eq(m, contested)) {
                assert_int_equal(page_disown(&a, m), 0);
            }
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    (void)!page_disown(&a, contested);
    assert_int_equal(a.tot_pages, 0);
    assert_int_equal(free_frames(), before);
}

static void puts_too_often(void)
{
    mfn_t m;

    unit_check(page_alloc_guest(&a, 0, 0, &m) == 0);
    page_put(m); /* the owner's own reference: only page_disown() may drop it */
}

static void puts_free_frame(void)
{
    mfn_t m;

    unit_check(page_alloc_guest(&a, 0, 0, &m) == 0);
    unit_check(page_disown(&a, m) == 0);
    page_put(m);
}

static void test_misuse(void **state)
{
    (void)state;
    unit_expect_stop(puts_too_often, "BUG");
    unit_expect_stop(puts_free_frame, "BUG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_guest_frame),
        cmocka_unit_test(test_only_counted_classes),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_charging),
        cmocka_unit_test(test_nth_failure),
        cmocka_unit_test(test_get_against_disown),
        cmocka_unit_test(test_misuse),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
