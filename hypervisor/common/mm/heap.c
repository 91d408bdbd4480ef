/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's heap. Objects up to half a page come from one-page slabs, one list of slabs
 * with room per size class; larger ones are blocks of pages.
 *
 * A slab's state is in its frame-table entry: size class + 1 in `owner`, objects in use, and the
 * head of a chain of free objects (positions in units of 32 bytes, plus one), whose links are the
 * first two bytes of the free objects. All under one lock (RANK_HEAP); slabs without room are on no
 * list; one empty slab per class is kept.
 */
#include <hearth/bug.h>
#include <hearth/heap.h>
#include <hearth/lock.h>
#include <hearth/num.h>
#include <hearth/page.h>
#include <hearth/string.h>

#define UNIT       32U
#define LINK_END   0U
#define POISON     0x5a
#define NR_CLASSES ARRAY_SIZE(class_size)

static const uint16_t class_size[] = {32, 64, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048};

static struct slab_class {
    struct page_list partial; /* slabs with a free object */
    uint32_t empty;           /* how many of them hold none */
} classes[NR_CLASSES];

static struct spinlock lock = SPINLOCK_INIT(RANK_HEAP);
static size_t in_use;
static size_t slab_pages;

static uint16_t *object_at(const struct page *pg, uint32_t link)
{
    uint8_t *base = mfn_to_virt(page_to_mfn(pg));

    return (uint16_t *)(void *)(base + (size_t)(link - 1) * UNIT);
}

static uint16_t capacity(unsigned int class)
{
    return (uint16_t)(PAGE_SIZE / class_size[class]);
}

/* A new slab, its objects chained in order of address. */
static struct page *new_slab(unsigned int class)
{
    uint32_t step = class_size[class] / UNIT;
    struct page *pg;
    mfn_t m;
    uint32_t i;

    if (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &m) != 0) {
        return NULL;
    }
    pg = mfn_to_page(m);
    pg->owner = (domid_t)(class + 1);
    pg->slab_used = 0;
    pg->slab_free = 1;
    for (i = 0; i < capacity(class); i++) {
        uint16_t *object = object_at(pg, i * step + 1);

        if (IS_ENABLED(CONFIG_DEBUG)) {
            memset(object, POISON, class_size[class]);
        }
        *object = (uint16_t)(i + 1 == capacity(class) ? LINK_END : (i + 1) * step + 1);
    }
    return pg;
}

/* Debug: nobody wrote to a free object. */
static void check_poison(const void *object, size_t size)
{
    const uint8_t *p = object;
    size_t i;

    for (i = sizeof(uint16_t); i < size; i++) {
        if (p[i] != POISON) {
            panic("heap: object %p of %zu bytes was written after it was freed", object, size);
        }
    }
}

static void *slab_alloc(unsigned int class)
{
    struct slab_class *c = &classes[class];
    struct page *pg;
    uint16_t *object = NULL;

    spin_lock(&lock);
    pg = page_list_first(&c->partial);
    if (pg == NULL) {
        pg = new_slab(class);
        if (pg == NULL) {
            goto out;
        }
        page_list_add(&c->partial, pg);
        c->empty++;
        slab_pages++;
    }
    object = object_at(pg, pg->slab_free);
    pg->slab_free = *object;
    if (pg->slab_used++ == 0) {
        c->empty--;
    }
    if (pg->slab_free == LINK_END) {
        page_list_del(&c->partial, pg);
    }
    in_use += class_size[class];
out:
    spin_unlock(&lock);
    return object;
}

static void slab_free(struct page *pg, void *p)
{
    unsigned int class = pg->owner - 1U;
    struct slab_class *c = &classes[class];
    uint16_t *object = p;
    size_t offset = (uintptr_t)p & (PAGE_SIZE - 1);
    bool drop = false;

    /* Only what heap_alloc() returned comes here. */
    BUG_ON(class >= NR_CLASSES || offset % class_size[class] != 0);
    spin_lock(&lock);
    BUG_ON(pg->slab_used == 0);
    if (IS_ENABLED(CONFIG_DEBUG)) {
        memset(object, POISON, class_size[class]);
    }
    if (pg->slab_free == LINK_END) {
        page_list_add(&c->partial, pg);
    }
    *object = pg->slab_free;
    pg->slab_free = (uint16_t)(offset / UNIT + 1);
    in_use -= class_size[class];
    if (--pg->slab_used == 0) {
        drop = c->empty > 0;
        if (drop) {
            page_list_del(&c->partial, pg);
            slab_pages--;
        } else {
            c->empty++;
        }
    }
    spin_unlock(&lock);
    if (drop) {
        page_free(page_to_mfn(pg), 0);
    }
}

static unsigned int class_for(size_t size)
{
    unsigned int class = 0;

    while (class_size[class] < size) {
        class ++;
    }
    return class;
}

static unsigned int order_for(size_t size)
{
    size_t pages = (size - 1) >> PAGE_SHIFT;

    return pages == 0 ? 0 : 64U - (unsigned int)__builtin_clzl(pages);
}

static void *pages_alloc(size_t size)
{
    unsigned int order = order_for(size);
    mfn_t m;

    if (page_alloc(order, PAGE_HEAP, ALLOC_ZERO | ALLOC_RESERVE, &m) != 0) {
        return NULL;
    }
    spin_lock(&lock);
    in_use += PAGE_SIZE << order;
    spin_unlock(&lock);
    return mfn_to_virt(m);
}

void *heap_alloc(size_t size)
{
    unsigned int class;
    void *p;

    if (size > class_size[NR_CLASSES - 1]) {
        return pages_alloc(size);
    }
    class = class_for(size);
    p = slab_alloc(class);
    if (p != NULL) {
        if (IS_ENABLED(CONFIG_DEBUG)) {
            check_poison(p, class_size[class]);
        }
        memset(p, 0, class_size[class]);
    }
    return p;
}

void *heap_alloc_array(size_t count, size_t size)
{
    uint64_t bytes;

    return checked_mul(count, size, &bytes) ? heap_alloc(bytes) : NULL;
}

void heap_free(void *p)
{
    struct page *pg;
    unsigned int order;

    if (p == NULL) {
        return;
    }
    pg = mfn_to_page(virt_to_mfn(p));
    BUG_ON(pg->class != PAGE_HEAP);
    if (pg->owner != 0) {
        slab_free(pg, p);
        return;
    }
    order = pg->order;
    spin_lock(&lock);
    in_use -= PAGE_SIZE << order;
    spin_unlock(&lock);
    page_free(virt_to_mfn(p), order);
}

size_t heap_in_use(void)
{
    return READ_ONCE(in_use);
}

size_t heap_slab_pages(void)
{
    return READ_ONCE(slab_pages);
}
