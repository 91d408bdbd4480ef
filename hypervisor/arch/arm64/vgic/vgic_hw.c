/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interface of this CPU: GICH of GICv2 (IHI 0048B 5.3) by memory, or the ICH system
 * registers of GICv3 (IHI 0069 12.4). List registers are translated from and to GICv3's format.
 */
#include <hearth/arch/mm.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>

#include <asm/gic.h>
#include <asm/sysreg.h>

#include "private.h"

#define HCR_EOICOUNT_SHIFT 27

/* --- GICv3 --- */

#define ICH_AP0R(n)          S3_4_C12_C8_##n
#define ICH_AP1R(n)          S3_4_C12_C9_##n
#define ICH_HCR              S3_4_C12_C11_0
#define ICH_VTR              S3_4_C12_C11_1
#define ICH_VMCR             S3_4_C12_C11_7
#define READ(name)           READ_EXPANDED(name)
#define READ_EXPANDED(n)     read_sysreg(n)
#define WRITE(name, v)       WRITE_EXPANDED(name, v)
#define WRITE_EXPANDED(n, v) write_sysreg(n, v)

/* --- GICv2 --- */

#define GICH_HCR          0x000
#define GICH_VTR          0x004
#define GICH_VMCR         0x008
#define GICH_ELRSR        0x030
#define GICH_APR          0x0f0
#define GICH_LR           0x100

#define V2_SOURCE_SHIFT   10
#define V2_EOI            (1U << 19)
#define V2_PRIORITY_SHIFT 23
#define V2_STATE_SHIFT    28
#define V2_HW             (1U << 31)

static unsigned int nr_aprs __ro_after_init;
static void *gich __ro_after_init;

static uint32_t gich_read(unsigned int offset)
{
    return *(volatile uint32_t *)(void *)((char *)gich + offset);
}

static void gich_write(unsigned int offset, uint32_t value)
{
    *(volatile uint32_t *)(void *)((char *)gich + offset) = value;
}

void vgic_hw_init(void)
{
    struct gic_platform p;
    uint32_t vtr;

    gic_describe(&p);
    vgic_hw.v3 = p.version == 3;
    if (vgic_hw.v3) {
        vtr = (uint32_t)READ(ICH_VTR);
        nr_aprs = 1U << ((vtr >> 26 & 7U) > 4 ? (vtr >> 26 & 7U) - 4 : 0);
        vgic_hw.nr_lrs = (vtr & 31U) + 1;
    } else {
        gich = arch_map_device(paddr(p.hyp.base), p.hyp.size);
        if (gich == NULL) {
            panic("GICv2: cannot map the virtual interface control at %#lx", p.hyp.base);
        }
        vgic_hw.nr_lrs = (gich_read(GICH_VTR) & 63U) + 1;
    }
    vgic_hw.nr_lrs = MIN(vgic_hw.nr_lrs, VGIC_MAX_LRS);
    vgic_hw.nr_quick = vgic_hw.v3 ? MIN(vgic_hw.nr_lrs, 4U) : 0;
}

void vgic_hw_init_cpu(void)
{
    vgic_hw_maintain(0);
    for (unsigned int i = 0; i < vgic_hw.nr_lrs; i++) {
        vgic_hw_lr_write(i, 0);
    }
}

static uint64_t from_v2(uint32_t lr)
{
    uint64_t out = (lr & 0x3ffU) | (uint64_t)(lr >> V2_STATE_SHIFT & 3U) << 62 |
                   (uint64_t)(lr >> V2_PRIORITY_SHIFT & 31U) << (LR_PRIORITY_SHIFT + 3);

    if ((lr & V2_HW) != 0) {
        return out | LR_HW | (uint64_t)(lr >> 10 & 0x3ffU) << LR_PHYSICAL_SHIFT;
    }
    out |= (uint64_t)(lr >> V2_SOURCE_SHIFT & 7U) << LR_SOURCE_SHIFT;
    return (lr & V2_EOI) != 0 ? out | LR_EOI : out;
}

