/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads /chosen into a launch plan: dom0 from its ramdisk and the modules below it, a guest from
 * each "xen,domain" node (Xen's dom0less bindings, as of 4.17). Decides nothing that depends on how
 * much memory or how many CPUs there are.
 */
#include <hearth/launch.h>

#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/string.h>

#include "private.h"

#define DOM0_MEMORY MiB(512) /* XEN-ABI: without dom0_mem= */

struct reader {
    const struct fdt *fdt;
    const struct boot_info *info;
    struct plan_domain *domain; /* being read */
    unsigned int unnamed;       /* modules of dom0 whose node does not say what they are */
    bool initrd;                /* dom0's ramdisk is linux,initrd-start's */
};

static const char *const known_properties[] = {
    "#address-cells", "#size-cells", "compatible", "cpus",   "linux,phandle", "memory",
    "name",           "phandle",     "status",     "vpl011", "xen,enhanced",
};

static void warn_unknown(const struct reader *r, uint32_t node)
{
    struct fdt_prop prop;
    size_t i;

    fdt_for_each_prop (r->fdt, &prop, node) {
        for (i = 0; i < ARRAY_SIZE(known_properties); i++) {
            if (strcmp(prop.name, known_properties[i]) == 0) {
                break;
            }
        }
        if (i == ARRAY_SIZE(known_properties)) {
            printk(LOG_WARNING, "%s: property %s is not supported, ignored\n", r->domain->name,
                   prop.name);
        }
    }
}

/* The listed module that node describes; false when it was refused at boot. */
static bool find_module(const struct reader *r, uint32_t node, enum module_kind kind,
                        struct boot_module *out)
{
    const struct boot_module *listed;
    struct fdt_path path;
    uint64_t start, size;

    if (!fdt_locate(r->fdt, node, &path) || fdt_local_reg(r->fdt, &path, 0, &start, &size) != 0) {
        return false;
    }
    listed = boot_module_listed(r->info, start, size, kind);
    if (listed == NULL) {
        return false;
    }
    *out = *listed;
    out->name = fdt_name(r->fdt, node);
    return true;
}

/*
 * XEN-ABI: of dom0's modules that are just modules the first is the kernel and the second the
 * ramdisk, unless it is an XSM policy. One that is named otherwise stays first.
 */
static enum module_kind guess_kind(struct reader *r, uint32_t node)
{
    const struct plan_domain *p = r->domain;
    struct boot_module m;

    if (!p->is_dom0 || !boot_module_is_unnamed(r->fdt, node)) {
        return MODULE_OTHER;
    }
    switch (r->unnamed++) {
    case 0:
        return p->kernel.size == 0 ? MODULE_KERNEL : MODULE_OTHER;
    case 1:
        if (p->ramdisk.size != 0 ||
            (find_module(r, node, MODULE_OTHER, &m) && launch_module_is_policy(&m))) {
            return MODULE_OTHER;
        }
        return MODULE_RAMDISK;
    default:
        return MODULE_OTHER;
    }
}

/* One child of /chosen or of a domain's node. False: the domain cannot be started. */
static bool read_module(struct reader *r, uint32_t node)
{
    struct plan_domain *p = r->domain;
    enum module_kind listed = MODULE_OTHER, kind;
    bool is_module = boot_module_kind(r->fdt, node, &listed);
    struct boot_module *to;

    kind = is_module && listed == MODULE_OTHER ? guess_kind(r, node) : listed;
    if (kind == MODULE_OTHER) {
        if (is_module || !p->is_dom0) {
            printk(LOG_WARNING, "%s: node %s is not supported, ignored\n", p->name,
                   fdt_name(r->fdt, node));
        }
        return true;
    }
    if (kind == MODULE_RAMDISK && p->is_dom0 && r->initrd) {
        printk(LOG_WARNING, "dom0: %s is not used: linux,initrd-start comes first\n",
               fdt_name(r->fdt, node));
        return true;
    }
    to = kind == MODULE_KERNEL ? &p->kernel : &p->ramdisk;
    if (to->size != 0) {
        printk(LOG_ERR, "%s: %s is a second %s: give one\n", p->name, fdt_name(r->fdt, node),
               kind == MODULE_KERNEL ? "kernel" : "ramdisk");
        return false;
    }
    if (!find_module(r, node, listed, to)) {
        printk(LOG_ERR, "%s: its module %s was refused, see above\n", p->name,
               fdt_name(r->fdt, node));
        return false;
    }
    if (kind == MODULE_KERNEL) {
        p->cmdline = fdt_string(r->fdt, node, "bootargs");
    }
    return true;
}

static bool read_guest_modules(struct reader *r, uint32_t parent)
{
    uint32_t node;

    fdt_for_each_child (r->fdt, node, parent) {
        if (!read_module(r, node)) {
            return false;
        }
    }
    return true;
}

static bool read_dom0_modules(struct reader *r, uint32_t chosen)
{
    const struct boot_module *listed = NULL;
    enum module_kind kind;
    struct fdt_path path;
    uint64_t start, size;

    if (boot_initrd(r->fdt, chosen, &start, &size)) {
        listed = boot_module_listed(r->info, start, size, MODULE_RAMDISK);
    }
    r->initrd = listed != NULL;
    if (r->initrd) {
        r->domain->ramdisk = *listed;
    }
    if (fdt_locate(r->fdt, chosen, &path)) {
        while (boot_module_next(r->fdt, &path, false, &kind)) {
            if (!read_module(r, fdt_path_node(&path))) {
                return false;
            }
        }
    }
    return true;
}

/* XEN-ABI: a kernel's own bootargs, else xen,dom0-bootargs, else /chosen's if Hearth has others. */
static void read_dom0_cmdline(const struct reader *r, uint32_t chosen)
{
    struct plan_domain *p = r->domain;

    if (p->cmdline == NULL) {
        p->cmdline = fdt_string(r->fdt, chosen, "xen,dom0-bootargs");
    }
    if (p->cmdline == NULL) {
        p->cmdline = fdt_string(r->fdt, chosen, "bootargs");
    }
    if (p->cmdline == NULL) {
        p->cmdline = "";
    }
}

static bool read_dom0(struct reader *r, uint32_t chosen)
{
    struct plan_domain *p = r->domain;

    *p = (struct plan_domain){.name = "dom0", .is_dom0 = true, .enhanced = true};
    if (!read_dom0_modules(r, chosen)) {
        panic("dom0 cannot be started");
    }
    if (p->kernel.size == 0) {
        if (p->ramdisk.size != 0) {
            printk(LOG_WARNING, "/chosen/%s: a ramdisk without a kernel, ignored\n",
                   p->ramdisk.name);
        }
        return false;
    }
    read_dom0_cmdline(r, chosen);
    p->cpus = options.dom0_max_vcpus;
    p->memory = options.dom0_mem;
    if (p->memory == 0) {
        p->memory = DOM0_MEMORY;
        printk(LOG_WARNING, "dom0_mem= is not given: dom0 gets %llu MiB\n",
               (unsigned long long)(p->memory >> 20));
    }
    return true;
}

/* memory is in KiB; whole pages. */
static bool read_memory(const struct reader *r, uint32_t node)
{
    struct plan_domain *p = r->domain;
    uint64_t kib;

    if (!fdt_number(r->fdt, node, "memory", &kib) || kib == 0 || kib > UINT64_MAX >> 12) {
        printk(LOG_ERR, "%s: property memory (KiB, one or two cells) is missing or malformed\n",
               p->name);
        return false;
    }
    p->memory = ALIGN_UP(kib << 10, PAGE_SIZE);
    return true;
}

/* XEN-ABI (4.17): absent is off; empty or "enabled" is all; "no-xenstore" leaves the store out. */
static void read_enhanced(const struct reader *r, uint32_t node, bool has_dom0)
{
    struct plan_domain *p = r->domain;
    const char *value = fdt_string(r->fdt, node, "xen,enhanced");
    struct fdt_prop prop;

    if (!fdt_get(r->fdt, node, "xen,enhanced", &prop)) {
        return;
    }
    if (value == NULL || strcmp(value, "enabled") == 0) {
        p->enhanced = true;
        p->store = has_dom0;
        if (!has_dom0) {
            printk(LOG_WARNING, "%s: xen,enhanced without dom0: no xenstore\n", p->name);
        }
    } else if (strcmp(value, "no-xenstore") == 0) {
        p->enhanced = true;
    } else if (strcmp(value, "disabled") != 0) {
        printk(LOG_WARNING, "%s: xen,enhanced = \"%s\" is unknown, ignored\n", p->name, value);
    }
}

static bool read_guest(struct reader *r, uint32_t node, bool has_dom0)
{
    struct plan_domain *p = r->domain;

    *p = (struct plan_domain){.node = node};
    (void)strlcpy(p->name, fdt_name(r->fdt, node), sizeof(p->name));
    if (!read_memory(r, node)) {
        return false;
    }
    if (!fdt_u32(r->fdt, node, "cpus", &p->cpus) || p->cpus == 0) {
        printk(LOG_ERR, "%s: property cpus (a number of vCPUs) is missing or malformed\n", p->name);
        return false;
    }
    p->vuart = fdt_has(r->fdt, node, "vpl011");
    read_enhanced(r, node, has_dom0);
    warn_unknown(r, node);
    if (!read_guest_modules(r, node)) {
        return false;
    }
    if (p->kernel.size == 0) {
        printk(LOG_ERR, "%s: no kernel: give a multiboot,kernel node\n", p->name);
        return false;
    }
    if (p->cmdline == NULL) {
        p->cmdline = "";
    }
    return true;
}

void plan_read(const struct fdt *fdt, const struct boot_info *info, struct launch_plan *plan)
{
    struct reader r = {.fdt = fdt, .info = info, .domain = plan->domain};
    uint32_t chosen = fdt_find(fdt, "/chosen"), node;
    bool has_dom0;

    has_dom0 = read_dom0(&r, chosen);
    plan->count = has_dom0 ? 1 : 0;
    fdt_for_each_child (fdt, node, chosen) {
        if (!fdt_compatible(fdt, node, "xen,domain") || !fdt_available(fdt, node)) {
            continue;
        }
        if (plan->count == PLAN_DOMAINS) {
            printk(LOG_ERR, "%s: more than %u domains: not started\n", fdt_name(fdt, node),
                   PLAN_DOMAINS);
            continue;
        }
        r.domain = &plan->domain[plan->count];
        if (read_guest(&r, node, has_dom0)) {
            plan->count++;
        } else {
            printk(LOG_ERR, "%s: not started\n", r.domain->name);
        }
    }
}
