/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the virtual GIC's logic needs of the hardware, implemented by vgic/vgic_hw.c and
 * vgic/vgic.c; unit tests have their own header of this name and a model behind it.
 * List registers and maintenance are this CPU's; LR in GICv3's format.
 */
#pragma once

#include <hearth/cpu.h>

#include <asm/sysreg.h>

struct vgic_vcpu;

struct vgic_hw {
    bool v3;
    unsigned int nr_lrs;
    unsigned int nr_quick; /* of v3, read and written without a search */
};
extern struct vgic_hw vgic_hw; /* constant after start-up */

static inline unsigned int vgic_hw_cpu(void)
{
    return this_cpu_id();
}

static inline unsigned int vgic_hw_nr_lrs(void)
{
    return vgic_hw.nr_lrs;
}

/* Bit per list register: no state in it, and no maintenance due for its end. */
uint32_t vgic_hw_empty_lrs(void);
/* The same, and lr_write, without a call, for i < vgic_hw_nr_quick(). */
static always_inline unsigned int vgic_hw_nr_quick(void)
{
    return vgic_hw.nr_quick;
}

static always_inline uint32_t vgic_hw_quick_empty(void)
{
    return (uint32_t)read_sysreg(S3_4_C12_C11_5);
}

static always_inline void vgic_hw_quick_write(unsigned int i, uint64_t lr)
{
    if (i == 0) {
        write_sysreg(S3_4_C12_C12_0, lr);
    } else if (i == 1) {
        write_sysreg(S3_4_C12_C12_1, lr);
    } else if (i == 2) {
        write_sysreg(S3_4_C12_C12_2, lr);
    } else {
        write_sysreg(S3_4_C12_C12_3, lr);
    }
}

uint64_t vgic_hw_lr_read(unsigned int i);
void vgic_hw_lr_write(unsigned int i, uint64_t lr);
uint32_t vgic_hw_eoi_count(void); /* ends without list register since the last call */
void vgic_hw_maintain(uint32_t hcr);
/* CPU interface and all list registers from and to v; _save disables the virtual interface. */
void vgic_hw_save(struct vgic_vcpu *v);
void vgic_hw_load(struct vgic_vcpu *v);
/* Interrupts of lower priority value than this would be signalled; 0: none. v is reachable. */
unsigned int vgic_hw_threshold(const struct vgic_vcpu *v);
/* Physical interrupts. A private one is of this CPU. */
void vgic_hw_enable(unsigned int pirq);
void vgic_hw_disable(unsigned int pirq);
void vgic_hw_set_active(unsigned int pirq, bool active);
void vgic_hw_configure(unsigned int pirq, bool edge);
void vgic_hw_set_target(unsigned int pirq, struct vgic_vcpu *v);
/* v must look at its interrupts: wakes it, or (v->resync) makes it run vgic_sync() soon. */
void vgic_notify(struct vgic_vcpu *v);
/* v is loaded here and has something pending: wakes it if it blocks. */
void vgic_wake(struct vgic_vcpu *v);
