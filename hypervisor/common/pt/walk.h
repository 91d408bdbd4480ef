/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker, over a constant format: each fmt_*.c includes this and instantiates it with
 * PT_INSTANTIATE(). What is always_inline is the straight path, free of calls but for env->sync
 * at its end; what is noinline allocates, breaks or merges.
 *
 * Invariants between operations: no table but the root is empty; an entry maps nothing exactly
 * when it is zero; no leaf stands above pt->max_level.
 */
#pragma once

#include "codec.h"

#include <hearth/errno.h>

/* Entries on the way to `level`, from the root down. */
struct pt_path {
    uint64_t *entry[PT_MAX_LEVELS];
    unsigned int level;
};

/* ---- Lookup ---------------------------------------------------------------------------------- */

static always_inline bool pt_walk_lookup(const struct pt_format *f, const struct pt *pt,
                                         uint64_t frame, struct pt_leaf *leaf)
{
    unsigned int shift = pt->root_shift;
    uint64_t entry = 0;

    if (likely(frame < pt->frames)) {
        (void)pt_find_entry(f, pt, frame, false, &entry, &shift);
    }
    leaf->level = (shift * 57U) >> 9; /* / 9, for 0 to 36 */
    if (f->kind(entry, shift) == PT_NONE) {
        return false;
    }
    leaf->target = pt_target(f, entry) | (frame & ((1UL << shift) - 1));
    leaf->attr = f->attr(entry, shift);
    return true;
}

/* pt_reach(): see <hearth/pt.h>. */
static always_inline uint64_t pt_walk_reach(const struct pt_format *f, const struct pt *pt,
                                            uint64_t frame, unsigned int type, bool write)
{
    unsigned int shift;
    uint64_t entry, again;

    if (unlikely(frame >= pt->frames)) {
        return PT_ANY;
    }
    (void)pt_find_entry(f, pt, frame, false, &entry, &shift);
    again = entry;
    hide_value(again); /* the compiler then reads each attribute alone, and not all at once */
    if (unlikely(f->kind(entry, shift) == PT_NONE || PT_SOFT_OF(f->attr(entry, shift)) != type ||
                 (write && (f->attr(again, shift) & PT_W) == 0))) {
        return PT_ANY;
    }
    return pt_target(f, entry) | (frame & ((1UL << shift) - 1));
}

#include "walk_page.h"

/* ---- Slow paths ------------------------------------------------------------------------------ */

static noinline void pt_report(const struct pt_format *f, struct pt *pt, uint64_t frame,
                               uint64_t entry, unsigned int level)
{
    struct pt_leaf leaf = {pt_target(f, entry), f->attr(entry, level), level};

    pt->env->removed(pt->arg, frame, &leaf);
}

static always_inline bool pt_is_watched(const struct pt_format *f, const struct pt *pt,
                                        uint64_t entry, unsigned int level)
{
    return ((pt->env->watch >> PT_SOFT_OF(f->attr(entry, level))) & 1U) != 0;
}

/* Replaces a live entry by one of another size; `table` (may be NULL) is what it linked. */
static noinline void pt_replace(const struct pt_format *f, struct pt *pt, uint64_t *entry,
                                uint64_t value, uint64_t *table, uint64_t frame, unsigned int level)
{
    pt_break_begin(pt);
    pt_note(pt, ALIGN_DOWN(frame, pt_span(level)), pt_span(level), true);
    pt_write(entry, f->break_first ? 0 : value);
    if (table != NULL) {
        pt_unlink(pt, table);
    }
    if (f->break_first) {
        pt_sync(pt, entry, 1);
        pt_flush(pt);
        pt_write(entry, value);
    }
    pt_sync(pt, entry, 1);
    pt_break_end(pt);
}

/* Puts a table in place of a hole or a block, which the table then maps as before. */
static noinline int pt_grow(const struct pt_format *f, struct pt *pt, uint64_t *entry,
                            uint64_t frame, unsigned int level)
{
    uint64_t old = *entry;
    paddr_t table;
    int rc = pt->env->alloc(pt->arg, 0, &table);

    if (rc != 0) {
        return rc;
    }
    if (old == 0) {
        pt_write(entry, f->table(table.a >> PAGE_SHIFT));
        pt_sync(pt, entry, 1);
    } else {
        uint64_t *entries = pt_table_at(pt, table.a >> PAGE_SHIFT);

        pt_fill(entries, f->leaf(pt_target(f, old), f->attr(old, level), level - 1),
                pt_step(f, level - 1));
        pt_sync(pt, entries, PT_ENTRIES);
        pt_replace(f, pt, entry, f->table(table.a >> PAGE_SHIFT), NULL, frame, level);
    }
    return 0;
}

