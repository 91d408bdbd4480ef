/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical interrupt controller: GICv2 (IHI 0048B) or GICv3 (IHI 0069), chosen at boot from the
 * device tree. Priority drop and deactivation are separate (EOImode 1), so that the guest's own end
 * of a linked interrupt deactivates the physical one.
 */
#pragma once

#include <hearth/compiler.h>

#define GIC_SGI_IPI        0U /* look at softirqs and at the vCPU's work */
#define GIC_SGI_STOP       1U
#define GIC_PPI_VTIMER     27U
#define GIC_FIRST_SPI      32U
#define GIC_MAX_LINES      1020U
#define GIC_REDIST_REGIONS 4U

struct gic_region {
    uint64_t base;
    uint64_t size;
};

/* Physical places, as the device tree gives them. */
struct gic_platform {
    unsigned int version; /* 2 or 3 */
    unsigned int maintenance_irq;
    struct gic_region dist;
    /* v3 */
    struct gic_region redist[GIC_REDIST_REGIONS];
    unsigned int nr_redist;
    uint64_t redist_stride; /* bytes from one redistributor to the next */
    /* v2: CPU interface, virtual interface control, virtual CPU interface (a guest's GICC) */
    struct gic_region cpu;
    struct gic_region hyp;
    struct gic_region vcpu;
};

/* Finds and resets the GIC, and the boot CPU's part of it; panic() says what is missing. */
void gic_init(void);
/* Every other CPU. Private interrupts that were requested before are enabled here too. */
void gic_init_cpu(void);
/* Makes the other CPUs halt, when they next leave a guest or idle. */
void gic_stop_other_cpus(void);
unsigned int gic_version(void);
unsigned int gic_line_count(void); /* INTIDs from 0 */
/* For dom0's device tree, which has the same places. */
void gic_describe(struct gic_platform *out);
/* Node of the GIC in host_fdt. */
uint32_t gic_node(void);

/* Lines; any context. Private ones (below 32) are this CPU's. */
void gic_enable(unsigned int irq);
void gic_disable(unsigned int irq);
void gic_set_active(unsigned int irq, bool active);
void gic_configure(unsigned int irq, bool edge);
void gic_set_target(unsigned int irq, unsigned int cpu);
