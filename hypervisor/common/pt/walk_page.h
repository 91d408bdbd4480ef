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
    unsigned int shift;
    uint64_t *entry;
    uint64_t old;

    if (unlikely(frame >= pt->frames || target >> f->target_bits != 0 ||
                 (frame + 1) % PT_ENTRIES == 0 || pt->flush_end != 0)) {
        return false;
    }
    entry = pt_find_entry(f, pt, frame, true, &old, &shift);
    if (unlikely((shift | old) != 0)) {
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
    unsigned int shift, type;
    uint64_t *entry;
    uint64_t old, there;

    if (unlikely(frame >= pt->frames)) {
        return -ENOENT;
    }
    entry = pt_find_entry(f, pt, frame, true, &old, &shift);
    type = PT_SOFT_OF(f->attr(old, shift));
    there = pt_target(f, old) | (frame & ((1UL << shift) - 1));
    leaf->attr = PT_SOFT(type);
    leaf->target = there;
    if (f->kind(old, shift) == PT_NONE || ((types >> type) & 1U) == 0 ||
        (target != PT_ANY && target != there)) {
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
