// SPDX-License-Identifier: Apache-2.0
/*
 * GICv2 and GICv3 as a tiny kernel needs them: group 1, one priority, CPU interface by system
 * registers (v3) or by GICC (v2).
 */
#include <guest.h>

#define GICD_CTLR       0x000
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400
#define GICD_IROUTER    0x6000
#define GICD_ITARGETSR  0x800
#define GICD_SGIR       0xf00
#define GICR_WAKER      0x014
#define GICR_SGI_FRAME  0x10000
#define GICR_STRIDE     0x20000
#define GICR_IGROUPR0   0x080
#define GICC_CTLR       0x000
#define GICC_PMR        0x004
#define GICC_IAR        0x00c
#define GICC_EOIR       0x010

uint32_t mmio_read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

void mmio_write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static uint64_t redistributor(void)
{
    return platform.gicr_or_gicc + cpu_number() * (uint64_t)GICR_STRIDE;
}

void gic_init(void)
{
    if (platform.gicd == 0) {
        return;
    }
    mmio_write32(platform.gicd + GICD_CTLR, platform.gic_version == 3 ? 0x12 : 0x1);
}

static void init_cpu_v3(void)
{
    uint64_t rd = redistributor();

    mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~2u);
    while ((mmio_read32(rd + GICR_WAKER) & 4u) != 0) {
        cpu_relax();
    }
    mmio_write32(rd + GICR_SGI_FRAME + GICR_IGROUPR0, ~0u);
    for (unsigned int i = 0; i < 32; i += 4) {
        mmio_write32(rd + GICR_SGI_FRAME + GICD_IPRIORITYR + i, 0xa0a0a0a0);
    }
    mmio_write32(rd + GICR_SGI_FRAME + GICD_ISENABLER, 0xffff);
    sysreg_write("s3_0_c12_c12_5", sysreg_read("s3_0_c12_c12_5") | 1); /* ICC_SRE_EL1 */
    isb();
    sysreg_write("s3_0_c4_c6_0", 0xf0); /* ICC_PMR_EL1 */
    sysreg_write("s3_0_c12_c12_4", 0);  /* ICC_CTLR_EL1 */
    sysreg_write("s3_0_c12_c12_7", 1);  /* ICC_IGRPEN1_EL1 */
    isb();
}

void gic_init_cpu(void)
{
    if (platform.gicd == 0) {
        return;
    }
    if (platform.gic_version == 3) {
        init_cpu_v3();
        return;
    }
    for (unsigned int i = 0; i < 32; i += 4) {
        mmio_write32(platform.gicd + GICD_IPRIORITYR + i, 0xa0a0a0a0);
    }
    mmio_write32(platform.gicd + GICD_ISENABLER, 0xffff);
    mmio_write32(platform.gicr_or_gicc + GICC_PMR, 0xf0);
    mmio_write32(platform.gicr_or_gicc + GICC_CTLR, 1);
}

static uint64_t bank(unsigned int irq)
{
    if (irq < 32 && platform.gic_version == 3) {
        return redistributor() + GICR_SGI_FRAME;
    }
    return platform.gicd;
}

void gic_enable(unsigned int irq)
{
    if (irq >= 32) {
        uint64_t priority = platform.gicd + GICD_IPRIORITYR + (irq & ~3u);

        mmio_write32(priority, 0xa0a0a0a0);
        if (platform.gic_version == 2) {
            mmio_write32(platform.gicd + GICD_ITARGETSR + (irq & ~3u), 0x01010101);
        }
    }
    mmio_write32(bank(irq) + GICD_ISENABLER + irq / 32 * 4, 1u << (irq % 32));
}

void gic_disable(unsigned int irq)
{
    mmio_write32(bank(irq) + GICD_ICENABLER + irq / 32 * 4, 1u << (irq % 32));
}

unsigned int gic_acknowledge(void)
{
    if (platform.gic_version == 3) {
        return (unsigned int)sysreg_read("s3_0_c12_c12_0") & 0xffffff;
    }
    return mmio_read32(platform.gicr_or_gicc + GICC_IAR) & 0x3ff;
}

void gic_end(unsigned int irq)
{
    if (platform.gic_version == 3) {
        sysreg_write("s3_0_c12_c12_1", irq);
        isb();
    } else {
        mmio_write32(platform.gicr_or_gicc + GICC_EOIR, irq);
    }
}

void gic_send_cpu(unsigned int cpu, unsigned int sgi)
{
    dsb();
    if (platform.gic_version == 3) {
        sysreg_write("s3_0_c12_c11_5", ((uint64_t)sgi << 24) | (1u << cpu));
        isb();
    } else {
        mmio_write32(platform.gicd + GICD_SGIR, (1u << (16 + cpu)) | sgi);
    }
}

void gic_send_self(unsigned int sgi)
{
    gic_send_cpu(cpu_number(), sgi);
}
