/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dom0's devices: register ranges mapped one to one, interrupts routed with their own numbers.
 * Whatever Hearth keeps (RAM, interrupt controller, UART, IOMMUs) is cut out of every range, so
 * that no node of the host's tree can give it away.
 */
#include <hearth/arch/mm.h>
#include <hearth/bootmem.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/irq.h>
#include <hearth/p2m.h>
#include <hearth/string.h>

#include "private.h"

#define SPI_CELLS  3U
#define SPI        0U
#define V2M_TYPER  8U /* MSI_TYPER of a GICv2m frame: base in 25:16, count in 9:0 */
#define HOLE_ALIGN GiB(1)
#define HOLE_MIN   MiB(128)
#define HOLE_MAX   GiB(64)

static void add_range(struct range_list *list, uint64_t start, uint64_t size)
{
    uint64_t end;

    if (size == 0 || !checked_add(start, size, &end) || end > UINT64_MAX - PAGE_SIZE) {
        return;
    }
    if (list->count == DOM0_RANGES) {
        list->full = true;
        return;
    }
    start = ALIGN_DOWN(start, PAGE_SIZE);
    list->range[list->count++] = (struct launch_bank){start, ALIGN_UP(end, PAGE_SIZE) - start};
}

/* The range of the list that begins first of those that overlap [start, end); NULL: none. */
static const struct launch_bank *first_overlap(const struct range_list *list, uint64_t start,
                                               uint64_t end)
{
    const struct launch_bank *first = NULL;
    unsigned int i;

    for (i = 0; i < list->count; i++) {
        const struct launch_bank *r = &list->range[i];

        if (r->start < end && start < r->start + r->size &&
            (first == NULL || r->start < first->start)) {
            first = r;
        }
    }
    return first;
}

static void add_node(struct range_list *list, const struct fdt_path *path)
{
    uint64_t start, size;
    uint32_t i;

    for (i = 0; fdt_path_reg(&host_fdt, path, i, &start, &size) == 0; i++) {
        add_range(list, start, size);
    }
}

/* XEN-ABI: RAM but for /reserved-memory, which dom0 finds in its tree and gets one to one. */
static void keep_ram(struct dom0 *b, const struct mem_range *bank)
{
    uint64_t from = bank->start, at = from;
    const struct mem_range *r;
    const char *what;

    while (at < bank->end && (r = bootmem_overlap(at, bank->end - at, &what)) != NULL) {
        at = MAX(at, r->end);
        if (strcmp(what, RESERVED_MEMORY) == 0) {
            add_range(&b->kept, from, MAX(from, r->start) - from);
            from = at;
        }
    }
    if (from < bank->end) {
        add_range(&b->kept, from, bank->end - from);
    }
}

void dom0_devices_init(struct dom0 *b)
{
    const struct mem_range *banks;
    struct fdt_path path;
    enum node_fate fate;
    unsigned int i, count;
    bool more;

    gic_describe(&b->gic);
    b->gic_phandle = fdt_phandle(&host_fdt, gic_node());
    add_range(&b->kept, b->gic.dist.base, b->gic.dist.size);
    add_range(&b->kept, b->gic.cpu.base, b->gic.cpu.size);
    add_range(&b->kept, b->gic.hyp.base, b->gic.hyp.size);
    add_range(&b->kept, b->gic.vcpu.base, b->gic.vcpu.size);
    for (i = 0; i < b->gic.nr_redist; i++) {
        add_range(&b->kept, b->gic.redist[i].base, b->gic.redist[i].size);
    }
    count = bootmem_banks(&banks);
    for (i = 0; i < count; i++) {
        keep_ram(b, &banks[i]);
    }
    for (more = fdt_walk_first(&host_fdt, &path); more;
         more = fdt_walk_next(&host_fdt, &path, false)) {
        fate = dom0_node_fate(&path);
        if (fate == NODE_KEEP || fate == NODE_IOMMU) {
            add_node(&b->kept, &path);
        }
    }
    if (b->kept.full) {
        panic("the device tree has more than %u ranges that dom0 must not get", DOM0_RANGES);
    }
}

/*
 * Maps [start, end), pages; what lies above dom0's address space is left out. XEN-ABI: memory types
 * are what dom0's own tables say, so that it can combine writes.
 */
static void map_pages(struct dom0 *b, uint64_t start, uint64_t end)
{
    struct p2m *p2m = b->l->domain->p2m[0];
    uint64_t first = start >> PAGE_SHIFT;
    uint64_t last = MIN(end >> PAGE_SHIFT, p2m->max_gfn);
    int rc = -ERANGE;

    if (first < last) {
        rc = p2m_map(p2m, gfn(first), mfn(first), last - first, P2M_MMIO, P2M_RW);
    }
    if (rc != 0) {
        printk(LOG_WARNING, "dom0: device range 0x%llx to 0x%llx is not mapped: error %d\n",
               (unsigned long long)start, (unsigned long long)end, rc);
    }
}

