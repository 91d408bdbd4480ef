/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "pt_record.h"

#include <hearth/errno.h>

#define PHYS_BASE 0x80000000UL

const struct pt_ops *const record_formats[RECORD_FORMATS] = {
    &pt_arm64_s1, &pt_arm64_s2, &pt_x86, &pt_npt, &pt_ept, &pt_sv, &pt_svx4,
};
const unsigned int record_bits[RECORD_FORMATS] = {48, 40, 48, 48, 48, 39, 41};

static uint8_t memory[RECORD_TABLES][PAGE_SIZE] aligned(65536);

static uint64_t *table_memory(uint64_t frame)
{
    uint64_t i = frame - (PHYS_BASE >> PAGE_SHIFT);

    assert_true(i < RECORD_TABLES);
    return (uint64_t *)(void *)memory[i];
}

static void record_event(struct record *r, enum record_kind kind, uint64_t frame, uint64_t count)
{
    r->events[r->nr_events++ % RECORD_EVENTS] = (struct record_event){kind, frame, count};
}

/* A walk of its own, that shares nothing but the codec with the code under test. */
static bool walk(struct record *r, struct record_cached *c, struct pt_leaf *leaf)
{
    const struct pt_format *f = r->pt.ops->format;
    uint64_t *table = r->pt.root;

    for (int level = r->pt.levels - 1; level >= 0; level--) {
        uint64_t index = c->frame >> (9 * level);
        uint64_t entry = table[level == r->pt.levels - 1 ? index : index & 511];
        uint64_t target = (entry & f->frame_mask) >> f->frame_shift;

        switch (f->kind(entry, (unsigned int)level)) {
        case PT_NONE:
            return false;
        case PT_LEAF:
            leaf->target = target + (c->frame & ((1UL << (9 * level)) - 1));
            leaf->attr = f->attr(entry, (unsigned int)level);
            leaf->level = (unsigned int)level;
            return true;
        default:
            break;
        }
        assert_int_equal(r->state[target - (PHYS_BASE >> PAGE_SHIFT)], 1);
        if (c->nr_tables == 0 || c->tables[c->nr_tables - 1] != target) {
            bool known = false;

            for (unsigned int i = 0; i < c->nr_tables; i++) {
                known |= c->tables[i] == target;
            }
            if (!known) {
                assert_true(c->nr_tables < 32);
                c->tables[c->nr_tables++] = target;
            }
        }
        table = table_memory(target);
    }
    fail_msg("a table at level 0");
    return false;
}

void record_observe(struct record *r)
{
    if (!r->ready) {
        return;
    }
    for (unsigned int i = 0; i < r->nr_watched; i++) {
        struct record_cached *c = &r->watched[i];
        struct pt_leaf leaf;

        if (!walk(r, c, &leaf)) {
            continue;
        }
        if (c->valid && r->pt.ops->format->break_first &&
            (c->leaf.target != leaf.target || c->leaf.level != leaf.level ||
             ((c->leaf.attr ^ leaf.attr) & PT_DEVICE) != 0)) {
            fail_msg("frame %#lx: %#lx level %u made before %#lx level %u was flushed",
                     (unsigned long)c->frame, (unsigned long)leaf.target, leaf.level,
                     (unsigned long)c->leaf.target, c->leaf.level);
        }
        /* The other formats may cache the old or the new; it is the old that must not survive. */
        if (!c->valid) {
            c->leaf = leaf;
            c->valid = true;
        }
    }
}

void record_check_coherent(struct record *r)
{
    record_observe(r);
    for (unsigned int i = 0; i < r->nr_watched; i++) {
        struct record_cached *c = &r->watched[i];
        struct pt_leaf leaf;
        bool mapped = walk(r, c, &leaf);

        assert_int_equal(c->valid, mapped);
        if (mapped) {
            assert_int_equal(c->leaf.target, leaf.target);
            assert_int_equal(c->leaf.attr, leaf.attr);
        }
    }
}

static int record_alloc(void *arg, unsigned int order, paddr_t *table)
{
    struct record *r = arg;

    record_observe(r);
    if (r->fail_after == 0) {
        r->fail_after = -1;
        return -ENOMEM;
    }
    if (r->fail_after > 0) {
        r->fail_after--;
    }
    /* From 1 up: page 0 stays unused, to see what takes 0 for a table. */
    for (unsigned int i = 1U << order; i < RECORD_TABLES; i += 1U << order) {
        unsigned int n = 0;

        while (n < 1U << order && r->state[i + n] == 0) {
            n++;
        }
        if (n == 1U << order) {
            memset(&r->state[i], 1, n);
            memset(memory[i], 0, n * PAGE_SIZE);
            r->in_use += n;
            record_event(r, RECORD_ALLOC, 0, n);
            *table = paddr(PHYS_BASE + i * PAGE_SIZE);
            return 0;
        }
    }
    return -ENOMEM;
}

