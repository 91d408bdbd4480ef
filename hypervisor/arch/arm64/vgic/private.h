/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the virtual GIC. vgic.c translates struct vcpu and struct domain; vgic_hw*.c are the
 * hardware; all other files are logic on struct vgic_vcpu and struct vgic_domain and also run in
 * unit tests on the host, which provide the contract at the end.
 */
#pragma once

#include "../include/asm/vgic.h"
#include <asm/vgic_hw.h> /* the hardware: what is left to do is its own and a test's */

/* List registers have GICv3's format (IHI 0069 ICH_LR<n>_EL2). */
#define LR_INTID(lr)      ((unsigned int)(lr)&0x3ffU)
#define LR_PHYSICAL_SHIFT 32
#define LR_SOURCE(lr)     ((unsigned int)((lr) >> 32) & 7U) /* v2 SGI: CPU; only when HW is 0 */
#define LR_SOURCE_SHIFT   32
#define LR_EOI            (1ULL << 41) /* maintenance interrupt at its end; only when HW is 0 */
#define LR_PRIORITY_SHIFT 48
#define LR_PRIORITY(lr)   ((unsigned int)((lr) >> LR_PRIORITY_SHIFT) & 0xffU)
#define LR_GROUP1         (1ULL << 60)
#define LR_HW             (1ULL << 61)
#define LR_PENDING        (1ULL << 62)
#define LR_ACTIVE         (1ULL << 63)
#define LR_STATE          (LR_PENDING | LR_ACTIVE)

/* GICH_HCR, ICH_HCR_EL2. */
#define VGIC_HCR_EN        (1U << 0)
#define VGIC_HCR_LRENPIE   (1U << 2) /* maintenance: an end without list register */
#define VGIC_HCR_NPIE      (1U << 3) /* maintenance: no list register is pending */

#define VGIC_PRIORITY_MASK 0xf8U

static inline uint32_t vgic_bit(unsigned int bit)
{
    return 1U << bit;
}

static inline unsigned int vgic_first_bit(uint32_t mask)
{
    return (unsigned int)__builtin_ctz(mask);
}

static inline bool vgic_bank_is_spi(const struct vgic_bank *b)
{
    return b->first != 0;
}

static inline unsigned int vgic_spi_index(const struct vgic_bank *b)
{
    return b->first / 32 - 1;
}

/* Enabled, pending, and neither active nor in a list register. */
static inline uint32_t vgic_wanted(const struct vgic_domain *d, const struct vgic_bank *b)
{
    uint32_t pending = READ_ONCE(b->pending) | (READ_ONCE(b->level) & ~b->edge);

    return d->ctlr == 0
               ? 0
               : READ_ONCE(b->enabled) & pending & ~READ_ONCE(b->active) & ~READ_ONCE(b->in_lr);
}

/* The bank of an INTID that the domain has. */
static inline struct vgic_bank *vgic_bank_of(struct vgic_vcpu *v, unsigned int intid)
{
    return intid < VGIC_FIRST_SPI ? &v->private : &v->domain->spi[intid / 32 - 1];
}

/* --- vgic_init.c --- */

int vgic_setup_domain(struct vgic_domain *d, unsigned int version, unsigned int nr_spis,
                      unsigned int max_vcpus) must_check;
void vgic_teardown_domain(struct vgic_domain *d);
int vgic_setup_vcpu(struct vgic_domain *d, struct vgic_vcpu *v, unsigned int id) must_check;
void vgic_teardown_vcpu(struct vgic_vcpu *v);
void vgic_reset_vcpu(struct vgic_vcpu *v);

/* --- vgic_irq.c: state of one interrupt --- */

/* Which vCPU an SPI goes to now; NULL: to none. d->lock held. */
struct vgic_vcpu *vgic_target(const struct vgic_domain *d, const struct vgic_bank *b,
                              unsigned int bit);
/* A new GICD_IROUTER or GICD_ITARGETSR. d->lock held. */
void vgic_set_route(struct vgic_domain *d, struct vgic_bank *b, unsigned int bit, uint16_t route,
                    bool any) REQUIRES(d->lock);
/* After any change of state: list register, delivery, notification. */
void vgic_update_private(struct vgic_vcpu *v, unsigned int bit) REQUIRES(v->lock);
void vgic_update_spi(struct vgic_domain *d, struct vgic_bank *b, unsigned int bit)
    REQUIRES(d->lock);
/* What is wanted in these banks of SPIs, v had a part in, and goes to other vCPUs now. */
void vgic_tell_others(struct vgic_domain *d, const struct vgic_vcpu *v, uint32_t banks)
    REQUIRES(d->lock);
/* Ends what is owed to the physical interrupt. The bank's lock held. */
void vgic_settle(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit);

/* Sources; no lock held. */
void vgic_line_private(struct vgic_vcpu *v, unsigned int irq, bool level);
void vgic_line_spi(struct vgic_domain *d, unsigned int irq, bool level);
void vgic_latch_private(struct vgic_vcpu *v, unsigned int irq);
void vgic_latch_spi(struct vgic_domain *d, unsigned int irq);
void vgic_hw_private(struct vgic_vcpu *v, unsigned int irq, unsigned int pirq);
void vgic_hw_spi(struct vgic_domain *d, unsigned int irq);

/* --- vgic_lr.c: list registers of one vCPU; v->lock held unless said --- */