/* Frees the tables that became empty, from path->level upwards. */
static noinline void pt_prune(struct pt *pt, struct pt_path *path, uint64_t frame)
{
    unsigned int level = path->level;

    while (level + 1U < pt->levels && pt_is_empty(pt_table_of(path->entry[level]))) {
        uint64_t *table = pt_table_of(path->entry[level]);

        level++;
        pt_write(path->entry[level], 0);
        pt_sync(pt, path->entry[level], 1);
        pt_note(pt, frame, 1, true);
        pt_unlink(pt, table);
    }
}

/* Turns tables that became uniform into blocks, from path->level upwards. */
static noinline void pt_merge(const struct pt_format *f, struct pt *pt, struct pt_path *path,
                              uint64_t frame, unsigned int max_level)
{
    for (unsigned int level = path->level; level < max_level; level++) {
        uint64_t *table = pt_table_of(path->entry[level]);
        uint64_t first = table[0];
        uint64_t target = pt_target(f, first);

        if (!IS_ALIGNED(target, pt_span(level + 1)) || f->kind(first, level) != PT_LEAF ||
            !pt_is_uniform(table, pt_step(f, level))) {
            return;
        }
        pt_replace(f, pt, path->entry[level + 1], f->leaf(target, f->attr(first, level), level + 1),
                   table, frame, level + 1);
    }
}

/* Removes the tree below an entry, that a block may take its place. */
static noinline int pt_clear_tree(struct pt *pt, struct pt_job *job, unsigned int level)
{
    struct pt_job clear = {
        .frame = job->frame,
        .count = pt_span(level),
        .budget = job->budget,
    };
    int rc = pt->ops->unmap(pt, &clear);

    job->budget = clear.budget;
    pt_flush(pt);
    return rc;
}

/*
 * Prepares `n` entries of which some are live to be overwritten by first, first + step, ...:
 * reports them, notes the flush, breaks them where the format asks for it (also when only
 * permissions change: one flush for the run, and none after it). Returns how many of them can be
 * written now; 0 when the first is a table.
 */
static noinline unsigned int pt_overwrite(const struct pt_format *f, struct pt *pt,
                                          uint64_t *entries, unsigned int n, uint64_t first,
                                          uint64_t frame, unsigned int level)
{
    uint64_t new = first;
    unsigned int i;

    for (i = 0; i < n; i++) {
        uint64_t old = entries[i];

        if (old != 0 && f->kind(old, level) == PT_TABLE) {
            break;
        }
        if (old != 0 && pt_is_watched(f, pt, old, level)) {
            pt_report(f, pt, frame, old, level);
            pt_note(pt, frame, pt_span(level), level != 0);
        }
        if (old != 0 && old != new) {
            pt_note(pt, frame, pt_span(level), level != 0);
            if (f->break_first) {
                pt_write(&entries[i], 0);
            }
        }
        frame += pt_span(level);
        new += pt_step(f, level);
    }
    if (f->break_first && pt->flush_end != 0) {
        pt_sync(pt, entries, i);
        pt_flush(pt);
    }
    return i;
}

/* ---- Map ------------------------------------------------------------------------------------- */

/* True when the block `entry` already maps the job's next frame as the job would. */
static always_inline bool pt_maps_already(const struct pt_format *f, const struct pt_job *job,
                                          uint64_t entry, unsigned int level)
{
    uint64_t offset = job->frame & (pt_span(level) - 1);

    return f->kind(entry, level) == PT_LEAF && job->target >= offset &&
           entry == f->leaf(job->target - offset, job->attr, level);
}

/* Makes a table of the hole or block at path->level: 0, 1 (nothing is to be mapped), -ENOMEM. */
static noinline int pt_open(const struct pt_format *f, struct pt *pt, struct pt_job *job,
                            struct pt_path *path)
{
    uint64_t *entry = path->entry[path->level];
    int rc;

    if (pt_maps_already(f, job, *entry, path->level)) {
        return 1;
    }
    rc = pt_grow(f, pt, entry, job->frame, path->level);
    if (rc != 0) {
        pt_prune(pt, path, job->frame);
    }
    pt_spend(job, 1);
    return rc;
}

/* Finds the entry of job->frame at `level`; as pt_open(), which makes the tables on the way. */
static always_inline int pt_descend(const struct pt_format *f, struct pt *pt, struct pt_job *job,
                                    unsigned int level, struct pt_path *path)
{
    uint64_t *table = pt->root;
    unsigned int at = pt->levels - 1U;
    uint64_t *entry = &table[job->frame >> (PT_ENTRIES_SHIFT * at)];

    path->entry[at] = entry;
    while (at != level) {
        if (unlikely(f->kind(*entry, at) != PT_TABLE)) {
            int rc;

            path->level = at;
            rc = pt_open(f, pt, job, path);
            if (rc != 0) {
                return rc;
            }
        }
        at--;
        table = pt_table_at(pt, pt_target(f, *entry));
        entry = &table[(job->frame >> (PT_ENTRIES_SHIFT * at)) % PT_ENTRIES];
        path->entry[at] = entry;
    }
    path->level = level;
    return 0;
}

