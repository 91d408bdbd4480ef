/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of small objects: none overlaps another, what is freed is used again, for any size. */
#include "unit.h"

#include <string.h>
#include <sys/resource.h>

#include "xenstored/pool.h"

#define OBJECTS 20000u
#define PAGE    4096u

static struct {
    uint8_t *at;
    size_t size;
    uint8_t tag;
} object[OBJECTS];

static uint32_t seed;

static uint32_t pick(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static int setup(void **state)
{
    (void)state;
    seed = 1;
    memset(object, 0, sizeof(object));
    return pool_init();
}

static void take(uint32_t i, size_t size)
{
    uint8_t *at = pool_alloc(size);

    assert_non_null(at);
    assert_int_equal((uintptr_t)at % 8, 0);
    assert_int_not_equal(pool_ref(at), 0);
    assert_int_equal(pool_ref(at) & 1, 0);
    assert_ptr_equal(pool_at(pool_ref(at)), at);
    object[i].at = at;
    object[i].size = size;
    object[i].tag = (uint8_t)(i + size);
    memset(at, object[i].tag, size);
}

static void give(uint32_t i)
{
    for (size_t k = 0; k < object[i].size; k++) {
        assert_int_equal(object[i].at[k], object[i].tag);
    }
    pool_free(object[i].at);
    object[i].at = NULL;
}

static void give_all(void)
{
    for (uint32_t i = 0; i < OBJECTS; i++) {
        if (object[i].at != NULL) {
            give(i);
        }
    }
    assert_int_equal(pool_count(), 0);
}

static void test_random(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 400000; n++) {
        uint32_t i = pick(OBJECTS);

        if (object[i].at != NULL) {
            give(i);
        } else {
            take(i, 8 + pick(pick(8) == 0 ? POOL_MAX - 7 : 60));
        }
    }
    give_all();
}

/* The highest page that objects of one size reach, of `bytes` in all. */
static uint32_t reach(size_t size, size_t bytes)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < bytes / size; i++) {
        take(i, size);
        most = pool_ref(object[i].at) > most ? pool_ref(object[i].at) : most;
    }
    return most / (PAGE / 4);
}

/* Size after size, each in the pages that the one before left. */
static void test_pages_go_round(void **state)
{
    uint32_t first = reach(16, 256 << 10);

    (void)state;
    give_all();
    for (size_t size = 24; size <= POOL_MAX; size += 8) {
        /* What does not fill a page, and the page of each size that was begun. */
        assert_in_range(reach(size, 192 << 10), 1, first + POOL_MAX / 8 + 8);
        give_all();
    }
}

/* One object is left in each page: a page for each is all that it keeps. */
static void test_pages_pinned(void **state)
{
    uint32_t left = 0;

    (void)state;
    (void)reach(32, 512 << 10);
    for (uint32_t i = 0; i < OBJECTS && object[i].at != NULL; i++) {
        if (i % 127 != 0) {
            give(i);
        } else {
            left++;
        }
    }
    assert_int_equal(pool_count(), left);
    assert_in_range(left, 100, 140);
    give_all();
}

static void test_no_memory(void **state)
{
    struct rlimit none = {0, 0};
    int status;
    pid_t child;

    (void)state;
    mem_fail_at(1);
    assert_null(pool_alloc(8));
    assert_non_null(object[0].at = pool_alloc(8));
    pool_free(object[0].at);
    object[0].at = NULL;
    child = fork();
    if (child == 0) {
        size_t n = 0;

        if (setrlimit(RLIMIT_DATA, &none) != 0) {
            _exit(2);
        }
        while (pool_alloc(POOL_MAX) != NULL && n < (64u << 20) / POOL_MAX) {
            n++;
        }
        _exit(n < (64u << 20) / POOL_MAX ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random, setup),
        cmocka_unit_test_setup(test_pages_go_round, setup),
        cmocka_unit_test_setup(test_pages_pinned, setup),
        cmocka_unit_test_setup(test_no_memory, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
