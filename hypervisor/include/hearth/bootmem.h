/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory before the page allocator: banks of RAM, what is reserved in them, and a first-fit
 * allocator for the frame table and early page tables. Boot CPU only, single-threaded.
 * A preserved range (live update) is reserved here before anything is allocated.
 */
#pragma once

#include <hearth/num.h>

#define BOOTMEM_BANKS    64U
#define BOOTMEM_RESERVED 256U

struct mem_range {
    uint64_t start; /* bytes, [start, end) */
    uint64_t end;
};

/* Adds RAM. Overlapping or out-of-order banks are merged and sorted. -E2BIG, -EINVAL. */
int bootmem_add_bank(uint64_t start, uint64_t size) must_check;
/* Reserves a range (RAM or not), rounded outwards to pages; overlaps are allowed. `what` is a
 * literal. -E2BIG, -EINVAL. */
int bootmem_reserve(uint64_t start, uint64_t size, const char *what) must_check;
/* First reservation that overlaps the range, or NULL; its name through *what. */
const struct mem_range *bootmem_overlap(uint64_t start, uint64_t size, const char **what);
/* Allocates zeroed memory (arch_boot_zero) by physical address, whole pages, lowest first; panics
 * when there is none (start-up only). */
paddr_t bootmem_alloc(uint64_t size, uint64_t align);

unsigned int bootmem_banks(const struct mem_range **banks);
/* All of the range is RAM; some of it is. */
bool bootmem_is_ram(uint64_t start, uint64_t size) must_check;
bool bootmem_has_ram(uint64_t start, uint64_t size) must_check;

/*
 * Calls fn for every free range of RAM in ascending order. The page allocator takes over with it,
 * after which bootmem_alloc() must not be called.
 */
void bootmem_for_each_free(void (*fn)(struct mem_range r, void *arg), void *arg);

/*
 * Order of start-up: banks and reservations -> arch_mm_init(), which maps the direct map and, for
 * each part that frame_table_for_each_part() names, zeroed backing -> page_alloc_init(), which
 * hands free memory to the page allocator. scrub: boot memory is scrubbed before a guest gets it.
 */
void page_alloc_init(bool scrub);
/* Gives a boot-time reservation (init code, consumed modules) to the page allocator. */
void page_alloc_give(uint64_t start, uint64_t end);