/* Its list registers can be looked at: it is loaded here, or nowhere. */
static inline bool vgic_reachable(const struct vgic_vcpu *v);
uint64_t vgic_lr_peek(struct vgic_vcpu *v, unsigned int i);
/* Applies requests and new state to the list register of an interrupt that has one; gives the
 * register back when nothing is left in it. Returns its content, 0 when it was given back. */
uint64_t vgic_lr_refresh(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit);
/* Puts an interrupt that has none into a list register. False: none is free. */
bool vgic_lr_place(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit,
                   uint64_t state) must_check;
/* The short way to signal a private interrupt again: v is loaded here, the guest has ended what the
 * list register holds, nothing else is going on. linked: LR_HW and the physical number, or 0.
 * False: nothing was done, take the long way. */
bool vgic_lr_rearm(struct vgic_vcpu *v, unsigned int bit, uint64_t linked) must_check;
/* The pending state of a list register goes back to the bank. */
void vgic_lr_retract(struct vgic_vcpu *v, struct vgic_bank *b, unsigned int bit, uint64_t lr);
/* --- vgic_sync.c --- */
/* All list registers and ends, then refills by priority. No lock held; v is reachable. */
void vgic_sync(struct vgic_vcpu *v);
bool vgic_pending(struct vgic_vcpu *v) must_check; /* no lock held */
void vgic_switch_out(struct vgic_vcpu *v);         /* no lock held */
void vgic_switch_in(struct vgic_vcpu *v);          /* no lock held */

/* --- Register files --- */

struct vgic_access {
    struct vgic_domain *d;
    struct vgic_vcpu *v; /* accessing vCPU, or owner of the redistributor */
    struct vgic_bank *b; /* NULL for registers that are not per interrupt */
    unsigned int word;   /* of 32 bits, from the first register of the class */
    unsigned int bit;    /* first interrupt of the word in b */
};

/* A class of registers of one function. Reads and writes are of whole words of 32 bits; `mask` has
 * the bits that the guest's access covers, the others of `value` are 0. */
struct vgic_class {
    uint16_t start; /* offset of the first word */
    uint8_t irqs;   /* log2 of interrupts per word; CLASS_PLAIN: not per interrupt */
    uint8_t widths; /* access sizes, or'ed: 1, 4, 8 */
    uint32_t (*read)(const struct vgic_access *a);
    void (*write)(const struct vgic_access *a, uint32_t value, uint32_t mask);
} aligned(32); /* indexed by a shift */

#define CLASS_PLAIN 0xffU
#define CLASS_ROUTE 0xfeU /* two words per interrupt */

enum vgic_result vgic_access_mmio(struct vgic_vcpu *v, uint64_t addr, bool write, unsigned int size,
                                  uint64_t *value);
/* Classes of the distributor by 128-byte granule; index 0 is read-as-zero, write-ignored. */
extern const struct vgic_class vgic_classes[];
extern const uint8_t vgic_granules[512];
/* vgic_redist.c: the RD frame of v3 */
uint32_t vgic_redist_read(struct vgic_vcpu *v, unsigned int word);
void vgic_redist_write(struct vgic_vcpu *v, unsigned int word, uint32_t value);
/* vgic_bits.c: one bit per interrupt, and configuration */
uint32_t vgic_enable_read(const struct vgic_access *a);
void vgic_enable_set(const struct vgic_access *a, uint32_t value, uint32_t mask);
void vgic_enable_clear(const struct vgic_access *a, uint32_t value, uint32_t mask);
uint32_t vgic_pending_read(const struct vgic_access *a);
void vgic_pending_set(const struct vgic_access *a, uint32_t value, uint32_t mask);
void vgic_pending_clear(const struct vgic_access *a, uint32_t value, uint32_t mask);
uint32_t vgic_active_read(const struct vgic_access *a);
void vgic_active_set(const struct vgic_access *a, uint32_t value, uint32_t mask);
void vgic_active_clear(const struct vgic_access *a, uint32_t value, uint32_t mask);
/* The words as a register read shows them, list registers included. Takes the locks. */
uint32_t vgic_pending_word(struct vgic_vcpu *v, struct vgic_bank *b);
uint32_t vgic_active_word(struct vgic_vcpu *v, struct vgic_bank *b);
/* vgic_sgi.c */
void vgic_send_sgi(struct vgic_vcpu *to, unsigned int sgi, unsigned int source);
void vgic_sgi1r(struct vgic_vcpu *v, uint64_t value);
uint32_t vgic_sgi_pending_read(const struct vgic_access *a);
void vgic_sgi_pending_clear(const struct vgic_access *a, uint32_t value, uint32_t mask);
void vgic_sgi_pending_set(const struct vgic_access *a, uint32_t value, uint32_t mask);
void vgic_sgir_write(const struct vgic_access *a, uint32_t value, uint32_t mask);

/* --- vgic_state.c --- */

void vgic_save_domain_state(struct vgic_domain *d, domid_t domid, struct state_stream *s);
int vgic_load_domain_state(struct vgic_domain *d, struct state_stream *s) must_check;
void vgic_save_vcpu_state(struct vgic_vcpu *v, domid_t domid, struct state_stream *s);
int vgic_load_vcpu_state(struct vgic_vcpu *v, struct state_stream *s) must_check;

static inline bool vgic_reachable(const struct vgic_vcpu *v)
{
    unsigned int cpu = READ_ONCE(v->cpu);

    return cpu == VGIC_NOT_LOADED || cpu == vgic_hw_cpu();
}
