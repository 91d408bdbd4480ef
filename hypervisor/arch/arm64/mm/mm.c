/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's own address space (layout in <asm/layout.h>). The first tables come from a pool in the
 * image, because RAM is not mapped yet; once the direct map is in force, from bootmem and then
 * from the page allocator. Entries are never replaced while other CPUs run, only added.
 */
#include <hearth/arch/boot.h>
#include <hearth/arch/mm.h>
#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/lock.h>
#include <hearth/page.h>
#include <hearth/pt.h>
#include <hearth/string.h>

#include <asm/arm64.h>
#include <asm/layout.h>
#include <asm/sysreg.h>

#define EARLY_TABLES 40U

extern const char _image_start[], _text_end[], _rodata_end[], _ro_after_init_end[];
extern const char _init_start[], _init_text_end[], _init_end[], _image_end[];

static uint8_t early_tables[EARLY_TABLES][PAGE_SIZE] aligned(PAGE_SIZE);
static unsigned int early_used;
static enum {
    FROM_POOL,
    FROM_BOOTMEM,
    FROM_ALLOCATOR
} table_source;
static struct pt hearth_pt;
static struct spinlock map_lock = SPINLOCK_INIT(RANK_MAP);
static uint64_t device_next = DEVICE_VIRT_BASE;
static uint64_t fdt_mapped_paddr;

uint64_t main_ttbr;

static int table_alloc(void *arg, unsigned int order, paddr_t *table)
{
    mfn_t m;

    (void)arg;
    if (table_source == FROM_ALLOCATOR) {
        int rc = page_alloc(order, PAGE_HEAP, ALLOC_ZERO, &m);

        *table = mfn_to_paddr(m);
        return rc;
    }
    if (table_source == FROM_BOOTMEM) {
        *table = bootmem_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
        return 0;
    }
    if (order != 0 || early_used == EARLY_TABLES) {
        return -ENOMEM;
    }
    *table = image_to_paddr(early_tables[early_used++]);
    return 0;
}

/* Tables of Hearth's own space are never freed: mappings are only added. */
static void table_free(void *arg, paddr_t table, unsigned int order)
{
    (void)arg;
    (void)table;
    (void)order;
}

static void *table_virt(void *arg, paddr_t table)
{
    (void)arg;
    if (table_source == FROM_POOL) {
        return (void *)(table.a + (uint64_t)_image_start - image_to_paddr(_image_start).a);
    }
    return (void *)(DIRECT_MAP_BASE + table.a);
}

static void table_sync(void *arg, const uint64_t *first, unsigned int count)
{
    (void)arg;
    (void)first;
    (void)count;
    dsb_ishst();
    isb();
}

static void table_flush(void *arg, uint64_t frame, uint64_t count, bool tables)
{
    (void)arg;
    (void)frame;
    (void)count;
    (void)tables;
    __asm__ volatile("dsb ishst\n\ttlbi alle2is\n\tdsb ish\n\tisb" ::: "memory");
}

static const struct pt_env hearth_env = {
    .alloc = table_alloc,
    .free = table_free,
    .virt = table_virt,
    .sync = table_sync,
    .flush = table_flush,
};

static int map(uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
    struct pt_job job = {
        .frame = pt_frame_of(&hearth_pt, va),
        .target = pa >> PAGE_SHIFT,
        .count = size >> PAGE_SHIFT,
        .attr = attr,
        .max_level = 2,
        .budget = UINT32_MAX,
    };

    return pt_map(&hearth_pt, &job);
}

static void map_or_panic(uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
    if (map(va, pa, size, attr) != 0) {
        panic("no page tables left to map %#lx bytes at %#lx", size, pa);
    }
}

static void map_image(const char *start, const char *end, uint32_t attr)
{
    map_or_panic((uint64_t)start, image_to_paddr(start).a, (uint64_t)(end - start), attr);
}

static void map_frame_table_part(uint64_t va, uint64_t size, void *arg)
{
    (void)arg;
    map_or_panic(va, bootmem_alloc(size, size >= MiB(2) ? MiB(2) : PAGE_SIZE).a, size, PT_R | PT_W);
}

