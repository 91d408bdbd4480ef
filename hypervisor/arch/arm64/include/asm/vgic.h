/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupt controller: GICv2 or GICv3 without LPIs, as the non-secure side of a GIC with
 * two security states sees it (IHI 0048B, IHI 0069).
 *
 * An interrupt's state is in its bank, except for the part that is in a list register (in_lr): that
 * part is the hardware's while the vCPU is loaded, and in vgic_vcpu.lr[] while it is not. A list
 * register whose interrupt the guest has completed stays assigned until it is looked at again.
 *
 * Locks: vgic_domain.lock for SPI banks (RANK_VGIC), inside it vgic_vcpu.lock (RANK_VGIC + 1) for
 * the private bank, list registers and what is per vCPU. None of RANK_SCHED may be held by callers.
 */
#pragma once

#include <hearth/lock.h>
#include <hearth/num.h>

struct domain;
struct state_stream;
struct vcpu;

#define VGIC_NR_SGIS    16U
#define VGIC_FIRST_SPI  32U
#define VGIC_MAX_SPIS   988U /* INTID 32 to 1019 */
#define VGIC_SPI_BANKS  31U
#define VGIC_V2_VCPUS   8U
#define VGIC_V3_VCPUS   128U
#define VGIC_MAX_LRS    16U
#define VGIC_NOT_LOADED 0xffffU
#define VGIC_REGIONS    4U

/* 32 interrupts, a bit or an entry for each. */
struct vgic_bank {
    uint32_t first; /* INTID of bit 0 */
    uint32_t valid; /* interrupts that exist */
    uint32_t enabled;
    uint32_t pending; /* latched: an edge, or set by software */
    uint32_t level;   /* line is high */
    uint32_t active;  /* active, and not in a list register */
    uint32_t edge;    /* edge-triggered */
    uint32_t in_lr;   /* in list register lr[] of vCPU holder[] */
    uint32_t hw;      /* linked to a physical interrupt; changed atomically, without the lock */
    uint32_t owed;    /* the physical interrupt is active until this one ends */
    /* Requests for a list register that its holder alone can reach. */
    uint32_t drop_pending;
    uint32_t drop_active;
    uint32_t add_active;
    uint32_t refired; /* owed, in a list register, and fired again: that one was ended */
    uint32_t any;     /* SPI: GICD_IROUTER.Interrupt_Routing_Mode */
    uint8_t priority[32];
    uint8_t lr[32];
    uint8_t holder[32];
    uint16_t route[32]; /* SPI: v2 target mask, v3 Aff1:Aff0 */
    uint16_t hwirq[32];
};

/* CPU interface, as the hardware keeps it. */
struct vgic_cpuif {
    uint32_t vmcr;
    uint32_t apr0[4];
    uint32_t apr1[4];
};

struct vgic_vcpu {
    struct spinlock lock; /* RANK_VGIC + 1 */
    uint16_t id;
    uint16_t cpu;       /* where it is loaded, or VGIC_NOT_LOADED */
    uint32_t lr_used;   /* list registers that hold an interrupt, as far as we know */
    uint32_t lr_spi;    /* those of them that hold an SPI */
    uint32_t spi_hint;  /* SPI banks that may have something for this vCPU */
    uint32_t eoi_count; /* ends of interrupts that were in no list register, not handled yet */
    bool resync;        /* vgic_sync() is due before the next entry */
    uint32_t self_list; /* ICC_SGI1R_EL1 without INTID when it names this vCPU alone */
    bool overflow;      /* more is pending than list registers hold */
    bool evicted;       /* an active interrupt may be in no list register */
    bool asleep;        /* GICR_WAKER.ProcessorSleep */
    uint8_t maintain;   /* VGIC_HCR_* as last given to the hardware */
    uint8_t sgi_source[VGIC_NR_SGIS]; /* v2: CPUs whose SGI is pending, beside a list register */
    struct vgic_domain *domain;
    uint64_t lr_flags;         /* of every list register: group */
    uint64_t lr[VGIC_MAX_LRS]; /* as last read or written, in the format below */
    struct vgic_cpuif cpuif;
    struct vgic_bank private;
    uint32_t routed[VGIC_SPI_BANKS]; /* SPIs that go to this vCPU; domain's lock */
};

struct vgic_region {
    uint64_t base;
    uint32_t first_vcpu;
    uint32_t count; /* redistributors */
};

