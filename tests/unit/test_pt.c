/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables: codecs, shapes, limits, blocks, budgets. All formats in one program. */
#include "unit.h"

#include <hearth/errno.h>

#include "pt_record.h"

#define RW (PT_R | PT_W)
#define M2 512UL
#define G1 (512UL * 512UL)

static struct record r;

#define for_each_format(i)                                                                         \
    for (unsigned int i = 0; i < RECORD_FORMATS; i++)                                              \
        if (record_init(&r, record_formats[i], record_bits[i]) == 0)

static bool encodes_device(const struct pt_ops *ops)
{
    return ops != &pt_sv && ops != &pt_svx4;
}

static void codec_round_trip(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < RECORD_FORMATS; i++) {
        const struct pt_format *f = record_formats[i]->format;
        uint64_t targets[] = {0, 2 * G1, ((1UL << f->target_bits) - 1) & ~(2 * G1 - 1)};

        assert_int_equal(f->kind(0, 0), PT_NONE);
        assert_int_equal(f->kind(0, 3), PT_NONE);
        for (unsigned int t = 0; t < 3; t++) {
            uint64_t table = f->table(targets[t]);

            assert_int_equal(f->kind(table, 1), PT_TABLE);
            assert_int_equal(f->kind(table, f->max_levels - 1U), PT_TABLE);
            assert_int_equal((table & f->frame_mask) >> f->frame_shift, targets[t]);
            /* The link that a chained table begins with is no valid entry. */
            assert_int_equal(f->kind(targets[t] << PAGE_SHIFT, 0), PT_NONE);
            for (uint32_t attr = PT_R; attr <= PT_ATTR_MASK; attr += 2) {
                for (unsigned int level = 0; level < 3; level++) {
                    uint64_t e = f->leaf(targets[t], attr, level);
                    uint32_t kept = encodes_device(record_formats[i]) ? attr : attr & ~PT_DEVICE;

                    assert_int_equal(f->kind(e, level), PT_LEAF);
                    assert_int_equal((e & f->frame_mask) >> f->frame_shift, targets[t]);
                    assert_int_equal(f->attr(e, level), kept);
                    assert_int_equal(f->leaf(targets[t] | (1UL << (9 * level)), attr, level),
                                     e + (1UL << (f->frame_shift + 9 * level)));
                }
            }
        }
    }
}

/* Bits by hand, from the specifications. */
static void codec_known_values(void **state)
{
    (void)state;
    assert_int_equal(pt_arm64_s2.format->leaf(0x40000, RW | PT_X, 2), 0x400007fdUL);
    assert_int_equal(pt_arm64_s2.format->leaf(0x9000, RW | PT_DEVICE | PT_SOFT(1), 0),
                     0x00c00000090004c7UL);
    assert_int_equal(pt_arm64_s1.format->leaf(0x40000, RW, 1), 0x0040000040000741UL);
    assert_int_equal(pt_arm64_s1.format->leaf(0x40000, PT_R | PT_X, 0), 0x400007c3UL);
    assert_int_equal(pt_x86.format->leaf(0x200, RW, 1), 0x80000000002000e3UL);
    assert_int_equal(pt_npt.format->leaf(0x200, RW | PT_X, 0), 0x200067UL);
    assert_int_equal(pt_ept.format->leaf(0x200, RW | PT_X, 1), 0x2000b7UL);
    assert_int_equal(pt_sv.format->leaf(0x80200, RW, 1), 0x200800c7UL);
    assert_int_equal(pt_svx4.format->leaf(0x80200, RW | PT_X | PT_SOFT(2), 0), 0x200802dfUL);
}

static void shape(const struct pt_ops *ops, unsigned int bits, unsigned int levels,
                  unsigned int order)
{
    assert_int_equal(record_init(&r, ops, bits), 0);
    assert_int_equal(r.pt.levels, levels);
    assert_int_equal(r.pt.root_order, order);
    assert_true(r.pt.frames == 1UL << (bits - 12));
    assert_int_equal(pt_root_paddr(&r.pt).a % (PAGE_SIZE << order), 0);
    record_finish(&r);
}

