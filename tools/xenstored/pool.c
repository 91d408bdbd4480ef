/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#define UNIT      8u
#define PAGE      4096u
#define STEP      (64u * PAGE)         /* so much more is made usable at a time */
#define RANGE_MAX ((uint64_t)16 << 30) /* of 32 bits in units of 4 bytes */
#define RANGE_MIN ((uint64_t)16 << 20)
#define CLASSES   (POOL_MAX / UNIT + 1)

/* Under AddressSanitizer, what is not allocated may not be touched. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* A page begins with it. Numbers of pages; places in the page, in units; 0: none. */
struct page {
    uint32_t next, before; /* in a list: of those of its size with objects that were freed, or of
                              empty ones */
    uint16_t units;        /* of an object */
    uint16_t used;         /* objects, with those that were never allocated */
    uint16_t freed;        /* first object that was freed; it begins with the place of the next */
    uint16_t pad;
};

/* Objects of one size. */
struct class {
    char *fresh, *end; /* never allocated */
    uint32_t freed;    /* pages with objects that were freed */
};

char *pool_base;

static struct {
    uint64_t range, usable; /* bytes from the base on */
    uint32_t pages;         /* that were taken; page 0 is not used */
    uint32_t empty;
    struct class class[CLASSES];
    uint64_t count;
} pool;

int pool_init(void)
{
    for (uint64_t range = RANGE_MAX; pool_base == NULL && range >= RANGE_MIN; range /= 2) {
        void *at = mmap(NULL, range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at != MAP_FAILED) {
            pool_base = at;
            pool.range = range;
            pool.pages = 1;
        }
    }
    return pool_base != NULL ? 0 : -ENOMEM;
}

static struct page *page_at(uint32_t number)
{
    return (struct page *)(void *)(pool_base + (uint64_t)number * PAGE);
}

static uint32_t number_of(const void *p)
{
    return (uint32_t)((uint64_t)((const char *)p - pool_base) / PAGE);
}

static uint16_t *link_at(struct page *page, uint16_t unit)
{
    return (uint16_t *)(void *)((char *)page + unit * UNIT);
}

static void link_page(uint32_t *head, struct page *page)
{
    uint32_t number = number_of(page);

    page->next = *head;
    page->before = 0;
    if (*head != 0) {
        page_at(*head)->before = number;
    }
    *head = number;
}

static void unlink_page(uint32_t *head, struct page *page)
{
    if (page->before != 0) {
        page_at(page->before)->next = page->next;
    } else {
        *head = page->next;
    }
    if (page->next != 0) {
        page_at(page->next)->before = page->before;
    }
}

static struct page *take_page(void)
{
    uint64_t end = ((uint64_t)pool.pages + 1) * PAGE;
    struct page *page;

    if (pool.empty != 0) {
        page = page_at(pool.empty);
        unlink_page(&pool.empty, page);
        return page;
    }
    if (end > pool.usable) {
        if (end > pool.range ||
            mprotect(pool_base + pool.usable, STEP, PROT_READ | PROT_WRITE) != 0) {
            return NULL;
        }
        POISON(pool_base + pool.usable, STEP);
        pool.usable += STEP;
    }
    page = page_at(pool.pages++);
    UNPOISON(page, sizeof(*page));
    return page;
}

static __attribute__((noinline)) bool refill(struct class *class, uint16_t units)
{
    struct page *page = take_page();

    if (page == NULL) {
        return false;
    }
    *page =
        (struct page){.units = units, .used = (uint16_t)((PAGE - sizeof(*page)) / (units * UNIT))};
    class->fresh = (char *)(page + 1);
    class->end = class->fresh + (size_t)page->used * units * UNIT;
    return true;
}

/* One that was freed. */
static __attribute__((noinline)) void *reuse(struct class *class)
{
    struct page *page = page_at(class->freed);
    uint16_t *object = link_at(page, page->freed);

    UNPOISON(object, page->units * UNIT);
    page->freed = *object;
    page->used++;
    if (page->freed == 0) {
        unlink_page(&class->freed, page);
    }
    return object;
}

void *pool_alloc(size_t size)
{
    size_t units = (size + UNIT - 1) / UNIT;
    struct class *class = &pool.class[units];
    char *object;

    if (mem_fails()) {
        return NULL;
    }
    if (class->freed != 0) {
        object = reuse(class);
    } else {
        if (class->fresh == class->end && !refill(class, (uint16_t)units)) {
            return NULL;
        }
        object = class->fresh;
        class->fresh += units * UNIT;
        UNPOISON(object, units * UNIT);
    }
    pool.count++;
    return object;
}

void pool_free(void *p)
{
    struct page *page = page_at(number_of(p));
    struct class *class = &pool.class[page->units];

    pool.count--;
    page->used--;
    if (page->freed == 0) {
        link_page(&class->freed, page);
    }
    *(uint16_t *)p = page->freed;
    POISON(p, page->units * UNIT);
    page->freed = (uint16_t)((uint64_t)((char *)p - (char *)page) / UNIT);
    if (page->used == 0) {
        unlink_page(&class->freed, page);
        link_page(&pool.empty, page);
    }
}

uint64_t pool_count(void)
{
    return pool.count;
}
