/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dom0's device tree: the host's, node by node, less what Hearth keeps, with the parts that are
 * virtual written anew. One pass copies a node and gives dom0 the device that it describes.
 */
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/string.h>
#include <hearth/uart.h>

#include <asm/arm64.h>

#include "private.h"

extern const char _image_start[], _image_end[];

struct fate_row {
    const char *compatible;
    enum node_fate fate;
};

static const struct fate_row fates[] = {
    {"arm,armv8-timer", NODE_REPLACE},
    {"arm,armv7-timer", NODE_REPLACE},
    {"arm,armv7-timer-mem", NODE_KEEP},
    {"arm,psci", NODE_REPLACE},
    {"arm,psci-0.2", NODE_REPLACE},
    {"arm,psci-1.0", NODE_REPLACE},
    {"arm,armv8-pmuv3", NODE_REPLACE},
    {"arm,cortex-a53-pmu", NODE_REPLACE},
    {"arm,cortex-a57-pmu", NODE_REPLACE},
    {"arm,cortex-a72-pmu", NODE_REPLACE},
    {"arm,cortex-a73-pmu", NODE_REPLACE},
    {"arm,gic-v3-its", NODE_KEEP},
    {"xen,xen", NODE_REPLACE},
    {"arm,smmu-v1", NODE_IOMMU},
    {"arm,smmu-v2", NODE_IOMMU},
    {"arm,mmu-400", NODE_IOMMU},
    {"arm,mmu-401", NODE_IOMMU},
    {"arm,mmu-500", NODE_IOMMU},
    {"cavium,smmu-v2", NODE_IOMMU},
    {"qcom,smmu-v2", NODE_IOMMU},
    {"nvidia,smmu-500", NODE_IOMMU},
    {"arm,smmu-v3", NODE_IOMMU},
};

static enum node_fate fate_by_name(uint32_t node)
{
    const char *name = fdt_name(&host_fdt, node);
    const char *type = fdt_string(&host_fdt, node, "device_type");

    if (strcmp(name, "cpus") == 0 || strcmp(name, "chosen") == 0 ||
        strcmp(name, "hypervisor") == 0 || (type != NULL && strcmp(type, "memory") == 0)) {
        return NODE_REPLACE;
    }
    return NODE_COPY;
}

enum node_fate dom0_node_fate(const struct fdt_path *path)
{
    uint32_t node = fdt_path_node(path), at = 0;
    struct fdt_prop prop;
    const char *s;
    size_t i;

    if (node == gic_node()) {
        return NODE_GIC;
    }
    if (uart_owns_node(node)) {
        return NODE_KEEP;
    }
    if (path->depth == 1 && fate_by_name(node) != NODE_COPY) {
        return NODE_REPLACE;
    }
    if (fdt_get(&host_fdt, node, "compatible", &prop)) {
        while ((s = fdt_next_string(&prop, &at)) != NULL) {
            for (i = 0; i < ARRAY_SIZE(fates); i++) {
                if (strcmp(s, fates[i].compatible) == 0) {
                    return fates[i].fate;
                }
            }
        }
    }
    return NODE_COPY;
}

/* Properties that name an IOMMU, or an MSI controller that dom0 does not get. */
static bool is_dropped(const struct dom0 *b, const char *name)
{
    if (strncmp(name, "iommu", 5) == 0) {
        return strcmp(name, "iommus") == 0 || strcmp(name, "iommu-map") == 0 ||
               strcmp(name, "iommu-map-mask") == 0;
    }
    return b->gic.version == 3 && strncmp(name, "msi-", 4) == 0 &&
           (strcmp(name, "msi-map") == 0 || strcmp(name, "msi-parent") == 0 ||
            strcmp(name, "msi-map-mask") == 0);
}

static void copy_properties(struct dom0 *b, struct nodes *n, uint32_t node)
{
    struct fdt_prop prop;

    fdt_for_each_prop (&host_fdt, &prop, node) {
        if (!is_dropped(b, prop.name)) {
            fdt_put(&n->w, prop.name, prop.data, prop.len);
        }
    }
}

/* The virtual GIC has the host's places; maintenance interrupt, GICH, GICV and MBIs are not in it.
 */
static void copy_gic(struct dom0 *b, struct nodes *n, const struct fdt_path *path)
{
    static const char *const names[] = {
        "compatible",     "#interrupt-cells", "interrupt-controller",
        "#address-cells", "#size-cells",      "ranges",
        "phandle",        "linux,phandle",    "#redistributor-regions",
    };
    uint32_t address, size, regions;
    struct fdt_prop prop;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        if (fdt_get(&host_fdt, fdt_path_node(path), names[i], &prop)) {
            fdt_put(&n->w, names[i], prop.data, prop.len);
        }
    }
    fdt_reg_cells(&host_fdt, path, &address, &size);
    regions = b->gic.version == 2 ? 2 : 1 + b->gic.nr_redist;
    if (fdt_get(&host_fdt, fdt_path_node(path), "reg", &prop)) {
        fdt_put(&n->w, "reg", prop.data, MIN(prop.len, regions * 4 * (address + size)));
    }
}

static bool is_pci(uint32_t node)
{
    const char *type = fdt_string(&host_fdt, node, "device_type");

    return type != NULL && strcmp(type, "pci") == 0;
}