static void give_range(struct dom0 *b, uint64_t start, uint64_t size)
{
    const struct launch_bank *kept;
    uint64_t end;

    if (size == 0 || !checked_add(start, size, &end) || end > UINT64_MAX - PAGE_SIZE) {
        return;
    }
    add_range(&b->mapped, start, size);
    start = ALIGN_DOWN(start, PAGE_SIZE);
    end = ALIGN_UP(end, PAGE_SIZE);
    while (start < end && (kept = first_overlap(&b->kept, start, end)) != NULL) {
        if (start < kept->start) {
            map_pages(b, start, kept->start);
        }
        start = kept->start + kept->size;
    }
    if (start < end) {
        map_pages(b, start, end);
    }
}

static void route(struct dom0 *b, uint32_t irq)
{
    int rc;

    if (irq < GIC_FIRST_SPI || irq >= MIN(gic_line_count(), GIC_MAX_LINES) ||
        bit_test(b->routed, irq)) {
        return;
    }
    bit_set(b->routed, irq);
    rc = irq_route_to_domain(irq, b->l->domain, irq);
    if (rc != 0 && rc != -EBUSY) { /* busy: it is Hearth's own */
        printk(LOG_WARNING, "dom0: interrupt %u cannot be routed: error %d\n", irq, rc);
    }
}

/* Type, number, trigger. The trigger is what the guest will configure. */
static void route_cells(struct dom0 *b, const uint8_t *cells)
{
    uint32_t number = fdt_be32(cells + 4);

    if (fdt_be32(cells) == SPI && number < GIC_MAX_LINES) {
        route(b, number + GIC_FIRST_SPI);
    }
}

static bool gic_is_parent(const struct dom0 *b, const struct fdt_path *path)
{
    uint32_t phandle, i;

    for (i = path->depth + 1; i-- > 0;) {
        if (fdt_u32(&host_fdt, path->node[i], "interrupt-parent", &phandle)) {
            return phandle == b->gic_phandle;
        }
    }
    return false;
}

static void give_interrupts(struct dom0 *b, const struct fdt_path *path)
{
    struct fdt_interrupt entry;
    struct fdt_prop prop;
    uint32_t i;

    if (fdt_get(&host_fdt, fdt_path_node(path), "interrupts-extended", &prop)) {
        for (i = 0; fdt_interrupt(&host_fdt, path, i, &entry) == 0; i++) {
            if (entry.parent == gic_node() && entry.cells[0] == SPI &&
                entry.cells[1] < GIC_MAX_LINES) {
                route(b, entry.cells[1] + GIC_FIRST_SPI);
            }
        }
    } else if (fdt_get(&host_fdt, fdt_path_node(path), "interrupts", &prop) &&
               gic_is_parent(b, path)) {
        for (i = 0; prop.len - i >= 4 * SPI_CELLS; i += 4 * SPI_CELLS) {
            route_cells(b, prop.data + i);
        }
    }
}

/* Windows of a PCI host bridge: child address (3 cells), parent address, size. */
static void give_pci_windows(struct dom0 *b, const struct fdt_path *path)
{
    struct fdt_path bus = *path;
    struct fdt_prop ranges;
    uint32_t parent_cells, unused, at, step;
    uint64_t start, size;

    if (path->depth == 0 || !fdt_get(&host_fdt, fdt_path_node(path), "ranges", &ranges)) {
        return;
    }
    fdt_reg_cells(&host_fdt, path, &parent_cells, &unused);
    if (parent_cells == 0 || parent_cells > 2) {
        return;
    }
    bus.depth--;
    step = 4 * (3 + parent_cells + 2);
    for (at = 0; range_fits(at, step, ranges.len); at += step) {
        start = fdt_cells(ranges.data + at + 12, parent_cells);
        size = fdt_cells(ranges.data + at + 12 + 4 * (size_t)parent_cells, 2);
        if (fdt_translate(&host_fdt, &bus, &start, size) == 0) {
            give_range(b, start, size);
        }
    }
}

/*
 * interrupt-map: child address and specifier, parent's phandle, parent's address and specifier.
 * Maps to other controllers than the GIC end the list: their cells are not looked up.
 */
static void give_interrupt_map(struct dom0 *b, const struct fdt_path *path)
{
    uint32_t node = fdt_path_node(path), child_cells, specifier, gic_cells = 0, at, step;
    struct fdt_prop map;

    if (!fdt_get(&host_fdt, node, "interrupt-map", &map) ||
        !fdt_u32(&host_fdt, node, "#address-cells", &child_cells) ||
        !fdt_u32(&host_fdt, node, "#interrupt-cells", &specifier) || child_cells > 3 ||
        specifier > 4) {
        return;
    }
    if (fdt_u32(&host_fdt, gic_node(), "#address-cells", &gic_cells) && gic_cells > 2) {
        return;
    }
    child_cells = 4 * (child_cells + specifier);
    step = child_cells + 4 * (1 + gic_cells + SPI_CELLS);
    for (at = 0; range_fits(at, step, map.len); at += step) {
        if (fdt_be32(map.data + at + child_cells) != b->gic_phandle) {
            return;
        }
        route_cells(b, map.data + at + child_cells + 4 * (1 + (size_t)gic_cells));
    }
}