void mm_use_main_tables(void)
{
    write_sysreg(ttbr0_el2, main_ttbr);
    isb();
    __asm__ volatile("tlbi alle2\n\tdsb nsh\n\tisb" ::: "memory");
}

void arch_mm_init(void)
{
    const struct mem_range *banks;
    unsigned int n = bootmem_banks(&banks);

    if (pt_init(&hearth_pt, &pt_arm64_s1, &hearth_env, NULL, 48) != 0) {
        panic("no page tables left for the root");
    }
    map_image(_image_start, _text_end, PT_R | PT_X);
    map_image(_text_end, _rodata_end, PT_R);
    map_image(_rodata_end, _init_start, PT_R | PT_W); /* read-only at arch_boot_finish() */
    map_image(_init_start, _init_text_end, PT_R | PT_X);
    map_image(_init_text_end, _image_end, PT_R | PT_W);
    fdt_mapped_paddr = ALIGN_DOWN(boot_info.fdt_paddr, MiB(2));
    map_or_panic(FDT_VIRT_BASE, fdt_mapped_paddr, 2 * FDT_MAX_SIZE, PT_R);
    for (unsigned int i = 0; i < n; i++) {
        map_or_panic(DIRECT_MAP_BASE + banks[i].start, banks[i].start,
                     banks[i].end - banks[i].start, PT_R | PT_W);
    }
    map_or_panic(EARLY_UART_VIRT + (CONFIG_EARLY_UART_BASE & 0x1ff000),
                 CONFIG_EARLY_UART_BASE & PAGE_MASK, PAGE_SIZE, PT_R | PT_W | PT_DEVICE);
    main_ttbr = pt_root_paddr(&hearth_pt).a;
    mm_use_main_tables();
    table_source = FROM_BOOTMEM;
    pt_rebase(&hearth_pt, DIRECT_MAP_BASE);
    frame_table_for_each_part(map_frame_table_part, NULL);
}

void arch_boot_zero(paddr_t start, uint64_t size)
{
    arch_zero((void *)(DIRECT_MAP_BASE + start.a), size);
}

void *arch_map_device(paddr_t start, size_t size)
{
    uint64_t first = ALIGN_DOWN(start.a, PAGE_SIZE);
    uint64_t bytes = ALIGN_UP(start.a + size, PAGE_SIZE) - first;
    uint64_t va;
    int rc;

    spin_lock(&map_lock);
    if (table_source == FROM_BOOTMEM) {
        table_source = FROM_ALLOCATOR; /* device mappings begin after page_alloc_init() */
    }
    va = device_next;
    if (bytes > DEVICE_VIRT_BASE + DEVICE_VIRT_SIZE - va) {
        spin_unlock(&map_lock);
        return NULL;
    }
    rc = map(va, first, bytes, PT_R | PT_W | PT_DEVICE);
    if (rc == 0) {
        device_next = va + bytes + PAGE_SIZE; /* a hole catches overruns */
    }
    spin_unlock(&map_lock);
    return rc == 0 ? (void *)(va + (start.a - first)) : NULL;
}

static void protect(const char *start, const char *end, uint32_t access)
{
    struct pt_job job = {
        .frame = pt_frame_of(&hearth_pt, (uint64_t)start),
        .count = (uint64_t)(end - start) >> PAGE_SHIFT,
        .attr = access,
        .budget = UINT32_MAX,
    };

    if (pt_protect(&hearth_pt, &job) != 0) {
        panic("the image cannot be write-protected: out of page tables");
    }
    pt_flush(&hearth_pt);
}

void arch_boot_finish(void)
{
    struct pt_job job = {
        .frame = pt_frame_of(&hearth_pt, (uint64_t)_init_start),
        .count = (uint64_t)(_init_end - _init_start) >> PAGE_SHIFT,
        .budget = UINT32_MAX,
    };

    spin_lock(&map_lock);
    protect(_rodata_end, _ro_after_init_end, PT_R);
    if (pt_unmap(&hearth_pt, &job) != 0) {
        panic("start-up code cannot be unmapped: out of page tables");
    }
    pt_flush(&hearth_pt);
    spin_unlock(&map_lock);
    page_alloc_give(image_to_paddr(_init_start).a, image_to_paddr(_init_end).a);
}
