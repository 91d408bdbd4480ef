/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's device tree into boot_info and bootmem: memory, reservations, command line.
 * Boot CPU, before the page allocator. Modules are in boot_modules.c.
 */
#include <hearth/launch.h>

#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/string.h>
#include <hearth/uart.h>

#include "private.h"

/* The node that is named one, else the first that is not named. */
static uint32_t dom0_kernel(const struct fdt *fdt, uint32_t chosen)
{
    uint32_t first = FDT_NONE;
    enum module_kind kind;
    struct fdt_path path;

    if (!fdt_locate(fdt, chosen, &path)) {
        return FDT_NONE;
    }
    while (boot_module_next(fdt, &path, false, &kind)) {
        uint32_t node = fdt_path_node(&path);

        if (kind == MODULE_KERNEL) {
            return node;
        }
        if (kind == MODULE_OTHER && first == FDT_NONE && boot_module_is_unnamed(fdt, node)) {
            first = node;
        }
    }
    return first;
}

/*
 * Hearth's options: xen,xen-bootargs; without it /chosen's bootargs, unless those are dom0's:
 * they are when dom0's kernel has none of its own, neither in its module nor as xen,dom0-bootargs.
 */
static const char *find_cmdline(const struct fdt *fdt)
{
    uint32_t chosen = fdt_find(fdt, "/chosen");
    const char *own = fdt_string(fdt, chosen, "xen,xen-bootargs");
    const char *bootargs = fdt_string(fdt, chosen, "bootargs");
    uint32_t kernel = dom0_kernel(fdt, chosen);

    if (own != NULL) {
        return own;
    }
    if (kernel != FDT_NONE && fdt_string(fdt, kernel, "bootargs") == NULL &&
        fdt_string(fdt, chosen, "xen,dom0-bootargs") == NULL) {
        return ""; /* they are dom0's */
    }
    return bootargs != NULL ? bootargs : "";
}

int boot_fdt_open(struct boot_info *info, const void *blob, uint64_t paddr)
{
    struct fdt_error error;
    int rc = fdt_open(&host_fdt, blob, FDT_LIMIT, &error);

    info->fdt = blob;
    info->fdt_paddr = paddr;
    info->fdt_size = host_fdt.end;
    info->cmdline = find_cmdline(&host_fdt);
    if (rc != 0) {
        printk(LOG_ERR, "device tree at 0x%llx: %s, at offset 0x%x\n", (unsigned long long)paddr,
               error.what, error.at);
    }
    return rc;
}

/* Registers of what Hearth drives that lie in a bank would be taken for memory. */
static void check_registers(void)
{
    const struct fdt *fdt = &host_fdt;
    uint64_t start, size;
    struct fdt_path path;
    char name[128];
    uint32_t node, i;
    bool more;

    for (more = fdt_walk_first(fdt, &path); more; more = fdt_walk_next(fdt, &path, false)) {
        node = fdt_path_node(&path);
        if (!fdt_available(fdt, node) ||
            (!fdt_has(fdt, node, "interrupt-controller") && !uart_drives_node(node))) {
            continue;
        }
        for (i = 0; fdt_path_reg(fdt, &path, i, &start, &size) == 0; i++) {
            if (bootmem_has_ram(start, size)) {
                panic("device tree: registers of %s, at 0x%llx, lie in memory",
                      fdt_path_text(fdt, &path, name, sizeof(name)), (unsigned long long)start);
            }
        }
    }
}

void boot_fdt_memory(void)
{
    const struct fdt *fdt = &host_fdt;
    const struct mem_range *banks;
    uint64_t start, size;
    const char *type;
    uint32_t node, i;
    int rc;

    fdt_for_each_child (fdt, node, fdt_root(fdt)) {
        type = fdt_string(fdt, node, "device_type");
        if (type == NULL || strcmp(type, "memory") != 0 || !fdt_available(fdt, node)) {
            continue;
        }
        for (i = 0; (rc = fdt_reg(fdt, node, i, &start, &size)) == 0; i++) {
            if (size != 0 && (rc = bootmem_add_bank(start, size)) != 0) {
                panic("memory bank 0x%llx, 0x%llx bytes, of the device tree: error %d",
                      (unsigned long long)start, (unsigned long long)size, rc);
            }
        }
        if (rc != -ENOENT) {
            panic("device tree: reg of /%s is malformed", fdt_name(fdt, node));
        }
    }
    if (bootmem_banks(&banks) == 0) {
        panic("device tree: no memory node with device_type \"memory\"");
    }
    check_registers();
}

bool launch_reserve(uint64_t start, uint64_t size, const char *what)
{
    const struct mem_range *other;
    const char *name;
    uint64_t end, upto;

    if (!checked_add(start, size, &end)) {
        return false;
    }
    while (start < end) {
        upto = end;
        while (start < upto && (other = bootmem_overlap(start, upto - start, &name)) != NULL) {
            if (other->start <= start) {
                start = other->end;
            } else {
                upto = other->start;
            }
        }
        if (start < upto && start < end && bootmem_reserve(start, upto - start, what) != 0) {
            return false;
        }
        start = start < upto ? upto : start;
    }
    return true;
}

static void reserve_or_panic(uint64_t start, uint64_t size, const char *what)
{
    if (size != 0 && !launch_reserve(start, size, what)) {
        panic("%s: cannot reserve 0x%llx bytes at 0x%llx", what, (unsigned long long)size,
              (unsigned long long)start);
    }
}

void boot_fdt_image(uint64_t start, uint64_t size)
{
    if (!bootmem_is_ram(start, size)) {
        panic("device tree: no memory node has the place of Hearth's image, 0x%llx",
              (unsigned long long)start);
    }
    reserve_or_panic(start, size, "Hearth's image");
}

/* XEN-ABI: places are the root's, with or without ranges. A node may have a size only: no place. */
static void reserve_regions(void)
{
    const struct fdt *fdt = &host_fdt;
    uint64_t start, size;
    struct fdt_path path;
    uint32_t node, i;
    int rc;

    fdt_for_each_child (fdt, node, fdt_find(fdt, RESERVED_MEMORY)) {
        rc = fdt_locate(fdt, node, &path) ? 0 : -ENOENT;
        for (i = 0; rc == 0; i++) {
            rc = fdt_local_reg(fdt, &path, i, &start, &size);
            if (rc == 0) {
                reserve_or_panic(start, size, RESERVED_MEMORY);
            }
        }
        if (rc != -ENOENT) {
            panic("device tree: reg of /reserved-memory/%s is malformed", fdt_name(fdt, node));
        }
    }
}

void boot_fdt_reserve(struct boot_info *info)
{
    const struct fdt *fdt = &host_fdt;
    uint64_t start, size;
    uint32_t i;

    reserve_or_panic(info->fdt_paddr, info->fdt_size, "the device tree");
    boot_modules_find(info);
    for (i = 0; fdt_reserved(fdt, i, &start, &size); i++) {
        reserve_or_panic(start, size, "a /memreserve/ entry");
    }
    reserve_regions();
}
