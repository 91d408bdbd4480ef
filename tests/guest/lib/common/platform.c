// SPDX-License-Identifier: Apache-2.0
/* What the device tree says about this domain: RAM, GIC, UART, event channel interrupt, bootargs.
 */
#include "fdt.h"

struct platform platform;

static void read_memory(const void *fdt, const struct fdt_node *node)
{
    uint64_t base;
    uint64_t size;

    for (unsigned int i = 0; fdt_reg(fdt, node, i, &base, &size); i++) {
        if (platform.ram_size == 0) {
            platform.ram_base = base;
            platform.ram_size = size;
        }
        if (base + size > platform.ram_end) {
            platform.ram_end = base + size;
        }
    }
}

static void read_gic(const void *fdt, const struct fdt_node *node)
{
    uint64_t size;

    if (fdt_compatible(fdt, node, "arm,gic-v3")) {
        platform.gic_version = 3;
    } else if (fdt_compatible(fdt, node, "arm,cortex-a15-gic") ||
               fdt_compatible(fdt, node, "arm,gic-400")) {
        platform.gic_version = 2;
    } else {
        return;
    }
    fdt_reg(fdt, node, 0, &platform.gicd, &size);
    fdt_reg(fdt, node, 1, &platform.gicr_or_gicc, &size);
}

static void visit(const void *fdt, const struct fdt_node *node, void *data)
{
    struct fdt_property p;
    uint64_t size;

    (void)data;
    if (node->depth == 0) {
        /* Xen 4.17 names nothing in the root of a dom0less guest. */
        platform.is_domu =
            !fdt_get(fdt, node, "compatible", &p) || fdt_compatible(fdt, node, "xen,xenvm");
    } else if (fdt_get(fdt, node, "device_type", &p) &&
               strcmp((const char *)p.data, "memory") == 0) {
        read_memory(fdt, node);
    } else if (node->depth == 1 && strcmp(node->name, "chosen") == 0) {
        if (fdt_get(fdt, node, "bootargs", &p) && p.length < sizeof(platform.bootargs)) {
            memcpy(platform.bootargs, p.data, p.length);
        }
    } else if (fdt_compatible(fdt, node, "xen,xen")) {
        if (fdt_get(fdt, node, "interrupts", &p) && p.length >= 8) {
            platform.evtchn_irq = fdt_u32(p.data + 4) + (fdt_u32(p.data) == 1 ? 16 : 32);
        }
    } else if (fdt_compatible(fdt, node, "arm,sbsa-uart") ||
               fdt_compatible(fdt, node, "arm,pl011")) {
        fdt_reg(fdt, node, 0, &platform.uart, &size);
    } else {
        read_gic(fdt, node);
    }
}

void platform_init(const void *boot_info)
{
    if (fdt_valid(boot_info)) {
        fdt_for_each_node(boot_info, visit, NULL);
    }
}

uint64_t boot_option(const char *name, uint64_t fallback)
{
    const char *at = find_text(platform.bootargs, name);
    uint64_t value = 0;

    if (at == NULL || at[strlen(name)] != '=') {
        return fallback;
    }
    for (at += strlen(name) + 1; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    return value;
}

uint64_t spare_gfn(unsigned int count)
{
    static uint64_t next;
    uint64_t gfn;

    if (next == 0) {
        next = (platform.ram_end >> PAGE_SHIFT) + 512;
    }
    gfn = next;
    next += count;
    return gfn;
}
