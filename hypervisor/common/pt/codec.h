/* SPDX-License-Identifier: Apache-2.0 */
/* Small pure helpers on entries, shared by the walker and its slow paths. */
#pragma once

#include <hearth/atomic.h>
#include <hearth/pt.h>

/* Frames that one entry of `level` covers. */
static always_inline uint64_t pt_span(unsigned int level)
{
    return 1UL << (PT_ENTRIES_SHIFT * level);
}

/* The difference between the entries of two neighbouring leaves. */
static always_inline uint64_t pt_step(const struct pt_format *f, unsigned int level)
{
    return 1UL << (f->frame_shift + PT_ENTRIES_SHIFT * level);
}

static always_inline uint64_t pt_target(const struct pt_format *f, uint64_t entry)
{
    return (entry & f->frame_mask) >> f->frame_shift;
}

static always_inline uint64_t *pt_table_at(const struct pt *pt, uint64_t frame)
{
    return (uint64_t *)(uintptr_t)((frame << PAGE_SHIFT) + pt->virt_offset);
}

/* The table that an entry is in; not for entries of a concatenated root beyond its first page. */
static always_inline uint64_t *pt_table_of(uint64_t *entry)
{
    return (uint64_t *)((uintptr_t)entry & PAGE_MASK);
}

/* The root is not masked: its index is below its size because frame < pt->frames. */
static always_inline uint64_t *pt_entry(const struct pt *pt, uint64_t *table, uint64_t frame,
                                        unsigned int level)
{
    uint64_t index = frame >> (PT_ENTRIES_SHIFT * level);

    return &table[level + 1U == pt->levels ? index : index % PT_ENTRIES];
}

/* The entry for frame that links no table, what was read there, and log2 of the frames it covers.
 */
static always_inline uint64_t *pt_find_entry(const struct pt_format *f, const struct pt *pt,
                                             uint64_t frame, bool change, uint64_t *value,
                                             unsigned int *covers)
{
    unsigned int shift = pt->root_shift;
    uint64_t *at = &pt->root[frame >> shift];
    uint64_t entry = READ_ONCE(*at);

    while (f->kind(entry, shift) == PT_TABLE) {
        shift -= PT_ENTRIES_SHIFT;
        at = pt_table_at(pt, pt_target(f, entry)) + (frame >> shift) % PT_ENTRIES;
        if (change) {
            hide_value(at); /* one address for the read and the write */
        }
        entry = READ_ONCE(*at);
    }
    *value = entry;
    *covers = shift;
    return at;
}

/* Writes a live entry. Release: a table that it links is complete for whoever follows it. */
static always_inline void pt_write(uint64_t *entry, uint64_t value)
{
    store_release(entry, value);
}

static always_inline void pt_sync(const struct pt *pt, const uint64_t *first, unsigned int count)
{
    if (pt->env->sync != NULL) {
        pt->env->sync(pt->arg, first, count);
    }
}

static always_inline void pt_spend(struct pt_job *job, uint64_t n)
{
    job->budget -= (uint32_t)MIN(n, job->budget);
}

static always_inline void pt_advance(struct pt_job *job, uint64_t frames)
{
    job->frame += frames;
    job->target += frames;
    job->count -= frames;
}

/* Between these a reader may miss what is mapped. Pairs with pt_breaks(). */
static always_inline void pt_break_begin(struct pt *pt)
{
    __atomic_store_n(&pt->breaks, pt->breaks + 1, __ATOMIC_RELAXED);
    smp_mb();
}

static always_inline void pt_break_end(struct pt *pt)
{
    store_release(&pt->breaks, pt->breaks + 1);
}

/* pt.c: without a format. */
void pt_unlink(struct pt *pt, uint64_t *table);
void pt_fill(uint64_t *table, uint64_t first, uint64_t step);
bool pt_is_uniform(const uint64_t *table, uint64_t step);
bool pt_is_empty(const uint64_t *table);
bool pt_is_alone(struct pt *pt, const uint64_t *entry);
