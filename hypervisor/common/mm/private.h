/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of mm/: the buddy allocator beneath page classes and references. */
#pragma once

#include <hearth/bootmem.h>
#include <hearth/page.h>

/* Positions of the fields of struct page in its `word` (little-endian bit-fields). */
#define WORD_OWNER_SHIFT 32
#define WORD_CLASS_SHIFT 56
#define WORD_FLAGS_SHIFT 60
#define WORD_ALLOCATED   ((uint64_t)PAGEF_ALLOCATED << WORD_FLAGS_SHIFT)

/* RAM in frames, sorted; fixed after start-up. There is at least one bank when pages exist. */
extern struct mem_range ram[BOOTMEM_BANKS];
extern unsigned int nr_ram;

const struct mem_range *frame_bank_beyond_first(uint64_t frame);

static inline bool in_first_bank(uint64_t frame)
{
    return frame - frame_space.base - 1 < frame_space.first_bank;
}

/* The bank that holds the frame, or NULL. */
static inline const struct mem_range *frame_bank(uint64_t frame)
{
    return likely(in_first_bank(frame)) ? &ram[0] : frame_bank_beyond_first(frame);
}

/* Takes 2^order frames for `class`, scrubbed as class and flags ask. Their entries are zero. */
int buddy_alloc(unsigned int order, enum page_class class, unsigned int flags,
                mfn_t *out) must_check;
/* Gives 2^order frames back; `class` is what they were. All entries but the first are zero. */
void buddy_free(mfn_t m, unsigned int order, enum page_class class, enum page_content content);
/* Start-up: free memory comes in as `content` until it is used. Frames are RAM in one bank. */
void buddy_init(uint64_t total, enum page_content content);
void buddy_give(uint64_t first, uint64_t end);
