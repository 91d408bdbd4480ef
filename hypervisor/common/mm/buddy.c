/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buddy allocator: free blocks of 2^order aligned frames on lists by zone, content and order.
 * One lock (RANK_FREELIST) covers lists, counts and the entries of free blocks; scrubbing is done
 * outside it, on frames that are on no list.
 *
 * A free block is its head entry: class FREE, PAGEF_HEAD, order, content. All other entries of it
 * are zero. Blocks lie within one bank and, being at most 1 GiB and aligned, within one zone.
 */
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/lock.h>

#include <hearth/arch/mm.h>

#include "private.h"

enum zone_id {
    ZONE_HIGH = 0,
    ZONE_LOW4G,
    NR_ZONES
};

#define LOW4G_END     (1ULL << (32 - PAGE_SHIFT))
#define RESERVE_MAX   1024U /* frames kept for the hypervisor itself */
#define RESERVE_SHARE 128U  /* and at most this part of the memory */

static struct zone {
    struct page_list lists[NR_CONTENTS][MAX_ORDER + 1];
    uint32_t filled[NR_CONTENTS]; /* bit per order whose list is not empty */
} zones[NR_ZONES];

static struct spinlock lock = SPINLOCK_INIT(RANK_FREELIST);
static struct page_stats stats;
static uint64_t scrubbing; /* free frames that page_scrub_some() has taken off the lists */
static uint64_t reserve;
static enum page_content boot_content;

/* Which content is taken first, by what the caller needs. */
static const uint8_t zeros_first[NR_CONTENTS] = {CONTENT_CLEAN, CONTENT_DIRTY, CONTENT_BOOT};
static const uint8_t boot_first[NR_CONTENTS] = {CONTENT_BOOT, CONTENT_CLEAN, CONTENT_DIRTY};
static const uint8_t dirty_first[NR_CONTENTS] = {CONTENT_DIRTY, CONTENT_BOOT, CONTENT_CLEAN};

static struct zone *zone_of(uint64_t frame)
{
    return &zones[frame < LOW4G_END ? ZONE_LOW4G : ZONE_HIGH];
}

static struct page *entry(uint64_t frame)
{
    return mfn_to_page(mfn(frame));
}

static void list_block(uint64_t frame, unsigned int order, enum page_content content)
{
    struct zone *z = zone_of(frame);
    struct page head = {.class = PAGE_FREE, .flags = PAGEF_HEAD};

    head.order = order & 0x1fU;
    head.content = content & 3U;
    WRITE_ONCE(entry(frame)->word, head.word);
    page_list_add(&z->lists[content][order], entry(frame));
    z->filled[content] |= 1U << order;
}

static void unlist_block(uint64_t frame, unsigned int order, enum page_content content)
{
    struct zone *z = zone_of(frame);
    struct page_list *l = &z->lists[content][order];

    page_list_del(l, entry(frame));
    WRITE_ONCE(entry(frame)->word, 0);
    if (l->head == 0) {
        z->filled[content] &= ~(1U << order);
    }
}

/* Of a frame that may be in use: a reference may be taken on it meanwhile. */
static bool is_free_block(const struct page *pg, unsigned int order, enum page_content content)
{
    struct page seen = {.word = READ_ONCE(pg->word)};

    return seen.class == PAGE_FREE && (seen.flags & PAGEF_HEAD) != 0 && seen.order == order &&
           seen.content == content;
}

static void count(uint64_t frames, enum page_content content)
{
    stats.free += frames;
    if (content != CONTENT_CLEAN) {
        stats.dirty += frames;
    }
}

static void uncount(uint64_t frames, enum page_content content)
{
    stats.free -= frames;
    if (content != CONTENT_CLEAN) {
        stats.dirty -= frames;
    }
}

/* Lists a block, merged with its free buddies of the same content. */
static void merge_in(uint64_t frame, unsigned int order, enum page_content content)
{
    const struct mem_range *bank = frame_bank(frame);

    count(1ULL << order, content);
    for (; order < MAX_ORDER; order++) {
        uint64_t buddy = frame ^ (1ULL << order);

        if (buddy < bank->start || bank->end - buddy < (1ULL << order) || buddy >= bank->end ||
            !is_free_block(entry(buddy), order, content)) {
            break;
        }
        unlist_block(buddy, order, content);
        frame = MIN(frame, buddy);
    }
    list_block(frame, order, content);
}

/* Takes a block of the given content, splitting a larger one. */
static bool take_from(struct zone *z, enum page_content content, unsigned int order,
                      uint64_t *frame)
{
    uint32_t filled = z->filled[content] & (~0U << order);
    unsigned int o;

    if (filled == 0) {
        return false;
    }
    o = (unsigned int)__builtin_ctz(filled);
    *frame = (uint64_t)z->lists[content][o].head + frame_space.base;
    unlist_block(*frame, o, content);
    while (o > order) {
        o--;
        list_block(*frame + (1ULL << o), o, content);
    }
    uncount(1ULL << order, content);
    return true;
}

