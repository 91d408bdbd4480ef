/* SPDX-License-Identifier: Apache-2.0 */
/* RAM: one sparse memory file whose offsets are physical addresses. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hearth/arch/boot.h>
#include <hearth/arch/mm.h>
#include <hearth/page.h>

#include "private.h"

#define JUNK 0xa5

static int ram_file = -1;

static void die(const char *what)
{
    perror(what);
    abort();
}

static void map_ram(uint64_t va, uint64_t start, uint64_t size)
{
    void *p = mmap((void *)(uintptr_t)va, size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, ram_file, (off_t)start);

    if (p != (void *)(uintptr_t)va) {
        die("host: fixed mmap");
    }
}

void host_add_ram(uint64_t start, uint64_t size)
{
    if (ram_file < 0) {
        ram_file = memfd_create("ram", MFD_CLOEXEC);
        if (ram_file < 0 || ftruncate(ram_file, 1L << 46) != 0) {
            die("host: memory file");
        }
    }
    if (bootmem_add_bank(start, size) != 0) {
        die("host: bootmem_add_bank");
    }
    map_ram(DIRECT_MAP_BASE + start, start, size);
    /* Large banks stay sparse. */
    memset((void *)(uintptr_t)(DIRECT_MAP_BASE + start), JUNK, MIN(size, HOST_RAM_SIZE));
}

static void map_frame_table_part(uint64_t va, uint64_t size, void *arg)
{
    (void)arg;
    map_ram(va, bootmem_alloc(size, PAGE_SIZE).a, size);
}

void arch_mm_init(void)
{
    frame_table_for_each_part(map_frame_table_part, NULL);
}

void arch_boot_zero(paddr_t start, uint64_t size)
{
    memset((void *)(uintptr_t)(DIRECT_MAP_BASE + start.a), 0, size);
}

void host_boot_banks(unsigned int nr, const struct mem_range *banks, unsigned int nr_banks,
                     bool scrub)
{
    host_add_cpus(nr);
    for (unsigned int i = 0; i < nr_banks; i++) {
        host_add_ram(banks[i].start, banks[i].end - banks[i].start);
    }
    arch_mm_init();
    page_alloc_init(scrub);
}

void host_boot(unsigned int nr)
{
    static const struct mem_range bank = {HOST_RAM_START, HOST_RAM_START + HOST_RAM_SIZE};

    host_boot_banks(nr, &bank, 1, true);
}

void *arch_map_device(paddr_t start, size_t size)
{
    void *p;

    (void)start;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void arch_zero(void *dst, size_t len)
{
    host_record(HOST_ZERO, (uintptr_t)dst, len);
    memset(dst, 0, len);
}

void arch_copy_page(void *dst, const void *src)
{
    memcpy(dst, src, PAGE_SIZE);
}

void arch_clean_to_poc(const void *va, size_t len)
{
    host_record(HOST_CLEAN, (uintptr_t)va, len);
}

void arch_zero_to_poc(void *dst, size_t len)
{
    arch_zero(dst, len);
    arch_clean_to_poc(dst, len);
}

void arch_boot_copy(void *dst, const void *src, size_t len)
{
    memcpy(dst, src, len);
    arch_clean_to_poc(dst, len);
}

void arch_sync_icache(const void *va, size_t len)
{
    (void)va;
    (void)len;
}
