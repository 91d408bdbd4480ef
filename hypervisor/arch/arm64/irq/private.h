/* SPDX-License-Identifier: Apache-2.0 */
/* Between gic.c and the drivers of the two versions. */
#pragma once

#include <hearth/compiler.h>

#include <asm/gic.h>

struct gic_driver {
    unsigned int (*init)(const struct gic_platform *p); /* returns the number of lines */
    void (*init_cpu)(uint32_t private_lines);
    void (*dispatch)(void);
    /* Base of the distributor registers that have irq: the SGI frame for v3's private ones. */
    void *(*frame)(unsigned int irq);
    void (*set_target)(unsigned int irq, unsigned int cpu);
    void (*send_sgi)(unsigned int cpu, unsigned int sgi);
};

extern const struct gic_driver gic_v2_driver;
extern const struct gic_driver gic_v3_driver;

/* Fills *p from host_fdt and returns the node; panics when there is no GIC that can be used. */
uint32_t gic_probe(struct gic_platform *p);

/* An acknowledged interrupt whose priority was dropped. True: to be deactivated now. */
bool gic_handle(unsigned int intid);

#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ICPENDR    0x280
#define GICD_ISACTIVER  0x300
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xc00

#define GIC_PRIORITY    0xa0U /* of every physical interrupt */
#define GIC_PRIORITY_X4 0xa0a0a0a0U
#define GIC_SPECIAL     1020U /* first INTID that is no interrupt */
#define TYPER_LINES(t)  (32U * (((t)&31U) + 1U))
#define PIDR2_ARCH(p)   ((p) >> 4 & 15U) /* version of the architecture */

static inline uint32_t mmio_read(const void *base, unsigned int offset)
{
    return *(const volatile uint32_t *)(const void *)((const char *)base + offset);
}

static inline void mmio_write(void *base, unsigned int offset, uint32_t value)
{
    *(volatile uint32_t *)(void *)((char *)base + offset) = value;
}

static inline uint64_t mmio_read64(const void *base, unsigned int offset)
{
    return *(const volatile uint64_t *)(const void *)((const char *)base + offset);
}

static inline void mmio_write64(void *base, unsigned int offset, uint64_t value)
{
    *(volatile uint64_t *)(void *)((char *)base + offset) = value;
}
