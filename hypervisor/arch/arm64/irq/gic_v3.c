/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 host driver: distributor, redistributors, system registers (IHI 0069 chapter 12). */
#include <hearth/arch/mm.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>

#include <asm/sysreg.h>

#include "private.h"

#define GICD_CTLR_RWP    (1U << 31)
#define GICD_CTLR_ARE    (1U << 4)
#define GICD_CTLR_GRP1   0x3U /* EnableGrp1, EnableGrp1A: right for one and for two states */
#define GICD_IGRPMODR    0xd00
#define GICD_IROUTER     0x6000
#define GICR_CTLR        0x0000
#define GICR_CTLR_RWP    (1U << 3)
#define GICR_TYPER       0x0008
#define GICR_TYPER_VLPIS (1ULL << 1)
#define GICR_TYPER_LAST  (1ULL << 4)
#define GICR_WAKER       0x0014
#define WAKER_SLEEP      (1U << 1)
#define WAKER_ASLEEP     (1U << 2)
#define GIC_PIDR2        0xffe8U /* of both kinds of frame */
#define SGI_FRAME        0x10000U
#define REDIST_SIZE      0x20000U
#define REDIST_SIZE_V4   0x40000U
#define WAIT_POLLS       (1U << 20)

#define ICC_CTLR_EOIMODE (1UL << 1)
#define ICC_SRE_ALL      7UL /* SRE, DFB, DIB */

static void *dist __ro_after_init;
static void *redist[GIC_REDIST_REGIONS] __ro_after_init;
static struct gic_platform places __ro_after_init;

static void *map(const struct gic_region *r, const char *what)
{
    void *va = arch_map_device(paddr(r->base), r->size);
    unsigned int arch;

    if (va == NULL) {
        panic("GICv3: cannot map the %s at %#lx", what, r->base);
    }
    arch = PIDR2_ARCH(mmio_read(va, GIC_PIDR2));
    if (arch != 3 && arch != 4) {
        panic("GICv3: no %s at %#lx: its PIDR2 has version %u", what, r->base, arch);
    }
    return va;
}

static void wait_clear(const void *frame, unsigned int reg, uint32_t bit)
{
    for (unsigned int i = 0; (mmio_read(frame, reg) & bit) != 0; i++) {
        if (i == WAIT_POLLS) {
            panic("GICv3: bit %#x of register %#x stays set, CPU %u", bit, reg, this_cpu_id());
        }
    }
}

static void wait_dist(void)
{
    wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP);
}

/* The affinity fields of an MPIDR as GICD_IROUTER has them. */
static uint64_t affinity(unsigned int cpu)
{
    return cpus[cpu]->arch.hwid & 0xff00ffffffULL;
}