static uint32_t to_v2(uint64_t lr)
{
    uint32_t out = LR_INTID(lr) | (uint32_t)(lr >> 62) << V2_STATE_SHIFT |
                   (LR_PRIORITY(lr) >> 3) << V2_PRIORITY_SHIFT;

    if ((lr & LR_HW) != 0) {
        return out | V2_HW | (uint32_t)(lr >> LR_PHYSICAL_SHIFT & 0x3ffU) << 10;
    }
    return out | LR_SOURCE(lr) << V2_SOURCE_SHIFT | ((lr & LR_EOI) != 0 ? V2_EOI : 0);
}

/* ICH_LR0_EL2 to ICH_LR15_EL2, in two parts: most vCPUs need no more than the first four. */
static noinline uint64_t other_lr_read(unsigned int i)
{
    if (!vgic_hw.v3) {
        return from_v2(gich_read(GICH_LR + 4 * i));
    }
    switch (i) {
    case 4:
        return read_sysreg(S3_4_C12_C12_4);
    case 5:
        return read_sysreg(S3_4_C12_C12_5);
    case 6:
        return read_sysreg(S3_4_C12_C12_6);
    case 7:
        return read_sysreg(S3_4_C12_C12_7);
    case 8:
        return read_sysreg(S3_4_C12_C13_0);
    case 9:
        return read_sysreg(S3_4_C12_C13_1);
    case 10:
        return read_sysreg(S3_4_C12_C13_2);
    case 11:
        return read_sysreg(S3_4_C12_C13_3);
    case 12:
        return read_sysreg(S3_4_C12_C13_4);
    case 13:
        return read_sysreg(S3_4_C12_C13_5);
    case 14:
        return read_sysreg(S3_4_C12_C13_6);
    case 15:
        return read_sysreg(S3_4_C12_C13_7);
    default:
        return 0;
    }
}

static noinline void other_lr_write(unsigned int i, uint64_t lr)
{
    if (!vgic_hw.v3) {
        gich_write(GICH_LR + 4 * i, to_v2(lr));
        return;
    }
    switch (i) {
    case 4:
        write_sysreg(S3_4_C12_C12_4, lr);
        break;
    case 5:
        write_sysreg(S3_4_C12_C12_5, lr);
        break;
    case 6:
        write_sysreg(S3_4_C12_C12_6, lr);
        break;
    case 7:
        write_sysreg(S3_4_C12_C12_7, lr);
        break;
    case 8:
        write_sysreg(S3_4_C12_C13_0, lr);
        break;
    case 9:
        write_sysreg(S3_4_C12_C13_1, lr);
        break;
    case 10:
        write_sysreg(S3_4_C12_C13_2, lr);
        break;
    case 11:
        write_sysreg(S3_4_C12_C13_3, lr);
        break;
    case 12:
        write_sysreg(S3_4_C12_C13_4, lr);
        break;
    case 13:
        write_sysreg(S3_4_C12_C13_5, lr);
        break;
    case 14:
        write_sysreg(S3_4_C12_C13_6, lr);
        break;
    case 15:
        write_sysreg(S3_4_C12_C13_7, lr);
        break;
    default:
        break;
    }
}

uint64_t vgic_hw_lr_read(unsigned int i)
{
    if (unlikely(i >= vgic_hw.nr_quick)) {
        return other_lr_read(i);
    }
    switch (i) {
    case 0:
        return read_sysreg(S3_4_C12_C12_0);
    case 1:
        return read_sysreg(S3_4_C12_C12_1);
    case 2:
        return read_sysreg(S3_4_C12_C12_2);
    case 3:
        return read_sysreg(S3_4_C12_C12_3);
    default:
        return 0;
    }
}

void vgic_hw_lr_write(unsigned int i, uint64_t lr)
{
    if (unlikely(i >= vgic_hw.nr_quick)) {
        other_lr_write(i, lr);
    } else {
        vgic_hw_quick_write(i, lr);
    }
}

uint32_t vgic_hw_empty_lrs(void)
{
    return vgic_hw.v3 ? vgic_hw_quick_empty() : gich_read(GICH_ELRSR);
}