struct vgic_domain {
    struct spinlock lock; /* RANK_VGIC */
    uint8_t version;
    uint8_t ctlr;      /* enable bits of GICD_CTLR */
    uint16_t nr_banks; /* of SPIs */
    uint32_t max_vcpus;
    uint32_t typer;          /* GICD_TYPER */
    struct vgic_vcpu **vcpu; /* NULL: not created */
    struct vgic_bank *spi;
    uint64_t dist_base;
    uint64_t dist_size;
    struct vgic_region redist[VGIC_REGIONS];
    unsigned int nr_redist;
};

/* The virtual interface, once, and of each CPU; called by the driver of the physical GIC. */
void vgic_hw_init(void);
void vgic_hw_init_cpu(void);

/* --- Life: d->arch.vgic and v->arch.vgic --- */

/* nr_spis is rounded up to 32. -EINVAL, -ENOMEM. Undone by _free, also after a failure. */
int vgic_domain_init(struct domain *d, unsigned int version, unsigned int nr_spis) must_check;
void vgic_domain_free(struct domain *d);
int vgic_vcpu_init(struct vcpu *v) must_check;
void vgic_vcpu_free(struct vcpu *v);
/* CPU interface and private interrupts as after a reset; v is down and not loaded. */
void vgic_vcpu_reset(struct vcpu *v);

/* Guest-physical places. v2: GICC is a stage 2 mapping of GICV, not known here. */
void vgic_set_dist(struct domain *d, gaddr_t base);
/* v3: the next `count` redistributors, 128 KiB each. -ENOSPC after VGIC_REGIONS. */
int vgic_add_redist(struct domain *d, gaddr_t base, unsigned int count) must_check;
/* INTIDs from 0 that the domain has (a multiple of 32, or 1020). */
unsigned int vgic_line_count(const struct domain *d);

/* --- Traps of the current vCPU --- */

enum vgic_result {
    VGIC_NOT_MINE, /* address is not the vGIC's */
    VGIC_DONE,
    VGIC_ABORT, /* unaligned: external abort */
};

/* size 1, 2, 4 or 8. *value is zero-extended; on reads set whenever VGIC_DONE. */
enum vgic_result vgic_mmio(struct vcpu *v, gaddr_t addr, bool write, unsigned int size,
                           uint64_t *value);
/* v3: ICC_SGI1R_EL1. (ICC_SGI0R and ICC_ASGI1R: ignored, this side has group 1 only.) */
void vgic_sgi1r_write(struct vcpu *v, uint64_t value);
/* The guest has the system-register interface (v3). ICC_SRE_EL1 reads as 7, writes are ignored. */
bool vgic_has_sysregs(const struct vcpu *v);

/* --- Interrupts; any CPU --- */

/* A line's level. Edge-triggered ones latch the rise; level-triggered ones follow it. */
void vgic_inject_spi(struct domain *d, unsigned int spi, bool level);
void vgic_inject_ppi(struct vcpu *v, unsigned int ppi, bool level);
/* One interrupt, however the guest configured the line: an upcall. */
void vgic_pulse_ppi(struct vcpu *v, unsigned int ppi);
void vgic_pulse_spi(struct domain *d, unsigned int spi);
/* Physical interrupt `pirq` is active on this CPU and ends when the guest ends virq. */
void vgic_inject_hw(struct vcpu *v, unsigned int virq, unsigned int pirq);
void vgic_inject_hw_spi(struct domain *d, unsigned int virq);
/* Links an SPI to a physical one: enabling, trigger and target follow the guest. -EINVAL, -EBUSY.
 * _unlink: the physical one ends up disabled and inactive; no vCPU of d may be running. */
int vgic_link(struct domain *d, unsigned int virq, unsigned int pirq) must_check;
void vgic_unlink(struct domain *d, unsigned int virq);

/* Something enabled and pending that the CPU interface would signal. */
bool vgic_has_pending(struct vcpu *v) must_check;
/* v is current: brings list registers up to date. */
void vgic_entry_work(struct vcpu *v);
/* The maintenance interrupt of the current vCPU. */
void vgic_maintenance(struct vcpu *v);

/*
 * Context switch. The virtual timer is stopped before _save (its physical interrupt is made
 * inactive there) and started after _load (which makes it active again if it was).
 */
void vgic_save(struct vcpu *v);
void vgic_load(struct vcpu *v);

/* STATE_IRQCHIP and STATE_IRQCHIP_VCPU; domain paused, nothing loaded. The links to physical
 * interrupts are not part of it. -EINVAL, -ENODATA: nothing was changed. */
void vgic_domain_state_save(struct domain *d, struct state_stream *s);
int vgic_domain_state_load(struct domain *d, struct state_stream *s) must_check;
void vgic_vcpu_state_save(struct vcpu *v, struct state_stream *s);
int vgic_vcpu_state_load(struct vcpu *v, struct state_stream *s) must_check;