/* Writes entries of one table; false when a tree is in the way of the first. */
static always_inline bool pt_write_run(const struct pt_format *f, struct pt *pt, struct pt_job *job,
                                       uint64_t *entries, unsigned int level)
{
    const uint64_t room = PT_ENTRIES - (job->frame >> (PT_ENTRIES_SHIFT * level)) % PT_ENTRIES;
    const uint64_t wanted = job->count >> (PT_ENTRIES_SHIFT * level);
    const uint64_t step = pt_step(f, level);
    uint64_t value = f->leaf(job->target, job->attr, level);
    unsigned int n = (unsigned int)MIN(MIN(room, wanted), MAX(job->budget, 1U));
    uint64_t live = 0;

    for (unsigned int i = 0; i < n; i++) {
        live |= entries[i];
    }
    if (unlikely(live != 0)) {
        pt_break_begin(pt);
        n = pt_overwrite(f, pt, entries, n, value, job->frame, level);
    }
    for (unsigned int i = 0; i < n; i++) {
        pt_write(&entries[i], value);
        value += step;
    }
    if (unlikely(live != 0)) {
        pt_break_end(pt);
    }
    if (unlikely(n == 0)) {
        return false;
    }
    pt_sync(pt, entries, n);
    pt_spend(job, n);
    pt_advance(job, (uint64_t)n << (PT_ENTRIES_SHIFT * level));
    return true;
}

static always_inline unsigned int pt_best_level(const struct pt_job *job, unsigned int max_level)
{
    uint64_t both = job->frame | job->target;
    unsigned int level = 0;

    while (level < max_level && IS_ALIGNED(both, pt_span(level + 1)) &&
           job->count >= pt_span(level + 1)) {
        level++;
    }
    return level;
}

static noinline int pt_map_any(const struct pt_format *f, struct pt *pt, struct pt_job *job)
{
    const unsigned int max_level = MIN(job->max_level, pt->max_level);
    int rc = 0;

    /* What was removed and not flushed may still be cached: mapping over it would be two live
     * translations. */
    pt_flush(pt);
    while (job->count != 0 && job->budget != 0) {
        unsigned int level = pt_best_level(job, max_level);
        struct pt_path path;

        rc = pt_descend(f, pt, job, level, &path);
        if (unlikely(rc != 0)) {
            if (rc < 0) {
                break;
            }
            rc = 0;
            pt_spend(job, 1);
            pt_advance(job, MIN(job->count,
                                pt_span(path.level) - (job->frame & (pt_span(path.level) - 1))));
        } else if (unlikely(!pt_write_run(f, pt, job, path.entry[level], level))) {
            rc = pt_clear_tree(pt, job, level);
            if (rc != 0) {
                break;
            }
        } else if (level < max_level && IS_ALIGNED(job->frame, pt_span(level + 1)) &&
                   IS_ALIGNED(job->target, pt_span(level + 1))) {
            pt_merge(f, pt, &path, job->frame - 1, max_level);
        }
    }
    pt_flush(pt);
    return rc;
}

static always_inline int pt_walk_map(const struct pt_format *f, struct pt *pt, struct pt_job *job)
{
    if (!range_fits(job->frame, job->count, pt->frames) ||
        !range_fits(job->target, job->count, 1UL << f->target_bits) ||
        (job->attr & (~PT_ATTR_MASK | PT_R)) != PT_R) {
        return -EINVAL;
    }
    return pt_map_any(f, pt, job);
}

/* ---- Unmap and protect ----------------------------------------------------------------------- */

/*
 * Changes leaves of one table from job->frame on, up to the first entry that must be opened (a
 * table, or a block that the job covers in part). Returns the number of entries passed, 0 when
 * none of them changed.
 */