void dom0_give_node(struct dom0 *b, const struct fdt_path *path)
{
    const char *type = fdt_string(&host_fdt, fdt_path_node(path), "device_type");
    uint64_t start, size;
    uint32_t i;
    int rc;

    for (i = 0; (rc = fdt_path_reg(&host_fdt, path, i, &start, &size)) == 0; i++) {
        give_range(b, start, size);
    }
    give_interrupts(b, path);
    if (type != NULL && strcmp(type, "pci") == 0) {
        give_pci_windows(b, path);
    }
    give_interrupt_map(b, path);
}

void dom0_give_gic(struct dom0 *b)
{
    struct domain *d = b->l->domain;
    uint32_t left = d->max_vcpus;
    unsigned int i;
    uint64_t count;
    int rc = 0;

    vgic_set_dist(d, gaddr(b->gic.dist.base));
    if (b->gic.version == 2) {
        count = MIN(b->gic.cpu.size, b->gic.vcpu.size) >> PAGE_SHIFT;
        rc = p2m_map(d->p2m[0], gfn(b->gic.cpu.base >> PAGE_SHIFT),
                     mfn(b->gic.vcpu.base >> PAGE_SHIFT), count, P2M_MMIO, P2M_RW | P2M_DEVICE);
    }
    for (i = 0; i < b->gic.nr_redist && left != 0 && rc == 0; i++) {
        count = MIN(b->gic.redist[i].size / KiB(128), left);
        rc = vgic_add_redist(d, gaddr(b->gic.redist[i].base), (unsigned int)count);
        left -= (uint32_t)count;
    }
    if (rc != 0) {
        panic("dom0: its interrupt controller cannot be made: error %d", rc);
    }
}

/* The SPIs behind an MSI frame: by its properties, else by its own register. */
void dom0_give_msi_frame(struct dom0 *b, const struct fdt_path *path)
{
    uint32_t base, count, i;
    uint64_t start, size;
    const uint8_t *frame;

    if (fdt_path_reg(&host_fdt, path, 0, &start, &size) != 0 || size < PAGE_SIZE) {
        return;
    }
    give_range(b, start, size);
    if (!fdt_u32(&host_fdt, fdt_path_node(path), "arm,msi-base-spi", &base) ||
        !fdt_u32(&host_fdt, fdt_path_node(path), "arm,msi-num-spis", &count)) {
        frame = arch_map_device(paddr(start), PAGE_SIZE);
        if (frame == NULL) {
            return;
        }
        base = *(const volatile uint32_t *)(const void *)(frame + V2M_TYPER);
        count = base & 0x3ff;
        base = base >> 16 & 0x3ff;
    }
    for (i = 0; i < count && i < GIC_MAX_LINES && base < GIC_MAX_LINES; i++) {
        route(b, base + i);
    }
}

/* First address at or after `at` that nothing of the lists covers, aligned. */
static uint64_t skip_used(const struct dom0 *b, uint64_t at)
{
    const struct launch_bank *r;

    while ((r = first_overlap(&b->kept, at, at + HOLE_MIN)) != NULL ||
           (r = first_overlap(&b->mapped, at, at + HOLE_MIN)) != NULL) {
        at = ALIGN_UP(r->start + r->size, HOLE_ALIGN);
    }
    return at;
}

bool dom0_find_hole(const struct dom0 *b, struct launch_bank *hole)
{
    uint64_t limit = b->l->domain->p2m[0]->max_gfn << PAGE_SHIFT;
    const struct launch_bank *kept, *mapped;
    uint64_t at, end;

    *hole = (struct launch_bank){0, 0};
    for (at = skip_used(b, HOLE_ALIGN); !b->mapped.full && at < limit; at = skip_used(b, end)) {
        end = MIN(limit, at + HOLE_MAX);
        kept = first_overlap(&b->kept, at, end);
        end = kept != NULL ? kept->start : end;
        mapped = first_overlap(&b->mapped, at, end);
        end = mapped != NULL ? mapped->start : end;
        end = ALIGN_DOWN(end, HOLE_MIN);
        if (end > at && end - at > hole->size) {
            *hole = (struct launch_bank){at, end - at};
        }
        end = ALIGN_UP(MAX(end, at + 1), HOLE_ALIGN);
    }
    return hole->size >= HOLE_MIN;
}
