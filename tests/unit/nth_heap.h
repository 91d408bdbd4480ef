/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap in place of the hypervisor's, of which one allocation fails, and a way to run out of
 * frames. For tests of what stays after -ENOMEM. Included after unit.h.
 */
#pragma once

#include <hearth/heap.h>
#include <hearth/page.h>

static size_t nth_in_use, nth_allocations;
static size_t nth_fail_at; /* the allocation that fails, counted from 1; 0: none */
static bool nth_fail_all;

void *heap_alloc(size_t size)
{
    size_t *p;

    if (++nth_allocations == nth_fail_at || nth_fail_all) {
        return NULL;
    }
    /* The size stands before the object, which is aligned to 64. */
    p = aligned_alloc(64, (size + 127) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, (size + 127) / 64 * 64);
    *p = size;
    nth_in_use += size;
    return (char *)p + 64;
}

void *heap_alloc_array(size_t count, size_t size)
{
    return size != 0 && count > SIZE_MAX / size ? NULL : heap_alloc(count * size);
}

void heap_free(void *p)
{
    if (p != NULL) {
        size_t *start = (size_t *)(void *)((char *)p - 64);

        nth_in_use -= *start;
        free(start);
    }
}

size_t heap_in_use(void)
{
    return nth_in_use;
}

size_t heap_slab_pages(void)
{
    return 0;
}

static inline void nth_begin(size_t fail_at)
{
    nth_allocations = 0;
    nth_fail_at = fail_at;
}

/* How many allocations there were. */
static inline size_t nth_end(void)
{
    nth_fail_at = 0;
    return nth_allocations;
}

static inline uint64_t nth_free_pages(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free;
}

/* --- Frames: taken away until so many are left. --- */

#define NTH_HOARD 20000U

static mfn_t nth_hoard[NTH_HOARD];
static unsigned int nth_hoarded;

static inline bool nth_take_frame(unsigned int flags)
{
    if (nth_hoarded == NTH_HOARD || page_alloc(0, PAGE_HEAP, flags, &nth_hoard[nth_hoarded]) != 0) {
        return false;
    }
    nth_hoarded++;
    return true;
}

/* `left` more frames for whoever may not use the reserve. */
static inline void nth_leave_frames(unsigned int left)
{
    while (nth_take_frame(0)) {
    }
    assert_true(nth_hoarded > left);
    for (unsigned int i = 0; i < left; i++) {
        page_free(nth_hoard[--nth_hoarded], 0);
    }
}

static inline void nth_give_back(void)
{
    while (nth_hoarded != 0) {
        page_free(nth_hoard[--nth_hoarded], 0);
    }
}
