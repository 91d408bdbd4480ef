/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <asm/host.h>
#include <hearth/heap.h>
#include <hearth/page.h>

#include "fake_console.h"

static int setup(void **state)
{
    (void)state;
    host_boot(1);
    return 0;
}

static uint64_t free_frames(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free;
}

struct object {
    uint8_t *p;
    size_t size;
    uint8_t tag;
};

static void test_model(void **state)
{
    static struct object live[500];
    uint64_t before = free_frames();

    (void)state;
    for (uint32_t round = 0; round < 40000; round++) {
        struct object *o = &live[unit_below(ARRAY_SIZE(live))];

        if (o->p == NULL) {
            static const uint32_t limits[] = {40, 300, 2100, 20000};

            o->size = 1 + unit_below(limits[unit_below(4)]);
            o->tag = (uint8_t)round;
            o->p = heap_alloc(o->size);
            assert_non_null(o->p);
            assert_int_equal((uintptr_t)o->p % (o->size >= 33 ? 64 : 32), 0);
            for (size_t i = 0; i < o->size; i++) {
                assert_int_equal(o->p[i], 0);
            }
            memset(o->p, o->tag, o->size);
        } else {
            for (size_t i = 0; i < o->size; i++) {
                assert_int_equal(o->p[i], o->tag);
            }
            heap_free(o->p);
            o->p = NULL;
        }
    }
    assert_true(heap_in_use() > 0);
    for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
        heap_free(live[i].p);
    }
    assert_int_equal(heap_in_use(), 0);
    assert_true(free_frames() >= before - 11); /* an empty slab per class stays */
}

static void test_limits(void **state)
{
    void *p;

    (void)state;
    assert_null(heap_alloc(SIZE_MAX));
    assert_null(heap_alloc(GiB(1)));
    assert_null(heap_alloc_array(SIZE_MAX / 2, 3));
    assert_null(heap_alloc_array(1UL << 32, 1UL << 32));
    p = heap_alloc_array(10, 10);
    assert_non_null(p);
    assert_int_equal(heap_in_use(), 128);
    heap_free(p);
    heap_free(NULL);
    p = heap_alloc(4097);
    assert_int_equal((uintptr_t)p % 4096, 0);
    assert_int_equal(heap_in_use(), 8192);
    heap_free(p);
    p = heap_alloc(2049);
    assert_int_equal(heap_in_use(), 4096);
    heap_free(p);
    assert_int_equal(heap_in_use(), 0);
}

static void test_out_of_memory(void **state)
{
    void *last = NULL;
    size_t n = 0;

    (void)state;
    for (;;) {
        void **p = heap_alloc(1344);

        if (p == NULL) {
            break;
        }
        *p = last;
        last = p;
        n++;
    }
    assert_true(n * 1344 > MiB(50));
    assert_null(heap_alloc(5000));
    while (last != NULL) {
        void *next = *(void **)last;

        heap_free(last);
        last = next;
    }
    assert_int_equal(heap_in_use(), 0);
}

static void use_after_free(void)
{
    char *p = heap_alloc(100);

    heap_free(p);
    p[50] = 1;
    p = heap_alloc(100);
}

static void free_of_middle(void)
{
    char *p = heap_alloc(100);

    heap_free(p + 32);
}

static void free_of_guest_page(void)
{
    mfn_t m;

    unit_check(page_alloc(0, PAGE_TABLE, 0, &m) == 0);
    heap_free(mfn_to_virt(m));
}

static void test_misuse(void **state)
{
    (void)state;
    unit_expect_stop(use_after_free, "written after it was freed");
    unit_expect_stop(free_of_middle, "BUG");
    unit_expect_stop(free_of_guest_page, "BUG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_misuse),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
