/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of arch/arm64/launch. */
#pragma once

#include <hearth/bitmap.h>
#include <hearth/launch.h>

#include <asm/gic.h>

/* public/arch-arm.h: interrupts of the virtual machine, as SPI and PPI numbers of a GIC's cells. */
#define PPI_CELL(intid)   ((intid)-16U)
#define TIMER_PHYS_S      29U
#define TIMER_PHYS_NS     30U
#define TIMER_VIRT        27U
#define TIMER_HYP         26U
#define EVTCHN_PPI        31U

#define GUEST_GIC_PHANDLE 65000U /* XEN-ABI: as Xen numbers it */

/* What the generated nodes have in common. */
struct nodes {
    struct fdt_writer w;
    uint32_t address_cells; /* of the root */
    uint32_t size_cells;
    uint32_t gic_phandle;
    bool gicv2;
};

void nodes_put_reg(struct nodes *n, const struct launch_bank *ranges, unsigned int count);
void nodes_cpus(struct nodes *n, uint32_t count, const char *compatible, uint32_t compatible_len);
void nodes_psci(struct nodes *n);
/* clock_frequency 0: firmware has set CNTFRQ. */
void nodes_timer(struct nodes *n, uint32_t clock_frequency);
/* ranges[0] is where the grant table goes, the others are unused address space. */
void nodes_hypervisor(struct nodes *n, const struct launch_bank *ranges, unsigned int count);
void nodes_memory(struct nodes *n, const struct launch *l);
/* Properties of /chosen that Linux reads, without beginning or ending the node. */
void nodes_chosen(struct nodes *n, const struct launch *l);
/* "name@unit" */
void nodes_begin_at(struct nodes *n, const char *name, uint64_t unit);

/* --- dom0 --- */

#define DOM0_RANGES 256U

struct range_list {
    struct launch_bank range[DOM0_RANGES];
    unsigned int count;
    bool full; /* not all were kept */
};

struct dom0 {
    struct launch *l;
    struct gic_platform gic;
    struct range_list kept;   /* devices of Hearth's own, and RAM: never mapped as devices */
    struct range_list mapped; /* devices of dom0 */
    uint32_t gic_phandle;
    bool hides_iommu;
    DECLARE_BITMAP(routed, GIC_MAX_LINES);
};

/* What becomes of a node of the host's tree. */
enum node_fate {
    NODE_COPY = 0,
    NODE_GIC,     /* rewritten */
    NODE_REPLACE, /* left out, another one is made */
    NODE_KEEP,    /* left out: Hearth's */
    NODE_IOMMU,   /* left out, with a warning */
};
enum node_fate dom0_node_fate(const struct fdt_path *path);

/* Finds what Hearth keeps. */
void dom0_devices_init(struct dom0 *b);
/* Maps and routes what a copied node describes. */
void dom0_give_node(struct dom0 *b, const struct fdt_path *path);
/* GICC, MSI frames. */
void dom0_give_gic(struct dom0 *b);
void dom0_give_msi_frame(struct dom0 *b, const struct fdt_path *path);
/* Unused guest-physical space: at least 128 MiB. False: none. */
bool dom0_find_hole(const struct dom0 *b, struct launch_bank *hole) must_check;

/* dom0's device tree into buf; *len. Maps and routes devices on the way. */
int dom0_fdt(struct dom0 *b, void *buf, uint32_t size, uint32_t *len) must_check;
int guest_fdt(const struct launch *l, void *buf, uint32_t size, uint32_t *len) must_check;

void dom0_build(struct launch *l);
int guest_build(struct launch *l) must_check;

/* Checks the kernel, places all parts; loads them after the tree is known. Messages are printed. */
int load_place(struct launch *l, uint64_t fdt_size) must_check;
int load_parts(struct launch *l, const void *fdt, uint32_t fdt_len) must_check;
