/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the frame table is backed, which frames are RAM, and page lists. Fixed after start-up but
 * for the lists, whose locks are their users'.
 */
#include <hearth/bug.h>
#include <hearth/page.h>

#include "private.h"

static void learn_banks(void)
{
    const struct mem_range *banks;
    unsigned int i;

    nr_ram = bootmem_banks(&banks);
    if (nr_ram == 0) {
        panic("no memory was found");
    }
    for (i = 0; i < nr_ram; i++) {
        ram[i].start = banks[i].start >> PAGE_SHIFT;
        ram[i].end = banks[i].end >> PAGE_SHIFT;
    }
    /* Entry 0 stands for "none" in lists. Where RAM starts at address 0, its frame is not used. */
    ram[0].start = MAX(ram[0].start, 1ULL);
    frame_space.base = ram[0].start - 1;
    frame_space.first_bank = ram[0].end - ram[0].start;
    if (ram[nr_ram - 1].end - frame_space.base > UINT32_MAX) {
        panic("memory spans more than 16 TiB");
    }
}

static uint64_t entry_va(uint64_t frame)
{
    return FRAME_TABLE_BASE + (frame - frame_space.base) * sizeof(struct page);
}

void frame_table_for_each_part(void (*fn)(uint64_t va, uint64_t size, void *arg), void *arg)
{
    uint64_t done = 0;
    unsigned int i;

    learn_banks();
    for (i = 0; i < nr_ram; i++) {
        uint64_t start = MAX(ALIGN_DOWN(entry_va(ram[i].start), PAGE_SIZE), done);
        uint64_t end = ALIGN_UP(entry_va(ram[i].end), PAGE_SIZE);

        if (start < end) {
            fn(start, end - start, arg);
            done = end;
        }
    }
}

const struct mem_range *frame_bank_beyond_first(uint64_t frame)
{
    unsigned int i;

    for (i = 1; i < nr_ram; i++) {
        if (frame - ram[i].start < ram[i].end - ram[i].start) {
            return &ram[i];
        }
    }
    return NULL;
}

bool mfn_is_ram(mfn_t m)
{
    return frame_bank(m.n) != NULL;
}

static void give_range(struct mem_range r, void *arg)
{
    (void)arg;
    page_alloc_give(r.start, r.end);
}

void page_alloc_init(bool scrub)
{
    uint64_t total = 0;
    unsigned int i;

    for (i = 0; i < nr_ram; i++) {
        total += ram[i].end - ram[i].start;
    }
    buddy_init(total, scrub ? CONTENT_DIRTY : CONTENT_BOOT);
    bootmem_for_each_free(give_range, NULL);
}

void page_alloc_give(uint64_t start, uint64_t end)
{
    uint64_t first = DIV_ROUND_UP(start, PAGE_SIZE);
    uint64_t last = end >> PAGE_SHIFT;
    unsigned int i;

    for (i = 0; i < nr_ram; i++) {
        uint64_t from = MAX(first, ram[i].start);
        uint64_t to = MIN(last, ram[i].end);

        if (from < to) {
            buddy_give(from, to);
        }
    }
}

void page_list_add(struct page_list *l, struct page *pg)
{
    uint32_t index = (uint32_t)(pg - frame_table);

    pg->next = l->head;
    pg->prev = 0;
    if (l->head != 0) {
        frame_table[l->head].prev = index;
    } else {
        l->tail = index;
    }
    l->head = index;
    l->count++;
}

void page_list_del(struct page_list *l, struct page *pg)
{
    if (pg->prev != 0) {
        frame_table[pg->prev].next = pg->next;
    } else {
        l->head = pg->next;
    }
    if (pg->next != 0) {
        frame_table[pg->next].prev = pg->prev;
    } else {
        l->tail = pg->prev;
    }
    pg->links = 0;
    l->count--;
}

mfn_t page_last_mfn(void)
{
    return mfn(ram[nr_ram - 1].end - 1);
}