static unsigned int init(const struct gic_platform *p)
{
    unsigned int count;

    places = *p;
    dist = map(&p->dist, "distributor");
    for (unsigned int i = 0; i < p->nr_redist; i++) {
        redist[i] = map(&p->redist[i], "redistributors");
    }
    count = MIN(TYPER_LINES(mmio_read(dist, GICD_TYPER)), GIC_MAX_LINES);
    mmio_write(dist, GICD_CTLR, 0);
    wait_dist();
    for (unsigned int i = GIC_FIRST_SPI; i < count; i += 32) {
        mmio_write(dist, GICD_ICENABLER + i / 8, ~0U);
        mmio_write(dist, GICD_ICPENDR + i / 8, ~0U);
        mmio_write(dist, GICD_ICACTIVER + i / 8, ~0U);
        mmio_write(dist, GICD_IGROUPR + i / 8, ~0U);
        mmio_write(dist, GICD_IGRPMODR + i / 8, 0);
    }
    for (unsigned int i = GIC_FIRST_SPI; i < count; i += 4) {
        mmio_write(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    wait_dist();
    mmio_write(dist, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
    wait_dist();
    for (unsigned int i = GIC_FIRST_SPI; i < count; i++) {
        mmio_write64(dist, GICD_IROUTER + 8 * i, affinity(0));
    }
    return count;
}

/* This CPU's redistributor: the one whose GICR_TYPER has its affinity. */
static char *find_redist(void)
{
    uint64_t id = affinity(this_cpu_id());
    uint32_t want = (uint32_t)(id & 0xffffffU) | (uint32_t)(id >> 32) << 24;

    for (unsigned int i = 0; i < places.nr_redist; i++) {
        uint64_t off = 0;

        while (off + REDIST_SIZE <= places.redist[i].size) {
            char *rd = (char *)redist[i] + off;
            uint64_t typer = mmio_read64(rd, GICR_TYPER);

            if (typer >> 32 == want) {
                return rd;
            }
            if ((typer & GICR_TYPER_LAST) != 0) {
                break;
            }
            off += places.redist_stride != 0         ? places.redist_stride
                   : (typer & GICR_TYPER_VLPIS) != 0 ? REDIST_SIZE_V4
                                                     : REDIST_SIZE;
        }
    }
    panic("GICv3: no redistributor for CPU %u (affinity %#lx)", this_cpu_id(), id);
}

static void init_redist(char *rd, uint32_t private_lines)
{
    char *sgi = rd + SGI_FRAME;

    mmio_write(rd, GICR_WAKER, mmio_read(rd, GICR_WAKER) & ~WAKER_SLEEP);
    wait_clear(rd, GICR_WAKER, WAKER_ASLEEP);
    mmio_write(sgi, GICD_ICENABLER, ~0U);
    mmio_write(sgi, GICD_ICACTIVER, ~0U);
    mmio_write(sgi, GICD_IGROUPR, ~0U);
    mmio_write(sgi, GICD_IGRPMODR, 0);
    for (unsigned int i = 0; i < 32; i += 4) {
        mmio_write(sgi, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    mmio_write(sgi, GICD_ISENABLER, private_lines | 0xffffU);
    wait_clear(rd, GICR_CTLR, GICR_CTLR_RWP);
}

static void init_cpu(uint32_t private_lines)
{
    char *rd = find_redist();

    this_cpu()->arch.gic_redist = rd;
    init_redist(rd, private_lines);
    /* ICC_SRE_EL2: Enable stays 0, a guest's ICC_SRE_EL1 traps where the hardware has a choice. */
    write_sysreg(S3_4_C12_C9_5, ICC_SRE_ALL);
    isb();
    if ((read_sysreg(S3_4_C12_C9_5) & 1) == 0) {
        panic("GICv3: CPU %u has no system register interface at EL2", this_cpu_id());
    }
    write_sysreg(S3_0_C12_C12_5, ICC_SRE_ALL); /* ICC_SRE_EL1, for all guests */
    isb();
    write_sysreg(S3_0_C4_C6_0, 0xff);               /* ICC_PMR_EL1 */
    write_sysreg(S3_0_C12_C12_3, 0);                /* ICC_BPR1_EL1 */
    write_sysreg(S3_0_C12_C12_4, ICC_CTLR_EOIMODE); /* ICC_CTLR_EL1 */
    write_sysreg(S3_0_C12_C12_7, 1);                /* ICC_IGRPEN1_EL1 */
    isb();
}

static void dispatch(void)
{
    for (;;) {
        uint64_t intid = read_sysreg(S3_0_C12_C12_0) & 0xffffffU; /* ICC_IAR1_EL1 */

        if (intid >= GIC_SPECIAL) {
            break;
        }
        dsb_sy();                            /* acknowledged before the device is touched */
        write_sysreg(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1: priority drop */
        if (gic_handle((unsigned int)intid)) {
            write_sysreg(S3_0_C12_C11_1, intid); /* ICC_DIR_EL1 */
        }
        isb(); /* the next acknowledge sees the lower running priority */
    }
}

static void *frame(unsigned int irq)
{
    return irq < GIC_FIRST_SPI ? (char *)this_cpu()->arch.gic_redist + SGI_FRAME : dist;
}

static void set_target(unsigned int irq, unsigned int cpu)
{
    mmio_write64(dist, GICD_IROUTER + 8 * irq, affinity(cpu));
}

/* ICC_SGI1R_EL1: Aff3, Aff2, Aff1, RS (a group of 16 in Aff0), list, INTID. */
static void send_sgi(unsigned int cpu, unsigned int sgi)
{
    uint64_t id = affinity(cpu);

    dsb_ishst(); /* what the other CPU is to see, before the interrupt */
    write_sysreg(S3_0_C12_C11_5, (id >> 32 & 0xff) << 48 | (id >> 16 & 0xff) << 32 |
                                     (id >> 8 & 0xff) << 16 | (id >> 4 & 0xf) << 44 |
                                     1UL << (id & 0xf) | (uint64_t)sgi << 24);
    isb();
}

const struct gic_driver gic_v3_driver = {
    .init = init,
    .init_cpu = init_cpu,
    .dispatch = dispatch,
    .frame = frame,
    .set_target = set_target,
    .send_sgi = send_sgi,
};
