/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables: seeded random operations against an array of what each frame should map to, with
 * failing allocations and small budgets, under the TLB model of pt_record.h.
 * HEARTH_SEED and HEARTH_STEPS change the run.
 */
#include "unit.h"

#include <hearth/errno.h>

#include "pt_record.h"

#define FRAMES  (2UL << 18) /* 2 GiB */
#define NOTHING (~0UL)

static struct record r;
static uint64_t model[FRAMES]; /* target << 6 | attr, or NOTHING */
static uint64_t seed = 1;
static unsigned long steps = 250;

static uint64_t random_below(uint64_t n)
{
    /* xorshift64* */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * 0x2545f4914f6cdd1dUL >> 11) % n;
}

static bool encodes_device(void)
{
    return r.pt.ops != &pt_sv && r.pt.ops != &pt_svx4;
}

static void check(uint64_t start, uint64_t end)
{
    uint64_t frame = start;

    while (frame < end) {
        struct pt_leaf leaf;
        bool mapped = pt_lookup(&r.pt, frame, &leaf);
        uint64_t span = 1UL << (9 * leaf.level);
        uint64_t stop = (frame | (span - 1)) + 1;

        for (uint64_t i = frame; i < stop && i < end; i++) {
            uint64_t expected = mapped ? (leaf.target + i - frame) << 6 | leaf.attr : NOTHING;

            if (model[i] != expected) {
                fail_msg("%s: frame %#lx is %#lx, should be %#lx", r.pt.ops->name, (unsigned long)i,
                         (unsigned long)expected, (unsigned long)model[i]);
            }
        }
        frame = stop;
    }
}

/* A range that tends to begin and end near block boundaries. */
static void random_range(uint64_t *start, uint64_t *count)
{
    unsigned int level = (unsigned int)random_below(20);
    uint64_t unit = level < 10 ? 1 : level < 18 ? 512 : 512 * 512;
    uint64_t length = (random_below(unit == 1 ? 700 : 3) + 1) * unit;

    *start = random_below(FRAMES / unit) * unit;
    if (random_below(4) == 0) {
        *start += random_below(3);
        length += random_below(3);
    }
    *start %= FRAMES;
    *count = length < FRAMES - *start ? length : FRAMES - *start;
}

static void random_map(uint64_t start, uint64_t count)
{
    static const uint64_t shift[] = {0, 0, 512UL * 512, 512UL * 512, 512, 512 * 7, 3};
    uint64_t target = start + shift[random_below(7)];
    uint32_t attr = PT_R | (uint32_t)random_below(4) << 1;
    struct pt_job job = {start, target, count, 0, (uint32_t)random_below(8) == 0 ? 0 : 2, 0};
    int rc = 0;

    if (random_below(8) == 0) {
        attr |=
            PT_SOFT(random_below(3)) | (random_below(2) == 0 && encodes_device() ? PT_DEVICE : 0);
    }
    job.attr = attr;
    while (rc == 0 && job.count != 0) {
        job.budget = (uint32_t)random_below(200) + 1;
        rc = pt_map(&r.pt, &job);
        record_check_coherent(&r);
    }
    for (uint64_t i = start; i < start + count - job.count; i++) {
        model[i] = (target + i - start) << 6 | attr;
    }
    if (rc != 0) {
        assert_int_equal(rc, -ENOMEM);
        /* What a block was to replace may be gone. */
        for (uint64_t i = job.frame; i < job.frame + job.count; i++) {
            struct pt_leaf leaf;

            if (!pt_lookup(&r.pt, i, &leaf)) {
                model[i] = NOTHING;
            }
        }
    }
}

static void random_change(uint64_t start, uint64_t count, bool clear)
{
    struct pt_job job = {.frame = start, .count = count};
    int rc = 0;

    job.attr = PT_R | (uint32_t)random_below(4) << 1;
    while (rc == 0 && job.count != 0) {
        job.budget = (uint32_t)random_below(200) + 1;
        rc = clear ? pt_unmap(&r.pt, &job) : pt_protect(&r.pt, &job);
        if (random_below(3) == 0) {
            pt_flush(&r.pt);
        }
    }
    pt_flush(&r.pt);
    record_check_coherent(&r);
    assert_true(rc == 0 || rc == -ENOMEM);
    for (uint64_t i = start; i < start + count - job.count; i++) {
        if (clear) {
            model[i] = NOTHING;
        } else if (model[i] != NOTHING) {
            model[i] = (model[i] & ~(uint64_t)PT_ACCESS) | (job.attr & PT_ACCESS);
        }
    }
}