uint32_t vgic_hw_eoi_count(void)
{
    uint32_t hcr = vgic_hw.v3 ? (uint32_t)READ(ICH_HCR) : gich_read(GICH_HCR);
    uint32_t count = hcr >> HCR_EOICOUNT_SHIFT;

    if (count != 0) {
        vgic_hw_maintain(hcr & ~(31U << HCR_EOICOUNT_SHIFT));
    }
    return count;
}

void vgic_hw_maintain(uint32_t hcr)
{
    if (vgic_hw.v3) {
        WRITE(ICH_HCR, hcr);
    } else {
        gich_write(GICH_HCR, hcr);
    }
}

/* 32 preemption levels per register; the highest ones exist only with many priority bits. */
static void aprs_save(struct vgic_cpuif *c)
{
    c->apr0[0] = (uint32_t)READ(ICH_AP0R(0));
    c->apr1[0] = (uint32_t)READ(ICH_AP1R(0));
    if (unlikely(nr_aprs > 1)) {
        c->apr0[1] = (uint32_t)READ(ICH_AP0R(1));
        c->apr1[1] = (uint32_t)READ(ICH_AP1R(1));
    }
    if (unlikely(nr_aprs > 2)) {
        c->apr0[2] = (uint32_t)READ(ICH_AP0R(2));
        c->apr1[2] = (uint32_t)READ(ICH_AP1R(2));
        c->apr0[3] = (uint32_t)READ(ICH_AP0R(3));
        c->apr1[3] = (uint32_t)READ(ICH_AP1R(3));
    }
}

static void aprs_load(const struct vgic_cpuif *c)
{
    WRITE(ICH_AP0R(0), c->apr0[0]);
    WRITE(ICH_AP1R(0), c->apr1[0]);
    if (unlikely(nr_aprs > 1)) {
        WRITE(ICH_AP0R(1), c->apr0[1]);
        WRITE(ICH_AP1R(1), c->apr1[1]);
    }
    if (unlikely(nr_aprs > 2)) {
        WRITE(ICH_AP0R(2), c->apr0[2]);
        WRITE(ICH_AP1R(2), c->apr1[2]);
        WRITE(ICH_AP0R(3), c->apr0[3]);
        WRITE(ICH_AP1R(3), c->apr1[3]);
    }
}

void vgic_hw_save(struct vgic_vcpu *v)
{
    for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
        unsigned int i = vgic_first_bit(rest);

        v->lr[i] = vgic_hw_lr_read(i);
    }
    if (vgic_hw.v3) {
        v->cpuif.vmcr = (uint32_t)READ(ICH_VMCR);
        aprs_save(&v->cpuif);
    } else {
        v->cpuif.vmcr = gich_read(GICH_VMCR);
        v->cpuif.apr0[0] = gich_read(GICH_APR);
    }
    vgic_hw_maintain(0);
}

void vgic_hw_load(struct vgic_vcpu *v)
{
    if (vgic_hw.v3) {
        WRITE(ICH_VMCR, v->cpuif.vmcr);
        aprs_load(&v->cpuif);
    } else {
        gich_write(GICH_VMCR, v->cpuif.vmcr);
        gich_write(GICH_APR, v->cpuif.apr0[0]);
    }
    for (unsigned int i = 0; i < vgic_hw.nr_lrs; i++) {
        vgic_hw_lr_write(i, v->lr[i]);
    }
}

unsigned int vgic_hw_threshold(const struct vgic_vcpu *v)
{
    uint32_t vmcr = v->cpuif.vmcr;

    if (vgic_hw.v3) {
        if (v->cpu != VGIC_NOT_LOADED) {
            vmcr = (uint32_t)READ(ICH_VMCR);
        }
        return (vmcr & 2U) != 0 ? vmcr >> 24 : 0; /* VENG1, VPMR */
    }
    if (v->cpu != VGIC_NOT_LOADED) {
        vmcr = gich_read(GICH_VMCR);
    }
    return (vmcr & 1U) != 0 ? vmcr >> 27 << 3 : 0; /* VMGrp0En, VMPriMask */
}