static always_inline uint64_t pt_change_run(const struct pt_format *f, struct pt *pt,
                                            struct pt_job *job, const struct pt_path *path,
                                            bool clear)
{
    const unsigned int level = path->level;
    const uint64_t span = pt_span(level);
    const uint64_t index = job->frame >> (PT_ENTRIES_SHIFT * level);
    const uint64_t room = level + 1U == pt->levels
                              ? ((pt->frames + span - 1) >> (PT_ENTRIES_SHIFT * level)) - index
                              : PT_ENTRIES - index % PT_ENTRIES;
    uint64_t *entries = path->entry[level];
    bool changed = false;
    uint64_t i;

    for (i = 0; i < room && job->count != 0; i++) {
        uint64_t old = entries[i];
        uint64_t n = MIN(span - (job->frame & (span - 1)), job->count);

        if (old != 0) {
            uint64_t new = 0;

            if (n < span || job->budget == 0 || f->kind(old, level) != PT_LEAF) {
                break;
            }
            if (!clear) {
                new = f->leaf(pt_target(f, old),
                              (f->attr(old, level) & ~PT_ACCESS) | (job->attr & PT_ACCESS), level);
            } else if (unlikely(pt_is_watched(f, pt, old, level))) {
                pt_report(f, pt, job->frame, old, level);
            }
            if (new != old) {
                pt_write(&entries[i], new);
                changed = true;
            }
            pt_spend(job, 1);
        }
        pt_advance(job, n);
    }
    return changed ? i : 0;
}

static always_inline int pt_walk_change(const struct pt_format *f, struct pt *pt,
                                        struct pt_job *job, bool clear)
{
    if (!range_fits(job->frame, job->count, pt->frames) || (!clear && (job->attr & PT_R) == 0)) {
        return -EINVAL;
    }
    while (job->count != 0 && job->budget != 0) {
        uint64_t start = job->frame;
        uint64_t *table = pt->root;
        struct pt_path path;
        uint64_t n;

        path.level = pt->levels - 1U;
        for (;;) {
            uint64_t *entry = pt_entry(pt, table, start, path.level);
            uint64_t span = pt_span(path.level);
            enum pt_kind kind = f->kind(*entry, path.level);

            path.entry[path.level] = entry;
            if (kind == PT_LEAF && (!IS_ALIGNED(start, span) || job->count < span)) {
                int rc = pt_grow(f, pt, entry, start, path.level);

                if (rc != 0) {
                    return rc;
                }
            } else if (kind != PT_TABLE) {
                break;
            }
            table = pt_table_at(pt, pt_target(f, *entry));
            path.level--;
        }
        n = pt_change_run(f, pt, job, &path, clear);
        if (n == 0) {
            pt_spend(job, 1);
            continue;
        }
        pt_note(pt, start, job->frame - start, path.level != 0);
        pt_sync(pt, path.entry[path.level], (unsigned int)n);
        if (clear && !pt_has_neighbour(path.entry[path.level], n)) {
            pt_prune(pt, &path, start);
        }
    }
    return 0;
}

/* ---- Instances ------------------------------------------------------------------------------- */

/* Defines `const struct pt_ops ops` over the static const format of the same file. */
#define PT_INSTANTIATE(ops, fmt)                                                                   \
    static int ops##_map(struct pt *pt, struct pt_job *job)                                        \
    {                                                                                              \
        return pt_walk_map(&(fmt), pt, job);                                                       \
    }                                                                                              \
    static int ops##_unmap(struct pt *pt, struct pt_job *job)                                      \
    {                                                                                              \
        return pt_walk_change(&(fmt), pt, job, true);                                              \
    }                                                                                              \
    static int ops##_protect(struct pt *pt, struct pt_job *job)                                    \
    {                                                                                              \
        return pt_walk_change(&(fmt), pt, job, false);                                             \
    }                                                                                              \
    static bool ops##_put(struct pt *pt, uint64_t frame, uint64_t target, uint32_t attr)           \
    {                                                                                              \
        return pt_put_page(&(fmt), pt, frame, target, attr);                                       \
    }                                                                                              \
    static int ops##_take(struct pt *pt, uint64_t frame, uint64_t target, uint32_t types,          \
                          struct pt_leaf *leaf)                                                    \
    {                                                                                              \
        return pt_take_page(&(fmt), pt, frame, target, types, leaf);                               \
    }                                                                                              \
    static bool ops##_lookup(const struct pt *pt, uint64_t frame, struct pt_leaf *leaf)            \
    {                                                                                              \
        return pt_walk_lookup(&(fmt), pt, frame, leaf);                                            \
    }                                                                                              \
    static uint64_t ops##_reach(const struct pt *pt, uint64_t frame, unsigned int type,            \
                                bool write)                                                        \
    {                                                                                              \
        return pt_walk_reach(&(fmt), pt, frame, type, write);                                      \
    }                                                                                              \
    const struct pt_ops ops = {                                                                    \
        .name = #ops,                                                                              \
        .format = &(fmt),                                                                          \
        .map = ops##_map,                                                                          \
        .unmap = ops##_unmap,                                                                      \
        .protect = ops##_protect,                                                                  \
        .put = ops##_put,                                                                          \
        .take = ops##_take,                                                                        \
        .lookup = ops##_lookup,                                                                    \
        .reach = ops##_reach,                                                                      \
    }