/* One page into a hole, or refused. */
static void random_put(uint64_t at)
{
    uint32_t attr = PT_R | (uint32_t)random_below(4) << 1;
    bool done = pt_put(&r.pt, at, at + 3, attr);

    assert_true(!done || model[at] == NOTHING);
    if (done) {
        model[at] = (at + 3) << 6 | attr;
    }
    record_check_coherent(&r);
    assert_false(pt_put(&r.pt, r.pt.frames, at, attr));
    assert_false(pt_put(&r.pt, at, 1UL << r.pt.ops->format->target_bits, attr));
}

/* One page, as its mapping is or is not. Soft type 2 is never asked for. */
static void random_take(uint64_t at)
{
    uint64_t was = model[at];
    bool wrong = random_below(4) == 0;
    uint64_t target = random_below(2) == 0 ? PT_ANY : was == NOTHING ? at : (was >> 6) + wrong;
    bool there = was != NOTHING && PT_SOFT_OF(was) != 2 && (target == PT_ANY || !wrong);
    struct pt_leaf leaf = {.level = 7};
    int rc = pt_take(&r.pt, at, target, ~(1U << 2), &leaf);

    assert_int_equal(rc == -ENOENT, !there);
    if (rc == 0) {
        assert_int_equal(leaf.target, was >> 6);
        assert_int_equal(leaf.attr, PT_SOFT(PT_SOFT_OF(was)));
        assert_int_equal(leaf.level, 0);
        pt_note(&r.pt, at, 1, false);
        pt_flush(&r.pt);
        model[at] = NOTHING;
    } else if (rc == 1) {
        random_change(at, 1, true);
    }
    record_check_coherent(&r);
    assert_int_equal(pt_take(&r.pt, r.pt.frames, PT_ANY, ~0U, &leaf), -ENOENT);
}

static void random_run(const struct pt_ops *ops, unsigned int bits)
{
    assert_int_equal(record_init(&r, ops, bits), 0);
    memset(model, 0xff, sizeof(model));
    for (unsigned int i = 0; i < 32; i++) {
        record_watch(&r, random_below(FRAMES));
        record_watch(&r, random_below(FRAMES >> 9) << 9);
    }
    for (unsigned long step = 0; step < steps; step++) {
        uint64_t start, count;

        random_range(&start, &count);
        r.fail_after = random_below(4) == 0 ? (int)random_below(4) : -1;
        switch (random_below(8)) {
        case 0:
        case 1:
            random_change(start, count, true);
            break;
        case 2:
            random_change(start, count, false);
            break;
        case 3:
            for (unsigned int i = 0; i < 8; i++) {
                random_take((start + random_below(4)) % FRAMES);
                random_put((start + random_below(4)) % FRAMES);
            }
            break;
        default:
            random_map(start, count);
            break;
        }
        record_check_tree(&r);
        check(start > 1024 ? start - 1024 : 0, MIN(start + MIN(count, 4096) + 1024, FRAMES));
        if (step % 100 == 99) {
            check(0, FRAMES);
        }
    }
    check(0, FRAMES);
    record_finish(&r);
}

static void against_model(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < RECORD_FORMATS; i++) {
        random_run(record_formats[i], record_bits[i]);
    }
}

/* Five levels, or four where three are tested above. */
static void against_model_deep(void **state)
{
    (void)state;
    steps /= 3;
    random_run(&pt_arm64_s2, 48);
    random_run(&pt_ept, 57);
    random_run(&pt_svx4, 59);
}

/* Each allocation of a sequence fails once: nothing leaks, what was there stays. */
static void each_allocation_fails(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < RECORD_FORMATS; i++) {
        for (int nth = 0; nth < 12; nth++) {
            int failures = 0;
            struct pt_leaf leaf;

            assert_int_equal(record_init(&r, record_formats[i], record_bits[i]), 0);
            r.fail_after = nth;
            failures += record_map(&r, 3, 7, 1, PT_R) != 0;
            record_check_tree(&r);
            failures += record_map(&r, 1UL << 18, 1UL << 18, 1UL << 18, PT_R) != 0;
            record_check_tree(&r);
            failures += record_map(&r, (1UL << 18) + 600, 1, 1, PT_R) != 0;
            record_check_tree(&r);
            failures += record_map(&r, 511, 2, 2, PT_R) != 0;
            record_check_tree(&r);
            failures += record_unmap(&r, (1UL << 18) + 5000, 3) != 0;
            record_check_tree(&r);
            assert_true(failures <= 1);
            if (failures == 1 && pt_lookup(&r.pt, (1UL << 18) + 9000, &leaf)) {
                assert_int_equal(leaf.target, (1UL << 18) + 9000);
            }
            record_finish(&r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(against_model),
        cmocka_unit_test(against_model_deep),
    };

    if (getenv("HEARTH_SEED") != NULL) {
        seed = strtoul(getenv("HEARTH_SEED"), NULL, 0) | 1;
    }
    if (getenv("HEARTH_STEPS") != NULL) {
        steps = strtoul(getenv("HEARTH_STEPS"), NULL, 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
