/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory before the page allocator: two short sorted tables, banks (disjoint, not adjacent) and
 * reservations (sorted by start; they may overlap each other). What bootmem_alloc() gives is a
 * reservation too, merged with a neighbouring earlier one. Boot CPU only.
 */
#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/string.h>

#include <hearth/arch/boot.h>

struct reservation {
    struct mem_range range;
    const char *what;
};

static struct mem_range banks[BOOTMEM_BANKS];
static unsigned int nr_banks;
static struct reservation reserved[BOOTMEM_RESERVED];
static unsigned int nr_reserved;

static const char allocated[] = "boot allocation";

/* Removes banks [first, last) and puts r there. */
static void replace_banks(unsigned int first, unsigned int last, struct mem_range r)
{
    memmove(&banks[first + 1], &banks[last], (nr_banks - last) * sizeof(banks[0]));
    banks[first] = r;
    nr_banks = nr_banks + 1 - (last - first);
}

int bootmem_add_bank(uint64_t start, uint64_t size)
{
    struct mem_range r = {ALIGN_UP(start, PAGE_SIZE), 0};
    unsigned int first, last;

    if (!checked_add(start, size, &r.end)) {
        return -EINVAL;
    }
    r.end = ALIGN_DOWN(r.end, PAGE_SIZE);
    if (r.start < start || r.start >= r.end) {
        return -EINVAL;
    }
    for (first = 0; first < nr_banks && banks[first].end < r.start; first++) {
    }
    for (last = first; last < nr_banks && banks[last].start <= r.end; last++) {
        r.start = MIN(r.start, banks[last].start);
        r.end = MAX(r.end, banks[last].end);
    }
    if (first == last && nr_banks == BOOTMEM_BANKS) {
        return -E2BIG;
    }
    replace_banks(first, last, r);
    return 0;
}

static int insert_reservation(struct mem_range r, const char *what)
{
    unsigned int i;

    for (i = 0; i < nr_reserved && reserved[i].range.start <= r.start; i++) {
        if (what == allocated && reserved[i].what == allocated &&
            reserved[i].range.end == r.start) {
            reserved[i].range.end = r.end;
            return 0;
        }
    }
    if (nr_reserved == BOOTMEM_RESERVED) {
        return -E2BIG;
    }
    memmove(&reserved[i + 1], &reserved[i], (nr_reserved - i) * sizeof(reserved[0]));
    reserved[i] = (struct reservation){r, what};
    nr_reserved++;
    return 0;
}

int bootmem_reserve(uint64_t start, uint64_t size, const char *what)
{
    struct mem_range r = {ALIGN_DOWN(start, PAGE_SIZE), 0};

    if (!checked_add(start, size, &r.end) || r.end > UINT64_MAX - PAGE_SIZE) {
        return -EINVAL;
    }
    r.end = ALIGN_UP(r.end, PAGE_SIZE);
    return size == 0 ? 0 : insert_reservation(r, what);
}

static bool overlaps(const struct mem_range *r, uint64_t start, uint64_t size)
{
    return start < r->end && (r->start < start || r->start - start < size);
}

const struct mem_range *bootmem_overlap(uint64_t start, uint64_t size, const char **what)
{
    unsigned int i;

    for (i = 0; i < nr_reserved; i++) {
        const struct mem_range *r = &reserved[i].range;

        if (overlaps(r, start, size)) {
            if (what != NULL) {
                *what = reserved[i].what;
            }
            return r;
        }
    }
    return NULL;
}

unsigned int bootmem_banks(const struct mem_range **out)
{
    *out = banks;
    return nr_banks;
}

bool bootmem_is_ram(uint64_t start, uint64_t size)
{
    unsigned int i;

    for (i = 0; i < nr_banks; i++) {
        if (start >= banks[i].start && range_fits(start, size, banks[i].end)) {
            return true;
        }
    }
    return false;
}

bool bootmem_has_ram(uint64_t start, uint64_t size)
{
    unsigned int i;

    for (i = 0; i < nr_banks; i++) {
        if (overlaps(&banks[i], start, size)) {
            return true;
        }
    }
    return false;
}

/*
 * The next free range of `bank` at or after *from, which moves past it. Reservations are sorted by
 * start, so the first one that ends behind the position is the one that limits or moves it.
 */
static bool next_free(const struct mem_range *bank, uint64_t *from, struct mem_range *out)
{
    uint64_t start = MAX(*from, bank->start);
    uint64_t end = bank->end;
    unsigned int i;

    for (i = 0; i < nr_reserved; i++) {
        const struct mem_range *r = &reserved[i].range;

        if (r->end <= start) {
            continue;
        }
        if (r->start > start) {
            end = MIN(end, r->start);
            break;
        }
        start = r->end;
    }
    *out = (struct mem_range){start, end};
    *from = end;
    return start < end;
}

paddr_t bootmem_alloc(uint64_t size, uint64_t align)
{
    unsigned int i;

    size = ALIGN_UP(size, PAGE_SIZE);
    align = MAX(align, PAGE_SIZE);
    for (i = 0; i < nr_banks; i++) {
        uint64_t from = 0;
        struct mem_range r;

        while (next_free(&banks[i], &from, &r)) {
            uint64_t start = ALIGN_UP(r.start, align);

            if (start < r.start || start >= r.end || r.end - start < size) {
                continue;
            }
            if (insert_reservation((struct mem_range){start, start + size}, allocated) != 0) {
                panic("too many memory reservations at start-up");
            }
            arch_boot_zero(paddr(start), size);
            return paddr(start);
        }
    }
    panic("no %lu KiB of memory at start-up", (unsigned long)(size >> 10));
}

void bootmem_for_each_free(void (*fn)(struct mem_range r, void *arg), void *arg)
{
    unsigned int i;

    for (i = 0; i < nr_banks; i++) {
        uint64_t from = 0;
        struct mem_range r;

        while (next_free(&banks[i], &from, &r)) {
            fn(r, arg);
        }
    }
}