static void record_free(void *arg, paddr_t table, unsigned int order)
{
    struct record *r = arg;
    uint64_t first = (table.a - PHYS_BASE) >> PAGE_SHIFT;

    record_observe(r);
    record_event(r, RECORD_FREE, 0, 1UL << order);
    for (uint64_t i = first; i < first + (1UL << order); i++) {
        assert_int_equal(r->state[i], 1);
        r->state[i] = 0;
        /* Not zero, and valid in every format: a walk that comes here is noticed. */
        memset(memory[i], 0xff, PAGE_SIZE);
        for (unsigned int w = 0; w < r->nr_watched; w++) {
            for (unsigned int t = 0; t < r->watched[w].nr_tables; t++) {
                assert_int_not_equal(r->watched[w].tables[t], (PHYS_BASE >> PAGE_SHIFT) + i);
            }
        }
    }
    r->in_use -= 1U << order;
}

static void *record_virt(void *arg, paddr_t table)
{
    (void)arg;
    return table_memory(table.a >> PAGE_SHIFT);
}

static void record_sync(void *arg, const uint64_t *first, unsigned int count)
{
    struct record *r = arg;

    assert_true(count > 0);
    assert_true((uintptr_t)first >= (uintptr_t)memory[0] &&
                (uintptr_t)(first + count) <= (uintptr_t)memory[RECORD_TABLES]);
    record_event(r, RECORD_SYNC, 0, count);
    record_observe(r);
}

static void record_flush(void *arg, uint64_t frame, uint64_t count, bool tables)
{
    struct record *r = arg;

    assert_true(count > 0 && frame + count <= r->pt.frames);
    record_event(r, tables ? RECORD_FLUSH_ALL : RECORD_FLUSH, frame, count);
    record_observe(r);
    for (unsigned int i = 0; i < r->nr_watched; i++) {
        struct record_cached *c = &r->watched[i];

        if (tables) {
            /* As the p2m does it: everything goes. */
            c->valid = false;
            c->nr_tables = 0;
        } else if (c->frame >= frame && c->frame < frame + count) {
            c->valid = false;
        }
    }
    record_observe(r);
}

static void record_removed(void *arg, uint64_t frame, const struct pt_leaf *leaf)
{
    record_event(arg, RECORD_REMOVED, frame, leaf->target);
}

int record_init(struct record *r, const struct pt_ops *ops, unsigned int address_bits)
{
    int rc;

    memset(r, 0, sizeof(*r));
    r->fail_after = -1;
    r->env = (struct pt_env){record_alloc, record_free,    record_virt, record_sync,
                             record_flush, record_removed, 1U << 3};
    rc = pt_init(&r->pt, ops, &r->env, r, address_bits);
    r->ready = rc == 0;
    return rc;
}

void record_finish(struct record *r)
{
    unsigned int steps = 0;

    r->fail_after = 0; /* it needs no memory */
    while (pt_destroy(&r->pt, 64) == -ERESTART) {
        assert_true(++steps < 1000000);
    }
    assert_int_equal(r->in_use, 0);
}

void record_watch(struct record *r, uint64_t frame)
{
    assert_true(r->nr_watched < RECORD_WATCHED);
    r->watched[r->nr_watched++] = (struct record_cached){.frame = frame};
    record_observe(r);
}

static unsigned int count_tables(struct record *r, const uint64_t *table, unsigned int level,
                                 uint64_t entries)
{
    const struct pt_format *f = r->pt.ops->format;
    unsigned int tables = 0;
    unsigned int used_entries = 0;

    for (uint64_t i = 0; i < entries; i++) {
        enum pt_kind kind = f->kind(table[i], level);

        assert_int_equal(kind == PT_NONE, table[i] == 0);
        used_entries += kind != PT_NONE;
        if (kind == PT_TABLE) {
            assert_true(level > 0);
            tables +=
                1 + count_tables(r, table_memory((table[i] & f->frame_mask) >> f->frame_shift),
                                 level - 1, 512);
        }
        assert_true(kind != PT_LEAF || level <= 2);
    }
    assert_true(used_entries != 0 || level + 1U == r->pt.levels);
    return tables;
}

void record_check_tree(struct record *r)
{
    uint64_t entries = 512UL << r->pt.root_order;
    unsigned int tables = count_tables(r, r->pt.root, r->pt.levels - 1U, entries);

    assert_int_equal(r->in_use, tables + (1U << r->pt.root_order));
}

void record_restart(struct record *r)
{
    r->nr_events = 0;
}

void record_expect(const struct record *r, const enum record_kind *kinds)
{
    unsigned int i;

    for (i = 0; kinds[i] != RECORD_END; i++) {
        if (i >= r->nr_events || r->events[i].kind != kinds[i]) {
            fail_msg("%s: event %u of %u is %d, not %d", r->pt.ops->name, i, r->nr_events,
                     r->events[i].kind, kinds[i]);
        }
    }
    assert_int_equal(r->nr_events, i);
}

int record_map(struct record *r, uint64_t frame, uint64_t target, uint64_t count, uint32_t attr)
{
    struct pt_job job = {frame, target, count, attr, 2, 0};
    int rc = 0;

    while (rc == 0 && job.count != 0) {
        job.budget = 64;
        rc = pt_map(&r->pt, &job);
    }
    return rc;
}

int record_unmap(struct record *r, uint64_t frame, uint64_t count)
{
    struct pt_job job = {.frame = frame, .count = count};
    int rc = 0;

    while (rc == 0 && job.count != 0) {
        job.budget = 64;
        rc = pt_unmap(&r->pt, &job);
    }
    pt_flush(&r->pt);
    return rc;
}
