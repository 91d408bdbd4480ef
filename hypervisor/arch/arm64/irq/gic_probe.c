/* SPDX-License-Identifier: Apache-2.0 */
/* The GIC in the machine's device tree (bindings arm,gic and arm,gic-v3). */
#include <hearth/bug.h>
#include <hearth/fdt.h>

#include "private.h"

#define CELLS_PPI   1U
#define REDIST_SIZE 0x20000U
#define MIN_GICC    0x2000U /* GICC_DIR is in the second page */
#define MIN_GICD_V2 0x1000U
#define MIN_GICD_V3 0x10000U

static const char *const names_v3[] = {"arm,gic-v3"};
static const char *const names_v2[] = {"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic"};

static uint32_t find(const char *const *names, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        uint32_t n = fdt_find_compatible(&host_fdt, FDT_NONE, names[i]);

        while (n != FDT_NONE && !fdt_available(&host_fdt, n)) {
            n = fdt_find_compatible(&host_fdt, n, names[i]);
        }
        if (n != FDT_NONE) {
            return n;
        }
    }
    return FDT_NONE;
}

static struct gic_region region(const struct fdt_path *path, uint32_t i, const char *what)
{
    struct gic_region r;
    char text[64];

    if (fdt_path_reg(&host_fdt, path, i, &r.base, &r.size) != 0 || r.size == 0) {
        panic("GIC %s: entry %u of reg (%s) is missing or malformed",
              fdt_path_text(&host_fdt, path, text, sizeof(text)), i, what);
    }
    return r;
}

static void maintenance(const struct fdt_path *path, struct gic_platform *p)
{
    struct fdt_interrupt irq;
    char text[64];

    if (fdt_interrupt(&host_fdt, path, 0, &irq) != 0 || irq.nr_cells < 2 ||
        irq.cells[0] != CELLS_PPI || irq.cells[1] >= 16) {
        panic("GIC %s: no maintenance interrupt; virtualization needs one",
              fdt_path_text(&host_fdt, path, text, sizeof(text)));
    }
    p->maintenance_irq = 16 + irq.cells[1];
}

static void probe_v3(const struct fdt_path *path, struct gic_platform *p)
{
    uint32_t n = fdt_path_node(path);
    uint32_t regions = 1;

    if (fdt_has(&host_fdt, n, "#redistributor-regions") &&
        (!fdt_u32(&host_fdt, n, "#redistributor-regions", &regions) || regions == 0 ||
         regions > GIC_REDIST_REGIONS)) {
        panic("GICv3: #redistributor-regions is not 1 to %u", GIC_REDIST_REGIONS);
    }
    if (!fdt_number(&host_fdt, n, "redistributor-stride", &p->redist_stride)) {
        p->redist_stride = 0; /* as GICR_TYPER says */
    }
    p->nr_redist = regions;
    for (uint32_t i = 0; i < regions; i++) {
        p->redist[i] = region(path, 1 + i, "redistributors");
        if (p->redist[i].size < REDIST_SIZE) {
            panic("GICv3: redistributor region %u has %#lx bytes", i, p->redist[i].size);
        }
    }
}

static void probe_v2(const struct fdt_path *path, struct gic_platform *p)
{
    p->cpu = region(path, 1, "CPU interface");
    p->hyp = region(path, 2, "virtual interface control");
    p->vcpu = region(path, 3, "virtual CPU interface");
    if (p->cpu.size < MIN_GICC) {
        panic("GICv2: CPU interface at %#lx has %#lx bytes, without GICC_DIR", p->cpu.base,
              p->cpu.size);
    }
}

uint32_t gic_probe(struct gic_platform *p)
{
    struct fdt_path path;
    uint32_t n = find(names_v3, ARRAY_SIZE(names_v3));

    p->version = 3;
    if (n == FDT_NONE) {
        n = find(names_v2, ARRAY_SIZE(names_v2));
        p->version = 2;
    }
    if (n == FDT_NONE || !fdt_locate(&host_fdt, n, &path)) {
        panic("no usable GIC in the device tree: Hearth needs arm,gic-v3, arm,gic-400 or "
              "arm,cortex-a15-gic");
    }
    p->dist = region(&path, 0, "distributor");
    if (p->dist.size < (p->version == 3 ? MIN_GICD_V3 : MIN_GICD_V2)) {
        panic("GICv%u: distributor at %#lx has %#lx bytes", p->version, p->dist.base, p->dist.size);
    }
    if (p->version == 3) {
        probe_v3(&path, p);
    } else {
        probe_v2(&path, p);
    }
    maintenance(&path, p);
    return n;
}
