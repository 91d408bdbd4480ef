/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 host driver: GICD and GICC (IHI 0048B chapter 4). The virtual interface is vgic_hw.c's. */
#include <hearth/arch/mm.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>

#include <asm/sysreg.h>

#include "private.h"

#define GICD_SGIR    0xf00
#define GICD_PIDR2   0xfe8
#define GICC_CTLR    0x0000
#define GICC_PMR     0x0004
#define GICC_BPR     0x0008
#define GICC_IAR     0x000c
#define GICC_EOIR    0x0010
#define GICC_APR     0x00d0
#define GICC_IIDR    0x00fc
#define GICC_DIR     0x1000

#define CTLR_ENABLE  1U
#define CTLR_EOIMODE (1U << 9)
#define INTID(iar)   ((iar)&0x3ffU)
#define IIDR_ARCH(i) ((i) >> 16 & 15U)

static void *dist __ro_after_init;
static void *cpuif __ro_after_init;

static void *map(const struct gic_region *r, const char *what)
{
    void *va = arch_map_device(paddr(r->base), r->size);

    if (va == NULL) {
        panic("GICv2: cannot map the %s at %#lx", what, r->base);
    }
    return va;
}

static void check_version(unsigned int version, const char *what, uint64_t base)
{
    if (version != 2) {
        panic("GICv2: no %s at %#lx: its identification has version %u", what, base, version);
    }
}

/* This CPU's bit in target lists, which the private ITARGETSR read as. */
static uint8_t own_mask(void)
{
    uint32_t mask = 0;

    for (unsigned int i = 0; i < 8 && mask == 0; i++) {
        mask = mmio_read(dist, GICD_ITARGETSR + 4 * i);
        mask = (mask | mask >> 8 | mask >> 16 | mask >> 24) & 0xffU;
    }
    return mask != 0 ? (uint8_t)mask : 1; /* reads as zero where there is one CPU */
}

static unsigned int init(const struct gic_platform *p)
{
    unsigned int count;
    uint32_t targets;

    dist = map(&p->dist, "distributor");
    cpuif = map(&p->cpu, "CPU interface");
    check_version(PIDR2_ARCH(mmio_read(dist, GICD_PIDR2)), "distributor", p->dist.base);
    check_version(IIDR_ARCH(mmio_read(cpuif, GICC_IIDR)), "CPU interface", p->cpu.base);
    count = MIN(TYPER_LINES(mmio_read(dist, GICD_TYPER)), GIC_MAX_LINES);
    targets = own_mask() * 0x01010101U;
    mmio_write(dist, GICD_CTLR, 0);
    for (unsigned int i = GIC_FIRST_SPI; i < count; i += 32) {
        mmio_write(dist, GICD_ICENABLER + i / 8, ~0U);
        mmio_write(dist, GICD_ICPENDR + i / 8, ~0U);
        mmio_write(dist, GICD_ICACTIVER + i / 8, ~0U);
    }
    for (unsigned int i = GIC_FIRST_SPI; i < count; i += 4) {
        mmio_write(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
        mmio_write(dist, GICD_ITARGETSR + i, targets);
    }
    mmio_write(dist, GICD_CTLR, CTLR_ENABLE);
    return count;
}

static void init_cpu(uint32_t private_lines)
{
    this_cpu()->arch.gic_private = own_mask();
    mmio_write(dist, GICD_ICENABLER, 0xffff0000U);
    mmio_write(dist, GICD_ICACTIVER, ~0U);
    for (unsigned int i = 0; i < 32; i += 4) {
        mmio_write(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    mmio_write(dist, GICD_ISENABLER, private_lines | 0xffffU);
    for (unsigned int i = 0; i < 4; i++) {
        mmio_write(cpuif, GICC_APR + 4 * i, 0);
    }
    mmio_write(cpuif, GICC_PMR, 0xff);
    mmio_write(cpuif, GICC_BPR, 0);
    mmio_write(cpuif, GICC_CTLR, CTLR_ENABLE | CTLR_EOIMODE);
}

static void dispatch(void)
{
    for (;;) {
        uint32_t iar = mmio_read(cpuif, GICC_IAR);

        if (INTID(iar) >= GIC_SPECIAL) {
            break;
        }
        mmio_write(cpuif, GICC_EOIR, iar);
        if (gic_handle(INTID(iar))) {
            mmio_write(cpuif, GICC_DIR, iar);
        }
    }
}

static void *frame(unsigned int irq)
{
    (void)irq;
    return dist;
}

static void set_target(unsigned int irq, unsigned int cpu)
{
    volatile uint8_t *target = (volatile uint8_t *)dist + GICD_ITARGETSR + irq;

    *target = (uint8_t)cpus[cpu]->arch.gic_private;
}

static void send_sgi(unsigned int cpu, unsigned int sgi)
{
    dsb_ishst(); /* what the other CPU is to see, before the interrupt */
    mmio_write(dist, GICD_SGIR, (uint32_t)cpus[cpu]->arch.gic_private << 16 | sgi);
}

const struct gic_driver gic_v2_driver = {
    .init = init,
    .init_cpu = init_cpu,
    .dispatch = dispatch,
    .frame = frame,
    .set_target = set_target,
    .send_sgi = send_sgi,
};
