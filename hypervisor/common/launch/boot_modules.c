/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot modules: nodes below /chosen, at most two levels, that are compatible with
 * "multiboot,module": a guest's where they are in its xen,domain node, else dom0's. And dom0's
 * ramdisk, where a boot loader of Linux puts it. A module lies in RAM and overlaps nothing, but
 * several nodes may name the very same one (same place, size and kind), so that guests can share a
 * kernel.
 */
#include <hearth/launch.h>

#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/printf.h>
#include <hearth/string.h>

#include "private.h"

static const char reserved_as[] = "a boot module";

bool boot_module_kind(const struct fdt *fdt, uint32_t node, enum module_kind *kind)
{
    if (fdt_compatible(fdt, node, "multiboot,kernel") ||
        fdt_compatible(fdt, node, "xen,linux-zimage")) {
        *kind = MODULE_KERNEL;
    } else if (fdt_compatible(fdt, node, "multiboot,ramdisk") ||
               fdt_compatible(fdt, node, "xen,linux-initrd")) {
        *kind = MODULE_RAMDISK;
    } else {
        *kind = MODULE_OTHER;
        return fdt_compatible(fdt, node, "multiboot,module") ||
               fdt_compatible(fdt, node, "xen,multiboot-module");
    }
    return true;
}

bool boot_module_is_unnamed(const struct fdt *fdt, uint32_t node)
{
    return !fdt_compatible(fdt, node, "xen,xsm-policy") &&
           !fdt_compatible(fdt, node, "multiboot,device-tree");
}

static bool is_guests(const struct fdt *fdt, const struct fdt_path *path)
{
    return path->depth == 3 && fdt_compatible(fdt, path->node[2], "xen,domain");
}

bool boot_module_next(const struct fdt *fdt, struct fdt_path *path, bool guests,
                      enum module_kind *kind)
{
    while (fdt_walk_next(fdt, path, path->depth == 3) && path->depth > 1) {
        if (is_guests(fdt, path) == guests && boot_module_kind(fdt, fdt_path_node(path), kind)) {
            return true;
        }
    }
    return false;
}

bool boot_initrd(const struct fdt *fdt, uint32_t chosen, uint64_t *start, uint64_t *size)
{
    uint64_t end;

    if (!fdt_number(fdt, chosen, "linux,initrd-start", start) ||
        !fdt_number(fdt, chosen, "linux,initrd-end", &end) || end <= *start) {
        return false;
    }
    *size = end - *start;
    return true;
}

static const char *overlapping_module(const struct boot_info *info, uint64_t start, uint64_t size)
{
    unsigned int i;

    for (i = 0; i < info->nr_modules; i++) {
        const struct boot_module *m = &info->modules[i];

        if (m->start < start + size && start < m->start + m->size) {
            return m->name;
        }
    }
    return NULL;
}

/* Reservations are of whole pages: one of another module does not count, the modules were seen. */
static const char *overlapping_reservation(uint64_t start, uint64_t size)
{
    uint64_t end = start + size;
    const struct mem_range *r;
    const char *what;

    while (start < end && (r = bootmem_overlap(start, end - start, &what)) != NULL) {
        if (what != reserved_as) {
            return what;
        }
        start = r->end;
    }
    return NULL;
}

/* What is wrong with the place of a module, or NULL; *other is what it overlaps. */
static const char *fault_of(const struct boot_info *info, uint64_t start, uint64_t size,
                            const char **other)
{
    *other = "";
    if (size == 0) {
        return "is empty";
    }
    if (!bootmem_is_ram(start, size)) {
        return "is not in RAM";
    }
    *other = overlapping_module(info, start, size);
    if (*other == NULL) {
        *other = overlapping_reservation(start, size);
    }
    return *other != NULL ? "overlaps " : NULL;
}

const struct boot_module *boot_module_listed(const struct boot_info *info, uint64_t start,
                                             uint64_t size, enum module_kind kind)
{
    unsigned int i;

    for (i = 0; i < info->nr_modules; i++) {
        const struct boot_module *m = &info->modules[i];

        if (m->start == start && m->size == size && m->kind == kind) {
            return m;
        }
    }
    return NULL;
}

static void reject(const struct fdt_path *path, const char *text)
{
    char name[128];

    (void)fdt_path_text(&host_fdt, path, name, sizeof(name));
    if (!is_guests(&host_fdt, path)) {
        panic("boot module %s %s", name, text);
    }
    printk(LOG_ERR, "boot module %s %s: its guest will not be started\n", name, text);
}

/* path is the node that names it. */
static void add(struct boot_info *info, const struct fdt_path *path, struct boot_module m)
{
    const char *fault, *other;
    char text[160];

    if (boot_module_listed(info, m.start, m.size, m.kind) != NULL) {
        return;
    }
    fault = fault_of(info, m.start, m.size, &other);
    if (fault != NULL) {
        (void)snprintf(text, sizeof(text), "(0x%llx, 0x%llx bytes) %s%s",
                       (unsigned long long)m.start, (unsigned long long)m.size, fault, other);
        reject(path, text);
        return;
    }
    if (info->nr_modules == BOOT_MODULES || bootmem_reserve(m.start, m.size, reserved_as) != 0) {
        reject(path, "is one too many");
        return;
    }
    info->modules[info->nr_modules++] = m;
}

static void add_modules(struct boot_info *info, struct fdt_path path, bool guests)
{
    struct boot_module m;

    while (boot_module_next(&host_fdt, &path, guests, &m.kind)) {
        m.name = fdt_name(&host_fdt, fdt_path_node(&path));
        if (fdt_local_reg(&host_fdt, &path, 0, &m.start, &m.size) == 0) {
            add(info, &path, m);
        } else {
            reject(&path, "has no usable reg property");
        }
    }
}

static void add_initrd(struct boot_info *info, const struct fdt_path *path)
{
    struct boot_module m = {.name = "linux,initrd-start", .kind = MODULE_RAMDISK};
    uint32_t chosen = fdt_path_node(path);

    if (boot_initrd(&host_fdt, chosen, &m.start, &m.size)) {
        add(info, path, m);
    } else if (fdt_has(&host_fdt, chosen, "linux,initrd-start")) {
        printk(LOG_WARNING, "/chosen: linux,initrd-start and -end are malformed, ignored\n");
    }
}

void boot_modules_find(struct boot_info *info)
{
    struct fdt_path path;

    info->nr_modules = 0;
    if (fdt_locate(&host_fdt, fdt_find(&host_fdt, "/chosen"), &path)) {
        add_initrd(info, &path);
        add_modules(info, path, false); /* dom0's first: when a guest's overlaps one, it loses */
        add_modules(info, path, true);
    }
}
