/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: classes, lists, references, totals. See audit.h. */
#include <stdarg.h>

#include "audit_parts.h"

#include <hearth/cpu.h>
#include <hearth/heap.h>

#include "common/mm/private.h"

#define HEAP_CLASSES 16U

static uint32_t boot_frames;             /* taken before there was a page allocator */
static size_t object_size[HEAP_CLASSES]; /* of the heap's slabs */
static char text[256];

const char *audit_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return text;
}

const char *audit_ref(struct audit *a, mfn_t m, const char *by)
{
    uint32_t i = audit_index(m);

    AUDIT_CHECK(i != 0, "%s refers to %lx, which is no RAM", by, m.n);
    AUDIT_CHECK(frame_table[i].class == PAGE_GUEST || frame_table[i].class == PAGE_SHARED,
                "%s refers to frame %lx of class %u", by, m.n, frame_table[i].class);
    a->refs[i]++;
    return NULL;
}

/* --- A block of the page allocator --- */

struct totals {
    uint64_t free, dirty, guest, boot;
    size_t heap, slabs;
};

/* All but the head of a block read zero. */
static const char *audit_rest(uint32_t first, uint32_t n)
{
    for (uint32_t i = first + 1; i < first + n; i++) {
        AUDIT_CHECK(frame_table[i].word == 0, "entry %x inside the block at %x is in use", i,
                    first);
    }
    return NULL;
}

static const char *audit_free_block(uint32_t i, struct totals *sum)
{
    const struct page *pg = &frame_table[i];
    uint64_t n = 1ULL << pg->order;

    AUDIT_CHECK(pg->next == 0 ||
                    (frame_table[pg->next].prev == i && frame_table[pg->next].class == PAGE_FREE &&
                     frame_table[pg->next].order == pg->order),
                "free block %x has a bad neighbour", i);
    sum->free += n;
    sum->dirty += pg->content != CONTENT_CLEAN ? n : 0;
    return NULL;
}

static const char *audit_heap_block(uint32_t i, struct totals *sum)
{
    const struct page *pg = &frame_table[i];

    if (pg->owner == 0) {
        sum->heap += PAGE_SIZE << pg->order;
        return NULL;
    }
    AUDIT_CHECK(pg->owner <= HEAP_CLASSES && object_size[pg->owner - 1] != 0,
                "slab %x is of no size", i);
    AUDIT_CHECK(pg->slab_used <= PAGE_SIZE / object_size[pg->owner - 1], "slab %x is overfull", i);
    sum->heap += pg->slab_used * object_size[pg->owner - 1];
    sum->slabs++;
    return NULL;
}

static const char *audit_block(const struct audit *a, uint32_t i, uint32_t *n, struct totals *sum)
{
    const struct page *pg = &frame_table[i];

    *n = 1U << pg->order;
    AUDIT_CHECK((pg->flags & PAGEF_HEAD) != 0 && *n <= a->frames - i, "block %x has no head", i);
    AUDIT_PART(audit_rest(i, *n));
    switch (pg->class) {
    case PAGE_FREE:
        return audit_free_block(i, sum);
    case PAGE_HEAP:
        return audit_heap_block(i, sum);
    default:
        for (uint32_t j = i; j < i + *n; j++) {
            AUDIT_CHECK((a->seen[j] & SEEN_TABLE) != 0, "table %x is no p2m's", j);
        }
        return NULL;
    }
}

/* --- A frame with references --- */

static const char *audit_counted(const struct audit *a, uint32_t i, struct totals *sum)
{
    const struct page *pg = &frame_table[i];
    bool allocated = (pg->flags & PAGEF_ALLOCATED) != 0;
    unsigned int owned = pg->class == PAGE_GUEST ? SEEN_LISTED : SEEN_SHARED;

    AUDIT_CHECK(pg->refs == a->refs[i] + allocated,
                "frame %x of domain %u has %u references, of which %u are explained", i, pg->owner,
                pg->refs, a->refs[i] + allocated);
    AUDIT_CHECK(pg->refs != 0, "frame %x without references is not free", i);
    AUDIT_CHECK(allocated == ((a->seen[i] & owned) != 0), "frame %x of domain %u is %s", i,
                pg->owner, allocated ? "nobody's" : "listed, and given up");
    sum->guest += pg->class == PAGE_GUEST;
    return NULL;
}

static const char *audit_totals(const struct totals *sum)
{
    struct page_stats s;

    page_stats(&s);
    AUDIT_CHECK(sum->free == s.free, "%lu frames are free, %lu are counted", sum->free, s.free);
    AUDIT_CHECK(sum->dirty == s.dirty, "%lu free frames are dirty, %lu are counted", sum->dirty,
                s.dirty);
    AUDIT_CHECK(sum->guest == s.guest, "%lu frames are guests', %lu are counted", sum->guest,
                s.guest);
    AUDIT_CHECK(sum->heap == heap_in_use(), "%zu bytes of heap are in use, %zu are counted",
                sum->heap, heap_in_use());
    AUDIT_CHECK(sum->slabs == heap_slab_pages(), "%zu slabs, %zu are counted", sum->slabs,
                heap_slab_pages());
    return NULL;
}

