/* SPDX-License-Identifier: Apache-2.0 */
/* A guest launched at boot: the virtual machine of public/arch-arm.h. */
#include <hearth/boot.h>
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/string.h>
#include <hearth/vuart.h>

#include <asm/guest_layout.h>

#include "private.h"

/* public/arch-arm.h */
#define GUEST_GNTTAB_BASE 0x38000000ULL
#define GUEST_GNTTAB_SIZE 0x01000000ULL
#define GUEST_REDIST_SIZE 0x00020000ULL

#define FDT_BASE_SIZE     8192U
#define FDT_SIZE_PER_CPU  256U
#define REGION_ALIGN      MiB(128) /* what Linux can make use of */
#define REGION_MAX        GiB(64)

static const struct launch_bank ram_windows[] = {
    {0x40000000ULL, 0xc0000000ULL},
    {0x0200000000ULL, 0xfe00000000ULL},
};

static void put_gic(struct nodes *n)
{
    static const struct launch_bank v2[] = {{GUEST_GICD_BASE, GUEST_GICV2_D_SIZE},
                                            {GUEST_GICC_BASE, GUEST_GICC_SIZE}};
    static const struct launch_bank v3[] = {{GUEST_GICD_BASE, GUEST_GICV3_D_SIZE},
                                            {GUEST_GICR_BASE, GUEST_GICR_SIZE}};

    nodes_begin_at(n, "interrupt-controller", GUEST_GICD_BASE);
    fdt_put_string(&n->w, "compatible", n->gicv2 ? "arm,gic-400" : "arm,gic-v3");
    fdt_put_u32(&n->w, "#interrupt-cells", 3);
    fdt_put_u32(&n->w, "#address-cells", 0);
    fdt_put_empty(&n->w, "interrupt-controller");
    nodes_put_reg(n, n->gicv2 ? v2 : v3, 2);
    fdt_put_u32(&n->w, "phandle", n->gic_phandle);
    fdt_end_node(&n->w);
}

/* XEN-ABI: an SBSA UART on the first SPI. */
static void put_vuart(struct nodes *n)
{
    static const struct launch_bank reg = {GUEST_PL011_BASE, VPL011_SIZE};
    static const uint32_t interrupt[] = {0, GUEST_PL011_SPI - GIC_FIRST_SPI, 4};

    nodes_begin_at(n, "sbsa-uart", GUEST_PL011_BASE);
    fdt_put_string(&n->w, "compatible", "arm,sbsa-uart");
    nodes_put_reg(n, &reg, 1);
    fdt_put_u32(&n->w, "interrupt-parent", n->gic_phandle);
    fdt_put_cells(&n->w, "interrupts", interrupt, 3);
    fdt_put_u32(&n->w, "current-speed", 115200);
    fdt_end_node(&n->w);
}

/* The grant table's place, and what is unused of the RAM windows. */
static void put_hypervisor(struct nodes *n, const struct launch *l)
{
    uint64_t limit = l->domain->p2m[0]->max_gfn << PAGE_SHIFT, start, end;
    struct launch_bank ranges[1 + ARRAY_SIZE(ram_windows)];
    unsigned int i, count = 0;

    ranges[count++] = (struct launch_bank){GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE};
    for (i = 0; i < ARRAY_SIZE(ram_windows); i++) {
        start = i < l->nr_banks ? l->bank[i].start + l->bank[i].size : ram_windows[i].start;
        start = ALIGN_UP(start, REGION_ALIGN);
        end = MIN(ram_windows[i].start + ram_windows[i].size, limit);
        if (start < end) {
            ranges[count++] = (struct launch_bank){start, MIN(end - start, REGION_MAX)};
        }
    }
    nodes_hypervisor(n, ranges, count);
}

/* The page of the PV console is not the kernel's to use for anything else. */
static void put_console(struct nodes *n, const struct launch *l)
{
    const struct launch_bank page = {l->console, PAGE_SIZE};

    fdt_begin_node(&n->w, "reserved-memory");
    fdt_put_u32(&n->w, "#address-cells", n->address_cells);
    fdt_put_u32(&n->w, "#size-cells", n->size_cells);
    fdt_put_empty(&n->w, "ranges");
    nodes_begin_at(n, "xen-console", l->console);
    nodes_put_reg(n, &page, 1);
    fdt_end_node(&n->w);
    fdt_end_node(&n->w);
}

