/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware beneath the virtual GIC, as fake_vgic.h models it. */
#pragma once

#include <hearth/compiler.h>

struct vgic_vcpu;

unsigned int vgic_hw_cpu(void);
unsigned int vgic_hw_nr_lrs(void);
uint32_t vgic_hw_empty_lrs(void);
unsigned int vgic_hw_nr_quick(void);
uint32_t vgic_hw_quick_empty(void);
void vgic_hw_quick_write(unsigned int i, uint64_t lr);
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