static const char *sum_frames(const struct audit *a, struct totals *sum)
{
    uint32_t n;

    *sum = (struct totals){0};
    for (uint32_t i = 1; i < a->frames; i += n) {
        const struct page *pg = &frame_table[i];

        n = 1;
        switch (pg->class) {
        case PAGE_NONE:
            sum->boot++;
            break;
        case PAGE_FREE:
        case PAGE_HEAP:
        case PAGE_TABLE:
            AUDIT_PART(audit_block(a, i, &n, sum));
            break;
        case PAGE_GUEST:
        case PAGE_SHARED:
            AUDIT_PART(audit_counted(a, i, sum));
            break;
        default:
            return audit_say("frame %x is of class %u", i, pg->class);
        }
    }
    return NULL;
}

const char *audit_frames(const struct audit *a)
{
    struct totals sum;

    AUDIT_PART(sum_frames(a, &sum));
    AUDIT_CHECK(sum.boot == boot_frames, "%lu frames are in no class", sum.boot);
    return audit_totals(&sum);
}

/* --- All of it --- */

static uint32_t nr_frames(void)
{
    uint64_t n = page_last_mfn().n - frame_space.base + 1;

    if (n > AUDIT_FRAMES) {
        fprintf(stderr, "audit: %lu frames are too many\n", n);
        abort();
    }
    return (uint32_t)n;
}

void audit_begin(void)
{
    static struct audit empty;
    struct totals sum;

    for (size_t size = 32; size <= PAGE_SIZE / 2; size += 32) {
        size_t before = heap_in_use();
        void *p = heap_alloc(size);

        object_size[mfn_to_page(virt_to_mfn(p))->owner - 1] = heap_in_use() - before;
        heap_free(p);
    }
    empty.frames = nr_frames();
    if (sum_frames(&empty, &sum) != NULL) {
        fprintf(stderr, "audit: %s\n", text);
        abort();
    }
    boot_frames = (uint32_t)sum.boot;
}

static const char *audit_page_list(struct audit *a, const struct domain *d)
{
    uint64_t n = 0;
    uint32_t before = 0;

    for (uint32_t i = d->pages.head; i != 0; i = frame_table[i].next) {
        const struct page *pg = &frame_table[i];

        AUDIT_CHECK(i < a->frames && (a->seen[i] & SEEN_LISTED) == 0, "frame %x is listed twice",
                    i);
        AUDIT_CHECK(pg->class == PAGE_GUEST && pg->owner == d->id,
                    "frame %x on the list of domain %u is not its RAM", i, d->id);
        AUDIT_CHECK(pg->prev == before, "the list of domain %u is broken at frame %x", d->id, i);
        a->seen[i] |= SEEN_LISTED;
        before = i;
        n++;
    }
    AUDIT_CHECK(before == d->pages.tail && n == d->pages.count && n == d->tot_pages,
                "domain %u has %lu frames, %lu listed and %lu charged", d->id, n, d->pages.count,
                d->tot_pages);
    return NULL;
}

static const char *audit_locks(const struct domain *d)
{
    const struct cpu *c = this_cpu();

    AUDIT_CHECK(c->lock_rank == 0 && (c->held_ranks[0] | c->held_ranks[1]) == 0,
                "a lock of rank %u is held", c->lock_rank);
    AUDIT_CHECK(d->lock.word == 0 && d->pages_lock.word == 0, "a lock of domain %u is held", d->id);
    return NULL;
}

static const char *audit_domain(struct audit *a, const struct domain *d)
{
    AUDIT_PART(audit_locks(d));
    AUDIT_PART(audit_page_list(a, d));
    AUDIT_PART(audit_p2m(a, d));
    AUDIT_PART(audit_vcpus(a, d));
    AUDIT_PART(audit_events(a, d));
    return audit_grants(a, d);
}

static const char *audit_own_frames(struct audit *a, const struct audit_own *own)
{
    for (unsigned int i = 0; i < own->nr; i++) {
        uint32_t frame = audit_index(own->frame[i]);

        AUDIT_CHECK(frame_table[frame].class == PAGE_SHARED, "frame %x is not the test's", frame);
        a->seen[frame] |= SEEN_SHARED;
    }
    return NULL;
}

const char *audit_machine(const struct audit_own *own)
{
    static struct audit audit;
    struct audit *a = &audit;

    a->frames = nr_frames();
    a->nr = a->listed = a->nr_pins = a->nr_timers = 0;
    memset(a->seen, 0, a->frames * sizeof(a->seen[0]));
    memset(a->refs, 0, a->frames * sizeof(a->refs[0]));
    AUDIT_PART(audit_domains(a));
    if (own != NULL) {
        AUDIT_PART(audit_own_frames(a, own));
    }
    for (unsigned int i = 0; i < a->nr; i++) {
        AUDIT_PART(audit_domain(a, a->domain[i]));
    }
    AUDIT_PART(audit_pins(a));
    AUDIT_PART(audit_scheduler(a));
    return audit_frames(a);
}