int guest_fdt(const struct launch *l, void *buf, uint32_t size, uint32_t *len)
{
    static const char root[] = "xen,xenvm-4.17\0"
                               "xen,xenvm";
    static const char cpu[] = "arm,armv8";
    struct nodes n = {
        .address_cells = 2,
        .size_cells = 2,
        .gic_phandle = GUEST_GIC_PHANDLE,
        .gicv2 = l->domain->config.gic_version == 2,
    };

    fdt_write_start(&n.w, buf, size);
    fdt_begin_node(&n.w, "");
    fdt_put_string(&n.w, "model", "XENVM-4.17");
    fdt_put_strings(&n.w, "compatible", root, sizeof(root));
    fdt_put_u32(&n.w, "interrupt-parent", n.gic_phandle);
    fdt_put_u32(&n.w, "#address-cells", n.address_cells);
    fdt_put_u32(&n.w, "#size-cells", n.size_cells);
    fdt_begin_node(&n.w, "chosen");
    nodes_chosen(&n, l);
    fdt_end_node(&n.w);
    nodes_cpus(&n, l->domain->max_vcpus, cpu, sizeof(cpu));
    nodes_psci(&n);
    nodes_memory(&n, l);
    put_gic(&n);
    nodes_timer(&n, 0);
    if (l->plan->vuart) {
        put_vuart(&n);
    }
    if (l->plan->enhanced) {
        put_hypervisor(&n, l);
    }
    if (l->plan->store) {
        put_console(&n, l);
    }
    fdt_end_node(&n.w);
    return fdt_finish(&n.w, len);
}

/* Everything after the domain's creation. */
static int fill(struct launch *l)
{
    uint32_t size, len;
    void *fdt;
    int rc;

    size = FDT_BASE_SIZE + l->domain->max_vcpus * FDT_SIZE_PER_CPU +
           2 * (uint32_t)strlen(l->plan->cmdline);
    rc = launch_memory(l, ram_windows, ARRAY_SIZE(ram_windows));
    if (rc == 0 && l->plan->vuart) {
        rc = vpl011_init(l->domain, gaddr(GUEST_PL011_BASE), GUEST_PL011_SPI);
    }
    if (rc != 0) {
        printk(LOG_ERR, "%s: no memory for its %llu MiB or its devices: error %d\n", l->plan->name,
               (unsigned long long)(l->plan->memory >> 20), rc);
        return rc;
    }
    size = ALIGN_UP(size, (uint32_t)PAGE_SIZE);
    rc = load_place(l, size + PAGE_SIZE);
    if (rc != 0) {
        return rc;
    }
    l->console = l->fdt + size;
    if (l->plan->store) {
        rc = launch_console(l);
        if (rc != 0) {
            printk(LOG_ERR, "%s: its console cannot be made: error %d\n", l->plan->name, rc);
            return rc;
        }
    }
    fdt = heap_alloc(size);
    if (fdt == NULL) {
        return -ENOMEM;
    }
    rc = guest_fdt(l, fdt, size, &len);
    if (rc == 0) {
        rc = load_parts(l, fdt, len);
    } else {
        printk(LOG_ERR, "%s: its device tree cannot be made: error %d\n", l->plan->name, rc);
    }
    heap_free(fdt);
    return rc;
}

int guest_build(struct launch *l)
{
    struct domain_config config = {
        .max_vcpus = l->plan->cpus,
        .max_evtchn_port = 1023,
        .max_grant_frames = options.gnttab_max_frames,
        .max_maptrack_frames = options.gnttab_max_maptrack_frames,
        .console = true, /* XEN-ABI */
        .nr_spis = l->plan->vuart ? GUEST_PL011_SPI - GIC_FIRST_SPI + 1 : 0,
    };
    int rc = launch_create(l, &config);

    if (rc == 0) {
        rc = fill(l);
        if (rc != 0) {
            launch_abandon(l);
        }
    }
    return rc;
}
