/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot modules: nodes below /chosen, and below its xen,domain nodes, that are compatible with
 * "multiboot,module". A module lies in RAM and overlaps nothing, but several nodes may name the
 * very same one (same place, size and kind), so that guests can share a kernel.
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
    if (path->depth == 2) {
        panic("boot module %s %s", name, text);
    }
    printk(LOG_ERR, "boot module %s %s: its guest will not be started\n", name, text);
}

static void add_module(struct boot_info *info, const struct fdt_path *path, enum module_kind kind)
{
    uint64_t start, size;
    const char *fault, *other;
    char text[160];

    if (fdt_local_reg(&host_fdt, path, 0, &start, &size) != 0) {
        reject(path, "has no usable reg property");
        return;
    }
    if (boot_module_listed(info, start, size, kind) != NULL) {
        return;
    }
    fault = fault_of(info, start, size, &other);
    if (fault != NULL) {
        (void)snprintf(text, sizeof(text), "(0x%llx, 0x%llx bytes) %s%s", (unsigned long long)start,
                       (unsigned long long)size, fault, other);
        reject(path, text);
        return;
    }
    if (info->nr_modules == BOOT_MODULES || bootmem_reserve(start, size, reserved_as) != 0) {
        reject(path, "is one too many");
        return;
    }
    info->modules[info->nr_modules++] = (struct boot_module){
        .start = start,
        .size = size,
        .name = fdt_name(&host_fdt, fdt_path_node(path)),
        .kind = kind,
    };
}

/* dom0's modules first: when a guest's overlaps one, the guest loses. */
static void find_below(struct boot_info *info, uint32_t chosen, uint32_t depth)
{
    struct fdt_path path;
    enum module_kind kind;
    bool in_domain = false;

    if (!fdt_locate(&host_fdt, chosen, &path)) {
        return;
    }
    while (fdt_walk_next(&host_fdt, &path, false) && path.depth > 1) {
        if (path.depth == 2) {
            in_domain = fdt_compatible(&host_fdt, fdt_path_node(&path), "xen,domain");
        }
        if (path.depth == depth && (depth == 2 || in_domain) &&
            boot_module_kind(&host_fdt, fdt_path_node(&path), &kind)) {
            add_module(info, &path, kind);
        }
    }
}

void boot_modules_find(struct boot_info *info)
{
    uint32_t chosen = fdt_find(&host_fdt, "/chosen");

    info->nr_modules = 0;
    find_below(info, chosen, 2);
    find_below(info, chosen, 3);
}