/* Devices below a disabled one, or behind a PCI bridge, have no place of their own. */
static bool gives_resources(const struct fdt_path *path)
{
    uint32_t i;

    for (i = 1; i <= path->depth; i++) {
        if (!fdt_available(&host_fdt, path->node[i]) ||
            (i < path->depth && is_pci(path->node[i]))) {
            return false;
        }
    }
    return true;
}

/* Begins the node, its properties written. False: it is left out. */
static bool copy_node(struct dom0 *b, struct nodes *n, const struct fdt_path *path)
{
    uint32_t node = fdt_path_node(path);
    enum node_fate fate = dom0_node_fate(path);
    char name[96];

    if (fate == NODE_IOMMU) {
        printk(LOG_WARNING, "%s: Hearth does not drive this IOMMU yet, hidden from dom0\n",
               fdt_path_text(&host_fdt, path, name, sizeof(name)));
    }
    if (fate != NODE_COPY && fate != NODE_GIC) {
        return false;
    }
    fdt_begin_node(&n->w, fdt_name(&host_fdt, node));
    if (fate == NODE_GIC) {
        copy_gic(b, n, path);
        return true;
    }
    copy_properties(b, n, node);
    if (path->depth != 0 && gives_resources(path)) {
        if (fdt_compatible(&host_fdt, node, "arm,gic-v2m-frame")) {
            dom0_give_msi_frame(b, path);
        } else {
            dom0_give_node(b, path);
        }
    }
    return true;
}

/* All that is copied; the root is still open afterwards. */
static void copy_tree(struct dom0 *b, struct nodes *n)
{
    struct fdt_path path;
    uint32_t open = 0;
    bool copied, more;

    for (more = fdt_walk_first(&host_fdt, &path); more;
         more = fdt_walk_next(&host_fdt, &path, !copied)) {
        for (; open > path.depth; open--) {
            fdt_end_node(&n->w);
        }
        copied = copy_node(b, n, &path);
        open += copied ? 1 : 0;
    }
    for (; open > 1; open--) {
        fdt_end_node(&n->w);
    }
}

static void put_chosen(struct nodes *n, const struct launch *l)
{
    static const char *const seeds[] = {"kaslr-seed", "rng-seed"};
    uint32_t chosen = fdt_find(&host_fdt, "/chosen");
    struct fdt_prop prop;
    size_t i;

    fdt_begin_node(&n->w, "chosen");
    nodes_chosen(n, l);
    for (i = 0; i < ARRAY_SIZE(seeds); i++) {
        if (fdt_get(&host_fdt, chosen, seeds[i], &prop)) {
            fdt_put(&n->w, seeds[i], prop.data, prop.len);
        }
    }
    fdt_end_node(&n->w);
}

static void put_cpus(struct nodes *n, uint32_t count)
{
    static const char generic[] = "arm,armv8";
    uint32_t cpu;
    struct fdt_prop prop = {.data = (const uint8_t *)generic, .len = sizeof(generic)};

    fdt_for_each_child (&host_fdt, cpu, fdt_find(&host_fdt, "/cpus")) {
        if (fdt_get(&host_fdt, cpu, "compatible", &prop)) {
            break;
        }
        prop = (struct fdt_prop){.data = (const uint8_t *)generic, .len = sizeof(generic)};
    }
    nodes_cpus(n, count, (const char *)prop.data, prop.len);
}

/*
 * Where grant tables and foreign frames may go: address space that is neither RAM nor a device, as
 * dom0's own DMA could reach RAM behind a gfn. Without such a hole: the place of Hearth's image.
 */
static void put_dom0_hypervisor(struct dom0 *b, struct nodes *n)
{
    struct launch_bank ranges[2] = {
        {image_to_paddr(_image_start).a,
         ALIGN_UP((uint64_t)(_image_end - _image_start), PAGE_SIZE)},
    };
    uint64_t grants = b->l->domain->config.max_grant_frames * PAGE_SIZE;
    unsigned int count = 1;

    if (dom0_find_hole(b, &ranges[1])) {
        ranges[0] = (struct launch_bank){ranges[1].start, grants};
        ranges[1].start += MiB(128);
        ranges[1].size -= MiB(128);
        count = ranges[1].size != 0 ? 2 : 1;
    }
    nodes_hypervisor(n, ranges, count);
}

static void put_timer(struct nodes *n)
{
    uint32_t node = fdt_find_compatible(&host_fdt, FDT_NONE, "arm,armv8-timer"), frequency;

    if (!fdt_u32(&host_fdt, node, "clock-frequency", &frequency)) {
        frequency = 0;
    }
    nodes_timer(n, frequency);
}

int dom0_fdt(struct dom0 *b, void *buf, uint32_t size, uint32_t *len)
{
    struct nodes n = {.gic_phandle = b->gic_phandle, .gicv2 = b->gic.version == 2};
    struct fdt_path root;

    if (fdt_walk_first(&host_fdt, &root)) {
        fdt_reg_cells(&host_fdt, &root, &n.address_cells, &n.size_cells);
    }
    fdt_write_start(&n.w, buf, size);
    copy_tree(b, &n);
    put_cpus(&n, b->l->domain->max_vcpus);
    nodes_psci(&n);
    put_timer(&n);
    nodes_memory(&n, b->l);
    put_dom0_hypervisor(b, &n);
    put_chosen(&n, b->l);
    fdt_end_node(&n.w);
    return fdt_finish(&n.w, len);
}
