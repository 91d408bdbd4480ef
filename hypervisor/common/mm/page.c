/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page classes and references. The first eight bytes of a GUEST or SHARED frame's entry (count,
 * owner, class, flags) are one word that changes only atomically, so that a reference is taken in
 * the same step that checks whose frame it is.
 *
 * refs 0 -> nobody can take a reference any more; the one who made it 0 frees the frame.
 */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/page.h>

#include "private.h"

#define FIELD(v, shift) ((uint64_t)(v) << (shift))

/* GUEST and SHARED differ in the lowest bit of the class. */
#define CLASS_COUNTED FIELD(PAGE_GUEST, WORD_CLASS_SHIFT)
#define CLASS_MASK    FIELD(0xe, WORD_CLASS_SHIFT)
#define OWNER_MASK    FIELD(0xffff, WORD_OWNER_SHIFT)

static_assert((PAGE_GUEST & 1) == 0 && PAGE_SHARED == PAGE_GUEST + 1, "CLASS_MASK covers both");

/* What follows the entry of a frame in a block: its neighbours in the list, both one further. */
#define LINKS_STEP 0x100000001ULL

static uint64_t counted_word(enum page_class class, domid_t owner)
{
    return FIELD(class, WORD_CLASS_SHIFT) | WORD_ALLOCATED | FIELD(owner, WORD_OWNER_SHIFT) | 1U;
}

int page_alloc(unsigned int order, enum page_class class, unsigned int flags, mfn_t *out)
{
    struct page head = {.flags = PAGEF_HEAD};
    int err;

    ASSERT(class == PAGE_HEAP || class == PAGE_TABLE || (class == PAGE_SHARED && order == 0));
    err = buddy_alloc(order, class, flags, out);
    if (err != 0) {
        return err;
    }
    head.class = class & 0xfU;
    head.order = order & 0x1fU;
    WRITE_ONCE(mfn_to_page(*out)->word,
               class == PAGE_SHARED ? counted_word(class, DOMID_INVALID) : head.word);
    return 0;
}

void page_free(mfn_t m, unsigned int order)
{
    struct page *pg = mfn_to_page(m);
    enum page_class class = pg->class;

    if (class == PAGE_SHARED) {
        (void)atomic_fetch_and(&pg->word, ~WORD_ALLOCATED);
        page_put(m);
        return;
    }
    /* The caller allocated this block with page_alloc() and frees it once. */
    BUG_ON((class != PAGE_HEAP && class != PAGE_TABLE) || (pg->flags & PAGEF_HEAD) == 0 ||
           pg->order != order);
    buddy_free(m, order, class, CONTENT_DIRTY);
}

void page_set_owner(mfn_t m, const struct domain *d)
{
    struct page *pg = mfn_to_page(m);
    uint64_t old = READ_ONCE(pg->word);

    ASSERT(pg->class == PAGE_SHARED);
    while (!atomic_cas(&pg->word, &old, (old & ~OWNER_MASK) | FIELD(d->id, WORD_OWNER_SHIFT))) {
    }
}

/* Entries of a block of d, linked to each other; the ends are linked when it joins the list. */
static void init_block(uint32_t index, uint64_t count, domid_t owner)
{
    uint64_t word = counted_word(PAGE_GUEST, owner);
    uint64_t links = FIELD(index - 1, 32) | (index + 1);
    struct page *pg = frame_table + index;
    struct page *end = pg + count;

    for (; end - pg >= 4; pg += 4) {
        for (unsigned int i = 0; i < 4; i++) {
            pg[i] = (struct page){.word = word, .links = links};
            links += LINKS_STEP;
        }
    }
    for (; pg != end; pg++) {
        *pg = (struct page){.word = word, .links = links};
        links += LINKS_STEP;
    }
}

static void clear_block(uint32_t index, uint64_t count)
{
    uint64_t i;

    for (i = 0; i < count; i++) {
        frame_table[index + i] = (struct page){.word = 0};
    }
}

static void join_list(struct page_list *l, uint32_t index, uint64_t count)
{
    uint32_t last = (uint32_t)(index + count - 1);

    frame_table[index].prev = l->tail;
    frame_table[last].next = 0;
    if (l->tail != 0) {
        frame_table[l->tail].next = index;
    } else {
        l->head = index;
    }
    l->tail = last;
    l->count += count;
}

static int charge(struct domain *d, uint64_t count)
{
    int err = 0;

    spin_lock(&d->pages_lock);
    if (READ_ONCE(d->life) != DOMAIN_ALIVE) {
        err = -EINVAL;
    } else if (!range_fits(d->tot_pages, count, d->max_pages)) {
        err = -ENOMEM;
    } else {
        d->tot_pages += count;
    }
    spin_unlock(&d->pages_lock);
    return err;
}

