/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's own tables. Those of head.S have all memory in the direct map; these, built over it,
 * have RAM alone, the frame table, and the image with its permissions. The devices' slot is shared.
 * What differs between architectures is in <asm/tables.h>.
 */
#include <hearth/arch/boot.h>
#include <hearth/arch/mm.h>
#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/page.h>
#include <hearth/pt.h>
#include <hearth/string.h>

#include <asm/layout.h>
#include <asm/tables.h>

#define BIG_PAGE     MiB(2)
#define NO_BUDGET    UINT32_MAX
#define DEVICE_PAGES 512U

extern char _image_start[], _text_end[], _rodata_end[], _ro_after_init_end[], _init_start[],
    _init_text_end[], _init_end[], _image_end[];

static struct pt tables;
static unsigned int device_pages;
static bool late; /* the page allocator is there */

static int table_alloc(void *arg maybe_unused, unsigned int order, paddr_t *table)
{
    mfn_t m;

    if (!late) {
        *table = bootmem_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
        return 0;
    }
    int error = page_alloc(order, PAGE_HEAP, ALLOC_ZERO, &m);

    *table = mfn_to_paddr(m);
    return error;
}

/* A table that came from bootmem has no owner to go back to: it is kept. */
static void table_free(void *arg maybe_unused, paddr_t table maybe_unused,
                       unsigned int order maybe_unused)
{
}

static void *table_virt(void *arg maybe_unused, paddr_t table)
{
    return (void *)(DIRECT_MAP_BASE + table.a);
}

static void table_flush(void *arg maybe_unused, uint64_t frame maybe_unused,
                        uint64_t count maybe_unused, bool all maybe_unused)
{
    tables_flush();
}

static const struct pt_env env = {
    .alloc = table_alloc,
    .free = table_free,
    .virt = table_virt,
    .flush = table_flush,
};

static void map(uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
    struct pt_job job = {
        .frame = pt_frame_of(&tables, va),
        .target = pa >> PAGE_SHIFT,
        .count = size >> PAGE_SHIFT,
        .attr = attr,
        .max_level = 2,
        .budget = NO_BUDGET,
    };

    if (size != 0 && (pt_map(&tables, &job) != 0 || job.count != 0)) {
        panic("0x%lx bytes cannot be mapped at 0x%lx", size, va);
    }
}

static void map_image(const char *start, const char *end, uint32_t attr)
{
    map((uint64_t)start, image_to_paddr(start).a, (uint64_t)(end - start), attr);
}

static void map_frame_table(uint64_t va, uint64_t size, void *arg maybe_unused)
{
    map(va, bootmem_alloc(size, size >= BIG_PAGE ? BIG_PAGE : PAGE_SIZE).a, size, PT_R | PT_W);
}

void arch_boot_zero(paddr_t start, uint64_t size)
{
    memset((void *)(DIRECT_MAP_BASE + start.a), 0, size);
}

void arch_mm_init(void)
{
    const struct mem_range *banks;
    unsigned int n = bootmem_banks(&banks);

    if (pt_init(&tables, TABLES_FORMAT, &env, NULL, ADDRESS_BITS) != 0) {
        panic("Hearth's page tables cannot be made");
    }
    tables.max_level = tables_max_level();
    for (unsigned int i = 0; i < n; i++) {
        map(DIRECT_MAP_BASE + banks[i].start, banks[i].start, banks[i].end - banks[i].start,
            PT_R | PT_W);
    }
    map_image(_image_start, _text_end, PT_R | PT_X);
    map_image(_text_end, _rodata_end, PT_R);
    map_image(_rodata_end, _init_start, PT_R | PT_W);
    map_image(_init_start, _init_text_end, PT_R | PT_X);
    map_image(_init_text_end, _image_end, PT_R | PT_W);
    frame_table_for_each_part(map_frame_table, NULL);
    tables.root[DEVICE_SLOT] = boot_root[DEVICE_SLOT];
    tables_load(pt_root_paddr(&tables));
    late = true;
}

/* Gives init code and data back and makes what is constant from now on read-only. */
void tables_protect(void)
{
    struct pt_job ro = {
        .frame = pt_frame_of(&tables, (uint64_t)_rodata_end),
        .count = (uint64_t)(_ro_after_init_end - _rodata_end) >> PAGE_SHIFT,
        .attr = PT_R,
        .budget = NO_BUDGET,
    };
    struct pt_job init = {
        .frame = pt_frame_of(&tables, (uint64_t)_init_start),
        .count = (uint64_t)(_init_end - _init_start) >> PAGE_SHIFT,
        .budget = NO_BUDGET,
    };

    if (pt_protect(&tables, &ro) != 0 || pt_unmap(&tables, &init) != 0) {
        panic("the image cannot be protected");
    }
    pt_flush(&tables);
    page_alloc_give(image_to_paddr(_init_start).a, image_to_paddr(_init_end).a);
}

void *arch_map_device(paddr_t start, size_t size)
{
    uint64_t first = ALIGN_DOWN(start.a, BIG_PAGE);
    uint64_t pages = DIV_ROUND_UP(start.a - first + size, BIG_PAGE);
    uint64_t va = DEVICE_VIRT_BASE + device_pages * BIG_PAGE + (start.a - first);

    if (pages > DEVICE_PAGES - device_pages) {
        return NULL;
    }
    for (uint64_t i = 0; i < pages; i++) {
        device_table[device_pages++] = tables_device_entry(first + i * BIG_PAGE);
    }
    tables_flush();
    return (void *)va;
}