static void shapes(void **state)
{
    (void)state;
    shape(&pt_arm64_s2, 32, 3, 0);
    shape(&pt_arm64_s2, 39, 3, 0);
    shape(&pt_arm64_s2, 40, 3, 1);
    shape(&pt_arm64_s2, 42, 3, 3);
    shape(&pt_arm64_s2, 43, 3, 4);
    shape(&pt_arm64_s2, 44, 4, 0);
    shape(&pt_arm64_s2, 48, 4, 0);
    shape(&pt_arm64_s1, 39, 3, 0);
    shape(&pt_arm64_s1, 40, 4, 0);
    shape(&pt_x86, 48, 4, 0);
    shape(&pt_ept, 46, 4, 0);
    shape(&pt_ept, 57, 5, 0);
    shape(&pt_sv, 39, 3, 0);
    shape(&pt_sv, 57, 5, 0);
    shape(&pt_svx4, 41, 3, 2);
    shape(&pt_svx4, 50, 4, 2);
    shape(&pt_svx4, 59, 5, 2);
    assert_int_equal(record_init(&r, &pt_arm64_s2, 49), -EINVAL);
    assert_int_equal(record_init(&r, &pt_x86, 58), -EINVAL);
    assert_int_equal(record_init(&r, &pt_svx4, 60), -EINVAL);
    assert_int_equal(record_init(&r, &pt_sv, 12), -EINVAL);
    assert_int_equal(record_init(&r, &pt_sv, 0), -EINVAL);
}

static void limits(void **state)
{
    (void)state;
    for_each_format(i)
    {
        const struct pt_format *f = r.pt.ops->format;
        uint64_t last = r.pt.frames - 1;
        uint64_t end = 1UL << f->target_bits;
        struct pt_leaf leaf;

        assert_int_equal(record_map(&r, last, 5, 1, RW), 0);
        assert_true(pt_lookup(&r.pt, last, &leaf));
        assert_int_equal(leaf.target, 5);
        assert_false(pt_lookup(&r.pt, last + 1, &leaf));
        assert_false(pt_lookup(&r.pt, ~0UL, &leaf));
        assert_int_equal(record_map(&r, last, 5, 2, RW), -EINVAL);
        assert_int_equal(record_map(&r, last + 1, 5, 1, RW), -EINVAL);
        assert_int_equal(record_map(&r, ~0UL, 5, 1, RW), -EINVAL);
        assert_int_equal(record_map(&r, 1, 5, ~0UL, RW), -EINVAL);
        assert_int_equal(record_map(&r, 0, end - 1, 1, RW), 0);
        assert_int_equal(record_map(&r, 0, end - 1, 2, RW), -EINVAL);
        assert_int_equal(record_map(&r, 0, end, 1, RW), -EINVAL);
        assert_int_equal(record_map(&r, 0, ~0UL, 1, RW), -EINVAL);
        assert_int_equal(record_map(&r, 0, 0, 1, PT_W), -EINVAL);
        assert_int_equal(record_map(&r, 0, 0, 1, RW | 0x40), -EINVAL);
        assert_int_equal(record_map(&r, last + 1, 0, 0, RW), 0);
        assert_int_equal(record_unmap(&r, last, 2), -EINVAL);
        assert_int_equal(record_unmap(&r, ~0UL, 2), -EINVAL);
        assert_int_equal(record_unmap(&r, 0, last + 2), -EINVAL);
        assert_int_equal(record_unmap(&r, 0, last + 1), 0);
        assert_int_equal(r.in_use, 1U << r.pt.root_order);
        record_finish(&r);
    }
}

static void expect_leaf(uint64_t frame, uint64_t target, uint32_t attr, unsigned int level)
{
    struct pt_leaf leaf;

    assert_true(pt_lookup(&r.pt, frame, &leaf));
    assert_int_equal(leaf.target, target);
    assert_int_equal(leaf.attr, attr);
    assert_int_equal(leaf.level, level);
}

