/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: the sequence of stores, flushes and frees of each kind of change. */
#include "unit.h"

#include <hearth/errno.h>

#include "pt_record.h"

#define RW          (PT_R | PT_W)
#define M2          512UL

#define A           RECORD_ALLOC
#define F           RECORD_FREE
#define S           RECORD_SYNC
#define L           RECORD_FLUSH
#define T           RECORD_FLUSH_ALL
#define R           RECORD_REMOVED

#define EXPECT(...) record_expect(&r, (const enum record_kind[]){__VA_ARGS__, RECORD_END})

static struct record r;

static void start(const struct pt_ops *ops)
{
    assert_int_equal(record_init(&r, ops, ops == &pt_sv ? 39 : 41), 0);
    for (uint64_t n = 0; n < 4; n++) {
        record_watch(&r, n);
        record_watch(&r, n * M2 + 5);
    }
}

static void done(void)
{
    record_check_tree(&r);
    record_finish(&r);
}

/* Tables are linked from the top: each is complete (zero) when it is linked. */
static void new_tables(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 9, 1, RW), 0);
    EXPECT(A, S, A, S, S);
    record_restart(&r);
    assert_int_equal(record_map(&r, 2, 9, 1, RW), 0);
    EXPECT(S);
    done();
}

static void replaced_page(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 1, 9, 2, RW), 0);
    /* Another frame: clear, flush, write. */
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 7, 1, RW), 0);
    EXPECT(S, L, S);
    assert_int_equal(r.events[1].frame, 1);
    assert_int_equal(r.events[1].count, 1);
    /* Another memory type. */
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 7, 1, RW | PT_DEVICE), 0);
    EXPECT(S, L, S);
    /* Other permissions. */
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 7, 1, PT_R | PT_DEVICE), 0);
    EXPECT(S, L, S);
    /* Nothing changes. */
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 7, 1, PT_R | PT_DEVICE), 0);
    EXPECT(S);
    record_check_coherent(&r);
    done();
    /* A format without break-before-make: write, flush. */
    start(&pt_ept);
    assert_int_equal(record_map(&r, 1, 9, 2, RW), 0);
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 7, 1, RW), 0);
    EXPECT(S, L);
    record_check_coherent(&r);
    done();
}

/* One flush for a whole run. */
static void replaced_run(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 0, 9, 60, RW), 0);
    record_restart(&r);
    assert_int_equal(record_map(&r, 0, 109, 60, RW), 0);
    EXPECT(S, L, S);
    assert_int_equal(r.events[1].count, 60);
    done();
}

static void split(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 0, M2, M2, RW), 0);
    record_restart(&r);
    /* New table filled; block cleared, flushed, table linked; then the page itself. */
    assert_int_equal(record_map(&r, 2, 5, 1, RW), 0);
    EXPECT(A, S, S, T, S, S, L, S);
    assert_int_equal(r.events[1].count, 512);
    assert_int_equal(r.events[3].frame, 0);
    assert_int_equal(r.events[3].count, M2);
    record_check_coherent(&r);
    done();
    start(&pt_svx4);
    assert_int_equal(record_map(&r, 0, M2, M2, RW), 0);
    record_restart(&r);
    assert_int_equal(record_map(&r, 2, 5, 1, RW), 0);
    EXPECT(A, S, S, S, T);
    record_check_coherent(&r);
    done();
}

static void merge(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    for (uint64_t n = 0; n < M2 - 1; n++) {
        assert_int_equal(record_map(&r, n, n, 1, RW), 0);
    }
    record_restart(&r);
    /* The last page; table entry cleared, flushed, old table freed, block written. */
    assert_int_equal(record_map(&r, M2 - 1, M2 - 1, 1, RW), 0);
    EXPECT(S, S, T, F, S);
    record_check_coherent(&r);
    done();
    start(&pt_npt);
    for (uint64_t n = 0; n < M2 - 1; n++) {
        assert_int_equal(record_map(&r, n, n, 1, RW), 0);
    }
    record_restart(&r);
    assert_int_equal(record_map(&r, M2 - 1, M2 - 1, 1, RW), 0);
    EXPECT(S, S, T, F);
    record_check_coherent(&r);
    done();
}

/* Cleared; flushed by pt_flush(); only then freed. The watched type is reported before the flush.
 */
static void unmap(void **state)
{
    struct pt_job job = {.frame = 1, .count = 1, .budget = 8};

    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 1, 9, 1, RW | PT_SOFT(3)), 0);
    assert_int_equal(record_map(&r, 2, 9, 1, RW | PT_SOFT(1)), 0);
    record_restart(&r);
    assert_int_equal(pt_unmap(&r.pt, &job), 0);
    EXPECT(R, S);
    assert_int_equal(r.events[0].frame, 1);
    assert_int_equal(r.events[0].count, 9);
    pt_flush(&r.pt);
    EXPECT(R, S, L);
    pt_flush(&r.pt);
    EXPECT(R, S, L);
    record_restart(&r);
    job = (struct pt_job){.frame = 2, .count = 1, .budget = 8};
    assert_int_equal(pt_unmap(&r.pt, &job), 0);
    EXPECT(S, S, S);
    pt_flush(&r.pt);
    EXPECT(S, S, S, T, F, F);
    done();
}

/* A pending flush is run before anything is mapped, perhaps at the same frame. */
static void map_over_pending(void **state)
{
    struct pt_job job = {.frame = 1, .count = 1, .budget = 8};

    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 1, 9, 2, RW), 0);
    assert_int_equal(pt_unmap(&r.pt, &job), 0);
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 10, 1, RW), 0);
    EXPECT(L, S);
    record_check_coherent(&r);
    done();
}

/* Several unmaps, one flush over all. */
static void batch(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 0, 9, 300, RW), 0);
    record_restart(&r);
    for (uint64_t n = 10; n < 40; n += 10) {
        struct pt_job job = {.frame = n, .count = 2, .budget = 8};

        assert_int_equal(pt_unmap(&r.pt, &job), 0);
    }
    pt_flush(&r.pt);
    EXPECT(S, S, S, L);
    assert_int_equal(r.events[3].frame, 10);
    assert_int_equal(r.events[3].count, 22);
    done();
}

/* Writing the same mapping of a counted type again reports the old one. */
static void replaced_by_itself(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 1, 9, 1, RW | PT_SOFT(3)), 0);
    record_restart(&r);
    assert_int_equal(record_map(&r, 1, 9, 1, RW | PT_SOFT(3)), 0);
    EXPECT(R, S, L, S);
    done();
}

/* Readers are told while something is broken, and only then. */
static void breaks_are_counted(void **state)
{
    (void)state;
    start(&pt_arm64_s2);
    assert_int_equal(record_map(&r, 0, 9, 3, RW), 0);
    assert_int_equal(pt_breaks(&r.pt), 0);
    assert_int_equal(record_map(&r, 1, 12, 1, RW), 0);
    assert_int_equal(pt_breaks(&r.pt), 2);
    assert_int_equal(record_unmap(&r, 1, 1), 0);
    assert_int_equal(pt_breaks(&r.pt), 2);
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_tables),
        cmocka_unit_test(replaced_page),
        cmocka_unit_test(replaced_run),
        cmocka_unit_test(split),
        cmocka_unit_test(merge),
        cmocka_unit_test(unmap),
        cmocka_unit_test(batch),
        cmocka_unit_test(map_over_pending),
        cmocka_unit_test(replaced_by_itself),
        cmocka_unit_test(breaks_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
