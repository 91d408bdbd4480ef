/* SPDX-License-Identifier: Apache-2.0 */
/* The walker's shortest ways: one page mapped, one page taken, where no table comes or goes. */
#pragma once

#include "codec.h"

#include <hearth/errno.h>

/*
 * pt_put(): see <hearth/pt.h>. Not the last entry of its table, which may make the table uniform,
 * and not while a flush is pending: what it covers may still be cached.
 */
static always_inline bool pt_put_page(const struct pt_format *f, struct pt *pt, uint64_t frame,
                                      uint64_t target, uint32_t attr)
{
    unsigned int shift = pt->root_shift;
    uint64_t *entry = &pt->root[frame >> shift];

    if (unlikely(frame >= pt->frames || target >> f->target_bits != 0 ||
                 (frame + 1) % PT_ENTRIES == 0 || pt->flush_end != 0)) {
        return false;
    }
    while (shift != 0) {
        uint64_t link = *entry;

        if (unlikely(f->kind(link, shift) != PT_TABLE)) {
            return false;
        }
        shift -= PT_ENTRIES_SHIFT;
        entry = pt_table_at(pt, pt_target(f, link)) + (frame >> shift) % PT_ENTRIES;
    }
    if (unlikely(*entry != 0)) {
        return false;
    }
    pt_write(entry, f->leaf(target, attr, 0));
    pt_sync(pt, entry, 1);
    return true;
}

/* True when the run's neighbours show that its table still maps something. */
static always_inline bool pt_has_neighbour(const uint64_t *entry, uint64_t n)
{
    uint64_t index = ((uintptr_t)entry / sizeof(*entry)) % PT_ENTRIES;

    return (index != 0 && entry[-1] != 0) || (index + n < PT_ENTRIES && entry[n] != 0);
}

/* pt_take(): see <hearth/pt.h>. */
static always_inline int pt_take_page(const struct pt_format *f, struct pt *pt, uint64_t frame,
                                      uint64_t target, uint32_t types, struct pt_leaf *leaf)
{
    unsigned int shift = pt->root_shift;
    uint64_t *entry = &pt->root[frame >> shift];
    enum pt_kind kind;

    if (unlikely(frame >= pt->frames)) {
        return -ENOENT;
    }
    while ((kind = f->kind(*entry, shift)) == PT_TABLE) {
        shift -= PT_ENTRIES_SHIFT;
        entry = pt_table_at(pt, pt_target(f, *entry)) + (frame >> shift) % PT_ENTRIES;
    }
    leaf->attr = PT_SOFT(PT_SOFT_OF(f->attr(*entry, shift)));
    leaf->target = pt_target(f, *entry) | (frame & ((1UL << shift) - 1));
    if (kind == PT_NONE || ((types >> PT_SOFT_OF(leaf->attr)) & 1U) == 0 ||
        (target != PT_ANY && target != leaf->target)) {
        return -ENOENT;
    }
    if (unlikely(shift != 0) || (!pt_has_neighbour(entry, 1) && pt_is_alone(pt, entry))) {
        return 1;
    }
    leaf->level = 0;
    pt_write(entry, 0);
    pt_sync(pt, entry, 1);
    return 0;
}
