/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot Specification 0.6.96, section 3.3: memory map, modules, command line. All of it is
 * copied before anything is allocated, as the loader may have put it into free memory.
 */
#include <hearth/boot.h>
#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/string.h>

#include <asm/layout.h>
#include <asm/x86.h>

#define MAGIC       0x2badb002U

#define HAS_CMDLINE (1U << 2)
#define HAS_MODULES (1U << 3)
#define HAS_MEMORY  (1U << 6)
#define HAS_LOADER  (1U << 9)

#define TYPE_RAM    1U
#define LOW_MEMORY  MiB(1) /* left to firmware, and to the first code of other CPUs */
#define TEXT_POOL   8192U
#define MAP_ENTRIES 256U

struct packed mb_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper;
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t loader_name;
};

struct packed mb_module {
    uint32_t start, end; /* bytes, [start, end) */
    uint32_t text;
    uint32_t reserved;
};

struct packed mb_memory {
    uint32_t size; /* of what follows */
    uint64_t start, length;
    uint32_t type;
};

extern char _image_end[];

static char pool[TEXT_POOL];
static size_t pool_used;

static const void *low(uint32_t address)
{
    return (const void *)(DIRECT_MAP_BASE + address);
}

static const char *keep_text(const char *text)
{
    size_t room = sizeof(pool) - pool_used;
    char *to = pool + pool_used;
    size_t len = strnlen(text, room);

    if (len == room) {
        panic("command lines of Hearth and its modules are longer than %zu bytes", sizeof(pool));
    }
    memcpy(to, text, len);
    to[len] = '\0';
    pool_used += len + 1;
    return to;
}

/* Loaders other than GRUB 2 put the file's name first. */
static const char *hearth_cmdline(const struct mb_info *mb)
{
    const char *text;

    if ((mb->flags & HAS_CMDLINE) == 0) {
        return "";
    }
    text = low(mb->cmdline);
    if ((mb->flags & HAS_LOADER) == 0 || strncmp(low(mb->loader_name), "GRUB", 4) != 0) {
        const char *space = strchr(text, ' ');

        text = space != NULL ? space + 1 : "";
    }
    return keep_text(text);
}

static void add_ram(uint64_t start, uint64_t length)
{
    uint64_t end;

    if (!checked_add(start, length, &end)) {
        return;
    }
    start = MAX(start, LOW_MEMORY);
    if (end > DIRECT_MAP_SIZE) {
        printk(LOG_WARNING, "memory above 0x%lx is not used\n", DIRECT_MAP_SIZE);
        end = DIRECT_MAP_SIZE;
    }
    if (start < end && bootmem_add_bank(start, end - start) != 0) {
        printk(LOG_WARNING, "memory at 0x%lx is not used\n", start);
    }
}

static void add_memory(const struct mb_info *mb)
{
    uint32_t at = 0;

    if ((mb->flags & HAS_MEMORY) == 0) {
        panic("the boot loader gave no memory map");
    }
    for (unsigned int i = 0; i < MAP_ENTRIES && at < mb->mmap_length; i++) {
        struct mb_memory m;

        memcpy(&m, low(mb->mmap_addr + at), sizeof(m));
        if (m.type == TYPE_RAM) {
            add_ram(m.start, m.length);
        }
        at += m.size + (uint32_t)sizeof(m.size);
    }
}

static void reserve(uint64_t start, uint64_t size, const char *what)
{
    if (bootmem_reserve(start, size, what) != 0) {
        panic("%s at 0x%lx: too many reservations", what, start);
    }
}

static void add_modules(struct boot_info *info, const struct mb_info *mb)
{
    const char *other;

    if ((mb->flags & HAS_MODULES) == 0) {
        return;
    }
    for (uint32_t i = 0; i < mb->mods_count; i++) {
        struct boot_module *to = &info->modules[info->nr_modules];
        struct mb_module m;

        memcpy(&m, low(mb->mods_addr + i * (uint32_t)sizeof(m)), sizeof(m));
        if (info->nr_modules == BOOT_MODULES || m.end <= m.start) {
            printk(LOG_WARNING, "module %u at 0x%x is not used\n", i, m.start);
            continue;
        }
        if (bootmem_overlap(m.start, m.end - m.start, &other) != NULL) {
            panic("module %u at 0x%x lies over: %s", i, m.start, other);
        }
        *to = (struct boot_module){
            .start = m.start, .size = m.end - m.start, .name = keep_text(low(m.text))};
        info->nr_modules++;
        reserve(to->start, to->size, "module");
    }
}

void multiboot_describe(struct boot_info *info, uint32_t magic, uint32_t paddr)
{
    struct mb_info mb;

    if (magic != MAGIC) {
        panic("not started by a multiboot loader (eax was 0x%x)", magic);
    }
    memcpy(&mb, low(paddr), sizeof(mb));
    info->cmdline = hearth_cmdline(&mb);
    add_memory(&mb);
    reserve(LOAD_PADDR, (uint64_t)_image_end - HEARTH_VIRT_BASE, "hypervisor");
    add_modules(info, &mb);
}