int page_alloc_guest(struct domain *d, unsigned int order, unsigned int flags, mfn_t *out)
{
    uint64_t count = 1ULL << MIN(order, MAX_ORDER);
    uint32_t index;
    bool alive;
    int err = charge(d, count);

    if (err != 0) {
        return err;
    }
    err = buddy_alloc(order, PAGE_GUEST, flags, out);
    if (err == 0) {
        index = (uint32_t)(out->n - frame_space.base);
        init_block(index, count, d->id);
        /* domain_kill() sets `life` before it empties the list under this lock. */
        spin_lock(&d->pages_lock);
        alive = READ_ONCE(d->life) == DOMAIN_ALIVE;
        if (alive) {
            join_list(&d->pages, index, count);
        }
        spin_unlock(&d->pages_lock);
        if (alive) {
            return 0;
        }
        clear_block(index, count);
        buddy_free(*out, order, PAGE_GUEST, CONTENT_DIRTY);
        err = -EINVAL;
    }
    spin_lock(&d->pages_lock);
    d->tot_pages -= count;
    spin_unlock(&d->pages_lock);
    return err;
}

/*
 * One more reference if the masked word is as wanted and the count is neither 0 nor full; *word is
 * then the word as it was.
 */
static always_inline bool take_of_ram(mfn_t m, uint64_t mask, uint64_t wanted, uint64_t *word)
{
    struct page *pg = mfn_to_page(m);
    uint64_t old = READ_ONCE(pg->word);

    do {
        if (unlikely((old & mask) != wanted || (uint32_t)old - 1U >= PAGE_REFS_MAX - 1U)) {
            return false;
        }
    } while (unlikely(!atomic_cas(&pg->word, &old, old + 1)));
    *word = old;
    return true;
}

static noinline bool take_beyond_first(mfn_t m, uint64_t mask, uint64_t wanted, uint64_t *word)
{
    return frame_bank_beyond_first(m.n) != NULL && take_of_ram(m, mask, wanted, word);
}

bool page_get(mfn_t m, const struct domain *d)
{
    const uint64_t mask = CLASS_MASK | OWNER_MASK | WORD_ALLOCATED;
    const uint64_t wanted = CLASS_COUNTED | FIELD(d->id, WORD_OWNER_SHIFT) | WORD_ALLOCATED;
    uint64_t word;

    return likely(in_first_bank(m.n)) ? take_of_ram(m, mask, wanted, &word)
                                      : take_beyond_first(m, mask, wanted, &word);
}

bool page_get_any(mfn_t m, domid_t *owner)
{
    uint64_t word = 0;
    bool got = likely(in_first_bank(m.n)) ? take_of_ram(m, CLASS_MASK, CLASS_COUNTED, &word)
                                          : take_beyond_first(m, CLASS_MASK, CLASS_COUNTED, &word);

    *owner = (domid_t)(word >> WORD_OWNER_SHIFT);
    return got;
}

static always_inline bool ram_is_guests(mfn_t m)
{
    return (READ_ONCE(mfn_to_page(m)->word) & CLASS_MASK) == CLASS_COUNTED;
}

static noinline bool is_guests_beyond_first(mfn_t m)
{
    return frame_bank_beyond_first(m.n) != NULL && ram_is_guests(m);
}

bool page_is_guests(mfn_t m)
{
    return likely(in_first_bank(m.n)) ? ram_is_guests(m) : is_guests_beyond_first(m);
}

bool page_get_again(mfn_t m)
{
    struct page *pg = mfn_to_page(m);
    uint64_t old = atomic_fetch_add(&pg->word, 1);

    if (unlikely((uint32_t)old >= PAGE_REFS_MAX)) {
        (void)atomic_fetch_sub(&pg->word, 1); /* far from the end of its 32 bits meanwhile */
        return false;
    }
    return true;
}

static noinline void free_last(mfn_t m, uint64_t word)
{
    enum page_class class = (word >> WORD_CLASS_SHIFT) & 0xfU;

    /* A guest frame's allocation reference is dropped by page_disown() alone, which clears the
     * flag first: with it set, the frame would still be on its owner's list. */
    BUG_ON(class == PAGE_GUEST && (word & WORD_ALLOCATED) != 0);
    mfn_to_page(m)->links = 0;
    buddy_free(m, 0, class, CONTENT_DIRTY);
}

void page_put(mfn_t m)
{
    uint64_t old = atomic_fetch_sub(&mfn_to_page(m)->word, 1);

    /* Who drops a reference holds it. */
    BUG_ON((uint32_t)old == 0);
    if ((uint32_t)old == 1) {
        free_last(m, old);
    }
}

int page_disown(struct domain *d, mfn_t m)
{
    const uint64_t mask = FIELD(0xf, WORD_CLASS_SHIFT) | OWNER_MASK | WORD_ALLOCATED;
    const uint64_t wanted = CLASS_COUNTED | FIELD(d->id, WORD_OWNER_SHIFT) | WORD_ALLOCATED;
    struct page *pg;
    int err = -ENOENT;

    if (!mfn_is_ram(m)) {
        return -ENOENT;
    }
    pg = mfn_to_page(m);
    spin_lock(&d->pages_lock);
    if ((READ_ONCE(pg->word) & mask) == wanted) {
        (void)atomic_fetch_and(&pg->word, ~WORD_ALLOCATED);
        page_list_del(&d->pages, pg);
        d->tot_pages--;
        err = 0;
    }
    spin_unlock(&d->pages_lock);
    if (err == 0) {
        page_put(m);
    }
    return err;
}