static void blocks_by_alignment(void **state)
{
    (void)state;
    for_each_format(i)
    {
        struct pt_leaf leaf;

        /* One page before a 2 MiB boundary to one page after 2 GiB. */
        assert_int_equal(record_map(&r, M2 - 1, G1 + M2 - 1, 2 * G1 - M2 + 2, RW), 0);
        expect_leaf(M2 - 1, G1 + M2 - 1, RW, 0);
        expect_leaf(M2 + 3, G1 + M2 + 3, RW, 1);
        expect_leaf(G1 + 12345, 2 * G1 + 12345, RW, 2);
        expect_leaf(2 * G1, 3 * G1, RW, 0);
        assert_false(pt_lookup(&r.pt, 2 * G1 + 1, &leaf));
        assert_int_equal(leaf.level, 0);
        assert_false(pt_lookup(&r.pt, 2 * G1 + M2, &leaf));
        assert_int_equal(leaf.level, 1);
        assert_false(pt_lookup(&r.pt, 4 * G1, &leaf));
        assert_int_equal(leaf.level, 2);
        /* Targets that are not congruent give pages only. */
        assert_int_equal(record_map(&r, 8 * G1, 1, M2, RW), 0);
        expect_leaf(8 * G1 + 7, 8, RW, 0);
        record_check_tree(&r);
        record_finish(&r);
        /* Without 1 GiB blocks. */
        assert_int_equal(record_init(&r, record_formats[i], record_bits[i]), 0);
        r.pt.max_level = 1;
        assert_int_equal(record_map(&r, 0, 0, G1, RW), 0);
        expect_leaf(5, 5, RW, 1);
        assert_int_equal(r.in_use, r.pt.levels - 2U + (1U << r.pt.root_order));
        record_finish(&r);
    }
}

static void split_and_merge(void **state)
{
    (void)state;
    for_each_format(i)
    {
        unsigned int before;

        assert_int_equal(record_map(&r, 0, G1, G1, RW), 0);
        before = r.in_use;
        assert_int_equal(record_unmap(&r, 700, 1), 0);
        assert_int_equal(r.in_use, before + 2);
        expect_leaf(699, G1 + 699, RW, 0);
        expect_leaf(511, G1 + 511, RW, 1);
        /* Filling the hole leaves the tables; writing a last entry again merges both levels. */
        assert_int_equal(record_map(&r, 700, G1 + 700, 1, RW), 0);
        expect_leaf(699, G1 + 699, RW, 0);
        assert_int_equal(record_map(&r, G1 - M2, 2 * G1 - M2, M2, RW), 0);
        expect_leaf(699, G1 + 699, RW, 0);
        assert_int_equal(record_map(&r, 1023, G1 + 1023, 1, RW), 0);
        expect_leaf(699, G1 + 699, RW, 2);
        assert_int_equal(r.in_use, before);
        /* Mapping what is mapped already by a larger block changes nothing. */
        record_restart(&r);
        assert_int_equal(record_map(&r, 5, G1 + 5, 1, RW), 0);
        assert_int_equal(r.nr_events, 0);
        /* A page at a time, in ascending order, ends as one block. */
        for (uint64_t n = 0; n < M2; n++) {
            assert_int_equal(record_map(&r, 5 * G1 + n, 9 * G1 + n, 1, RW), 0);
        }
        expect_leaf(5 * G1 + 3, 9 * G1 + 3, RW, 1);
        /* One different page prevents it. */
        for (uint64_t n = 0; n < M2; n++) {
            uint32_t attr = n == 77 ? PT_R : RW;

            assert_int_equal(record_map(&r, 6 * G1 + n, 9 * G1 + n, 1, attr), 0);
        }
        expect_leaf(6 * G1 + 3, 9 * G1 + 3, RW, 0);
        /* Blocks in a row that as a whole are not aligned for one of the next size. */
        assert_int_equal(record_map(&r, 7 * G1, 9 * G1 + M2, G1, RW), 0);
        assert_int_equal(record_map(&r, 7 * G1 + 5, 9 * G1 + M2 + 5, 1, PT_R), 0);
        assert_int_equal(record_map(&r, 7 * G1, 9 * G1 + M2, M2 - 1, RW), 0);
        assert_int_equal(record_map(&r, 7 * G1 + M2 - 1, 9 * G1 + 2 * M2 - 1, 1, RW), 0);
        expect_leaf(7 * G1 + 3, 9 * G1 + M2 + 3, RW, 1);
        record_check_tree(&r);
        record_finish(&r);
    }
}