static bool take(unsigned int order, unsigned int flags, const uint8_t *preference, uint64_t *frame,
                 enum page_content *content)
{
    unsigned int zone = (flags & ALLOC_LOW4G) != 0 ? ZONE_LOW4G : ZONE_HIGH;
    uint64_t keep = (flags & ALLOC_RESERVE) != 0 ? 0 : reserve;
    unsigned int i;

    if (stats.free < keep + (1ULL << order)) {
        return false;
    }
    for (; zone < NR_ZONES; zone++) {
        for (i = 0; i < NR_CONTENTS; i++) {
            *content = preference[i];
            if (take_from(&zones[zone], *content, order, frame)) {
                return true;
            }
        }
    }
    return false;
}

static void scrub(uint64_t frame, unsigned int order, bool clean)
{
    void *va = mfn_to_virt(mfn(frame));

    if (clean) {
        arch_zero_to_poc(va, PAGE_SIZE << order);
    } else {
        arch_zero(va, PAGE_SIZE << order);
    }
}

int buddy_alloc(unsigned int order, enum page_class class, unsigned int flags, mfn_t *out)
{
    bool guest_sees = class == PAGE_GUEST || class == PAGE_SHARED;
    bool zero = (flags & ALLOC_ZERO) != 0 || class == PAGE_SHARED;
    const uint8_t *preference = zero ? zeros_first : guest_sees ? boot_first : dirty_first;
    enum page_content content;
    uint64_t frame;
    bool done;

    if (order > MAX_ORDER) {
        return -ENOMEM;
    }
    spin_lock(&lock);
    done = take(order, flags, preference, &frame, &content);
    if (done && class == PAGE_GUEST) {
        stats.guest += 1ULL << order;
    }
    spin_unlock(&lock);
    if (!done) {
        return -ENOMEM;
    }
    if (content != CONTENT_CLEAN && (zero || (guest_sees && content != CONTENT_BOOT))) {
        scrub(frame, order, guest_sees);
    }
    *out = mfn(frame);
    return 0;
}

void buddy_free(mfn_t m, unsigned int order, enum page_class class, enum page_content content)
{
    WRITE_ONCE(mfn_to_page(m)->word, 0);
    spin_lock(&lock);
    if (class == PAGE_GUEST) {
        stats.guest -= 1ULL << order;
    } else if (class == PAGE_FREE) {
        scrubbing -= 1ULL << order;
    }
    merge_in(m.n, order, content);
    spin_unlock(&lock);
}

void buddy_init(uint64_t total, enum page_content content)
{
    stats = (struct page_stats){.total = total};
    reserve = MIN(total / RESERVE_SHARE, RESERVE_MAX);
    boot_content = content;
}

/* In the largest aligned blocks that fit. */
void buddy_give(uint64_t first, uint64_t end)
{
    spin_lock(&lock);
    while (first < end) {
        unsigned int order = (unsigned int)__builtin_ctzl(first | (1UL << MAX_ORDER));

        while ((1ULL << order) > end - first) {
            order--;
        }
        merge_in(first, order, boot_content);
        first += 1ULL << order;
    }
    spin_unlock(&lock);
}

/* The largest dirty block that is not larger than 2^order, or a part of a larger one. */
static bool take_dirty(unsigned int order, uint64_t *frame, unsigned int *got,
                       enum page_content *content)
{
    unsigned int zone, c, o;

    for (zone = 0; zone < NR_ZONES; zone++) {
        for (c = CONTENT_DIRTY; c < NR_CONTENTS; c++) {
            if (zones[zone].filled[c] == 0) {
                continue;
            }
            o = MIN(order, 31U - (unsigned int)__builtin_clz(zones[zone].filled[c]));
            *content = c;
            *got = o;
            return take_from(&zones[zone], *content, o, frame);
        }
    }
    return false;
}

unsigned int page_scrub_some(unsigned int max)
{
    unsigned int sum = 0;

    while (sum < max) {
        unsigned int order = 31U - (unsigned int)__builtin_clz(max - sum);
        enum page_content content;
        uint64_t frame;
        bool found;

        spin_lock(&lock);
        found = take_dirty(MIN(order, MAX_ORDER), &frame, &order, &content);
        scrubbing += found ? 1ULL << order : 0;
        spin_unlock(&lock);
        if (!found) {
            break;
        }
        scrub(frame, order, true);
        buddy_free(mfn(frame), order, PAGE_FREE, CONTENT_CLEAN);
        sum += 1U << order;
    }
    return sum;
}

void page_stats(struct page_stats *out)
{
    spin_lock(&lock);
    *out = stats;
    out->free += scrubbing;
    out->dirty += scrubbing;
    spin_unlock(&lock);
}