static void block_over_tree(void **state)
{
    (void)state;
    for_each_format(i)
    {
        for (uint64_t n = 0; n < 40; n++) {
            assert_int_equal(record_map(&r, n * 3000, 7, 1, RW), 0);
        }
        assert_int_equal(record_map(&r, 0, G1, G1, PT_R), 0);
        expect_leaf(3000, G1 + 3000, PT_R, 2);
        record_check_tree(&r);
        assert_int_equal(r.in_use, r.pt.levels - 3U + (1U << r.pt.root_order));
        record_finish(&r);
    }
}

static void protect(void **state)
{
    (void)state;
    for_each_format(i)
    {
        struct pt_job job = {.frame = 1, .count = 2 * M2, .attr = PT_R, .budget = 10000};
        struct pt_job bad = {.frame = 1, .count = 1, .attr = PT_W, .budget = 1};

        assert_int_equal(record_map(&r, 0, 0, 4 * M2, RW | PT_X | PT_SOFT(2)), 0);
        assert_int_equal(pt_protect(&r.pt, &job), 0);
        assert_int_equal(job.count, 0);
        pt_flush(&r.pt);
        expect_leaf(0, 0, RW | PT_X | PT_SOFT(2), 0);
        expect_leaf(1, 1, PT_R | PT_SOFT(2), 0);
        expect_leaf(M2, M2, PT_R | PT_SOFT(2), 1);
        expect_leaf(2 * M2, 2 * M2, PT_R | PT_SOFT(2), 0);
        expect_leaf(2 * M2 + 1, 2 * M2 + 1, RW | PT_X | PT_SOFT(2), 0);
        expect_leaf(3 * M2 + 1, 3 * M2 + 1, RW | PT_X | PT_SOFT(2), 1);
        assert_int_equal(pt_protect(&r.pt, &bad), -EINVAL);
        record_finish(&r);
    }
}

/* Each step does at most what its budget says, and always something. */
static void budgets(void **state)
{
    (void)state;
    for_each_format(i)
    {
        struct pt_job map = {M2, 1, 2000, RW, 2, 0};
        struct pt_job unmap = {.frame = 0, .count = r.pt.frames};
        unsigned int steps = 0;

        while (map.count != 0) {
            uint64_t before = map.frame;

            map.budget = 10;
            assert_int_equal(pt_map(&r.pt, &map), 0);
            assert_in_range(map.frame - before, 1, 10);
            assert_true(++steps < 1000);
        }
        for (steps = 0; unmap.count != 0; steps++) {
            uint64_t in_use = r.in_use;

            unmap.budget = 1;
            assert_int_equal(pt_unmap(&r.pt, &unmap), 0);
            pt_flush(&r.pt);
            assert_true(in_use - r.in_use <= PT_MAX_LEVELS);
            assert_true(steps < 2100);
        }
        assert_int_equal(r.in_use, 1U << r.pt.root_order);
        record_finish(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codec_round_trip),
        cmocka_unit_test(codec_known_values),
        cmocka_unit_test(shapes),
        cmocka_unit_test(limits),
        cmocka_unit_test(blocks_by_alignment),
        cmocka_unit_test(split_and_merge),
        cmocka_unit_test(block_over_tree),
        cmocka_unit_test(protect),
        cmocka_unit_test(budgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
