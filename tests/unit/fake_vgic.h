/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC's logic, compiled here, over a model of the hardware that it drives: list
 * registers that guests acknowledge and end, maintenance conditions, physical interrupts. Locks
 * are checked for order and balance.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include <hearth/atomic.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/lock.h>
#include <hearth/state.h>

#include "arch/arm64/vgic/vgic_bits.c"
#include "arch/arm64/vgic/vgic_dist.c"
#include "arch/arm64/vgic/vgic_init.c"
#include "arch/arm64/vgic/vgic_irq.c"
#include "arch/arm64/vgic/vgic_lr.c"
#include "arch/arm64/vgic/vgic_mmio.c"
#include "arch/arm64/vgic/vgic_redist.c"
#include "arch/arm64/vgic/vgic_sgi.c"
#include "arch/arm64/vgic/vgic_state.c"
#include "arch/arm64/vgic/vgic_sync.c"

#define FAKE_CPUS   4U
#define FAKE_VCPUS  8U
#define FAKE_LINES  1020U
#define FAKE_DIST   0x8000000UL
#define FAKE_REDIST 0x80a0000UL
#define FAKE_NONE   1023U

#define FAKE_CHECK(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct fake_cpu {
    uint64_t lr[VGIC_MAX_LRS];
    uint32_t hcr;
    uint32_t eoi_count;
    uint32_t active_priorities; /* bit per priority / 8 */
    struct vgic_vcpu *loaded;
    bool private_active[32];
};

static struct fake_cpu fake_cpu[FAKE_CPUS];
static unsigned int fake_here; /* the CPU that runs */
static unsigned int fake_lrs = 4;
static unsigned int fake_locks;
static uint8_t fake_ranks[8]; /* of the locks held, outermost first */
static unsigned int fake_notified[FAKE_VCPUS];
static bool fake_enabled[FAKE_LINES];
static bool fake_active[FAKE_LINES];
static bool fake_edge[FAKE_LINES];
static int fake_target[FAKE_LINES];
static uint32_t fake_run_priority[FAKE_VCPUS]; /* active priorities of an unloaded vCPU */

static struct vgic_domain fake_domain;
static struct vgic_vcpu fake_vcpu[FAKE_VCPUS];

/* --- What the hypervisor gives --- */

void spin_lock(struct spinlock *l) NO_LOCK_ANALYSIS
{
    FAKE_CHECK(l->word == 0 && (fake_locks == 0 || l->rank > fake_ranks[fake_locks - 1]));
    l->word = 1;
    fake_ranks[fake_locks++] = l->rank;
}

void spin_unlock(struct spinlock *l) NO_LOCK_ANALYSIS
{
    FAKE_CHECK(l->word == 1 && fake_locks > 0 && fake_ranks[fake_locks - 1] == l->rank);
    l->word = 0;
    fake_locks--;
}

void *heap_alloc_array(size_t count, size_t size)
{
    return calloc(count, size);
}

void heap_free(void *p)
{
    free(p);
}

/* --- The hardware --- */

unsigned int vgic_hw_cpu(void)
{
    return fake_here;
}

unsigned int vgic_hw_nr_lrs(void)
{
    return fake_lrs;
}

uint64_t vgic_hw_lr_read(unsigned int i)
{
    FAKE_CHECK(i < fake_lrs);
    return fake_cpu[fake_here].lr[i];
}

void vgic_hw_lr_write(unsigned int i, uint64_t lr)
{
    FAKE_CHECK(i < fake_lrs);
    fake_cpu[fake_here].lr[i] = lr;
}

uint32_t vgic_hw_empty_lrs(void)
{
    uint32_t empty = 0;

    for (unsigned int i = 0; i < fake_lrs; i++) {
        uint64_t lr = fake_cpu[fake_here].lr[i];

        empty |= (lr & LR_STATE) == 0 && (lr & (LR_HW | LR_EOI)) != LR_EOI ? 1U << i : 0;
    }
    return empty;
}

/* Some of them, so that both ways are taken. */
unsigned int vgic_hw_nr_quick(void)
{
    return MIN(fake_lrs, 3U);
}

uint32_t vgic_hw_quick_empty(void)
{
    return vgic_hw_empty_lrs();
}

void vgic_hw_quick_write(unsigned int i, uint64_t lr)
{
    FAKE_CHECK(i < vgic_hw_nr_quick());
    vgic_hw_lr_write(i, lr);
}

uint32_t vgic_hw_eoi_count(void)
{
    uint32_t count = fake_cpu[fake_here].eoi_count;

    fake_cpu[fake_here].eoi_count = 0;
    return count;
}

void vgic_hw_maintain(uint32_t hcr)
{
    fake_cpu[fake_here].hcr = hcr;
}

void vgic_hw_save(struct vgic_vcpu *v)
{
    struct fake_cpu *c = &fake_cpu[fake_here];

    FAKE_CHECK(c->loaded == v);
    for (unsigned int i = 0; i < fake_lrs; i++) {
        if ((v->lr_used >> i & 1) != 0) {
            v->lr[i] = c->lr[i];
        }
    }
    c->hcr = 0;
    fake_run_priority[v->id] = c->active_priorities;
    c->loaded = NULL;
}

void vgic_hw_load(struct vgic_vcpu *v)
{
    struct fake_cpu *c = &fake_cpu[fake_here];

    FAKE_CHECK(c->loaded == NULL);
    memcpy(c->lr, v->lr, sizeof(c->lr));
    c->active_priorities = fake_run_priority[v->id];
    c->loaded = v;
}

unsigned int vgic_hw_threshold(const struct vgic_vcpu *v)
{
    (void)v;
    return 0xf8;
}

void vgic_hw_enable(unsigned int pirq)
{
    fake_enabled[pirq] = true;
}

void vgic_hw_disable(unsigned int pirq)
{
    fake_enabled[pirq] = false;
}

static bool *fake_physical(unsigned int pirq)
{
    return pirq < 32 ? &fake_cpu[fake_here].private_active[pirq] : &fake_active[pirq];
}

void vgic_hw_set_active(unsigned int pirq, bool active)
{
    *fake_physical(pirq) = active;
}

void vgic_hw_configure(unsigned int pirq, bool edge)
{
    fake_edge[pirq] = edge;
}

void vgic_hw_set_target(unsigned int pirq, struct vgic_vcpu *v)
{
    fake_target[pirq] = v->id;
}

void vgic_notify(struct vgic_vcpu *v)
{
    fake_notified[v->id]++;
}

void vgic_wake(struct vgic_vcpu *v)
{
    FAKE_CHECK(v->cpu == fake_here && !v->resync);
    fake_notified[v->id]++;
}

/* --- Guests --- */

static bool fake_maintenance(const struct fake_cpu *c)
{
    bool pending = false;
    bool ended = false;

    if ((c->hcr & VGIC_HCR_EN) == 0) {
        return false;
    }
    for (unsigned int i = 0; i < fake_lrs; i++) {
        pending |= (c->lr[i] & LR_STATE) == LR_PENDING;
        ended |= (c->lr[i] & (LR_STATE | LR_HW | LR_EOI)) == LR_EOI;
    }
    return ended || ((c->hcr & VGIC_HCR_NPIE) != 0 && !pending) ||
           ((c->hcr & VGIC_HCR_LRENPIE) != 0 && c->eoi_count != 0);
}

/* What entry does on this CPU, until nothing is left to do. */
static void fake_enter(void)
{
    struct fake_cpu *c = &fake_cpu[fake_here];
    unsigned int rounds = 0;

    FAKE_CHECK(fake_locks == 0);
    while (c->loaded != NULL && (c->loaded->resync || fake_maintenance(c))) {
        vgic_sync(c->loaded);
        FAKE_CHECK(++rounds < 10); /* else a guest would never run again */
    }
}

static struct vgic_vcpu *fake_run(unsigned int cpu, unsigned int vcpu)
{
    fake_here = cpu;
    if (fake_cpu[cpu].loaded != &fake_vcpu[vcpu]) {
        if (fake_cpu[cpu].loaded != NULL) {
            vgic_switch_out(fake_cpu[cpu].loaded);
        }
        if (fake_vcpu[vcpu].cpu != VGIC_NOT_LOADED) {
            fake_here = fake_vcpu[vcpu].cpu;
            vgic_switch_out(&fake_vcpu[vcpu]);
            fake_here = cpu;
        }
        vgic_switch_in(&fake_vcpu[vcpu]);
    }
    fake_enter();
    return &fake_vcpu[vcpu];
}

static void fake_unload(unsigned int cpu)
{
    fake_here = cpu;
    if (fake_cpu[cpu].loaded != NULL) {
        vgic_switch_out(fake_cpu[cpu].loaded);
    }
}

/* ICC_IAR1 or GICC_IAR of the guest on this CPU: INTID, FAKE_NONE; the LR's value through *lr. */
static unsigned int fake_ack_lr(uint64_t *lr)
{
    struct fake_cpu *c = &fake_cpu[fake_here];
    unsigned int best = 0x100;
    unsigned int at = 0;

    fake_enter();
    for (unsigned int i = 0; i < fake_lrs; i++) {
        if ((c->lr[i] & LR_STATE) == LR_PENDING && LR_PRIORITY(c->lr[i]) < best) {
            best = LR_PRIORITY(c->lr[i]);
            at = i;
        }
    }
    if (best == 0x100 ||
        (c->active_priorities != 0 && best / 8 >= vgic_first_bit(c->active_priorities))) {
        return FAKE_NONE;
    }
    c->lr[at] = (c->lr[at] & ~LR_PENDING) | LR_ACTIVE;
    c->active_priorities |= 1U << (best / 8);
    *lr = c->lr[at];
    fake_enter();
    return LR_INTID(*lr);
}

static unsigned int fake_ack(void)
{
    uint64_t lr;

    return fake_ack_lr(&lr);
}

static void fake_eoi(unsigned int intid)
{
    struct fake_cpu *c = &fake_cpu[fake_here];

    if (c->active_priorities != 0) {
        c->active_priorities &= c->active_priorities - 1;
    }
    for (unsigned int i = 0; i < fake_lrs; i++) {
        if (LR_INTID(c->lr[i]) == intid && (c->lr[i] & LR_ACTIVE) != 0) {
            c->lr[i] &= ~LR_ACTIVE;
            if ((c->lr[i] & LR_HW) != 0) {
                *fake_physical((unsigned int)(c->lr[i] >> LR_PHYSICAL_SHIFT) & 0x3ff) = false;
            }
            fake_enter();
            return;
        }
    }
    c->eoi_count++;
    fake_enter();
}

static enum vgic_result fake_access(unsigned int vcpu, uint64_t addr, bool write, unsigned int size,
                                    uint64_t *value)
{
    enum vgic_result r = vgic_access_mmio(&fake_vcpu[vcpu], addr, write, size, value);

    FAKE_CHECK(fake_locks == 0);
    return r;
}

/* --- Set-up and invariants --- */

static void fake_setup(unsigned int version, unsigned int vcpus, unsigned int spis,
                       unsigned int lrs)
{
    memset(fake_cpu, 0, sizeof(fake_cpu));
    memset(fake_notified, 0, sizeof(fake_notified));
    memset(fake_enabled, 0, sizeof(fake_enabled));
    memset(fake_active, 0, sizeof(fake_active));
    memset(fake_run_priority, 0, sizeof(fake_run_priority));
    fake_here = 0;
    fake_lrs = lrs;
    FAKE_CHECK(vgic_setup_domain(&fake_domain, version, spis, vcpus) == 0);
    for (unsigned int i = 0; i < vcpus; i++) {
        FAKE_CHECK(vgic_setup_vcpu(&fake_domain, &fake_vcpu[i], i) == 0);
    }
    fake_domain.dist_base = FAKE_DIST;
    fake_domain.dist_size = version == 3 ? 0x10000 : 0x1000;
    if (version == 3) {
        fake_domain.redist[0] = (struct vgic_region){.base = FAKE_REDIST, .count = vcpus};
        fake_domain.nr_redist = 1;
    }
}

static void fake_teardown(void)
{
    unsigned int vcpus = fake_domain.max_vcpus;

    for (unsigned int i = 0; i < FAKE_CPUS; i++) {
        fake_unload(i);
    }
    for (unsigned int i = 0; i < vcpus; i++) {
        vgic_teardown_vcpu(&fake_vcpu[i]);
    }
    vgic_teardown_domain(&fake_domain);
}

static uint64_t fake_lr_of(const struct vgic_vcpu *v, unsigned int i)
{
    return v->cpu == VGIC_NOT_LOADED ? v->lr[i] : fake_cpu[v->cpu].lr[i];
}

static void fake_check_bank(const struct vgic_vcpu *v, const struct vgic_bank *b)
{
    FAKE_CHECK((b->in_lr & b->active) == 0);
    FAKE_CHECK((b->enabled & ~b->valid) == 0 && (b->pending & ~b->valid) == 0);
    for (unsigned int bit = 0; bit < 32; bit++) {
        const struct vgic_vcpu *h = vgic_bank_is_spi(b) ? &fake_vcpu[b->holder[bit]] : v;

        if ((b->in_lr >> bit & 1) != 0) {
            uint64_t lr = fake_lr_of(h, b->lr[bit]);

            FAKE_CHECK(b->holder[bit] == h->id);
            FAKE_CHECK(LR_INTID(lr) == b->first + bit && (h->lr_used >> b->lr[bit] & 1) != 0);
            if ((lr & LR_HW) != 0 && (lr & LR_STATE) != 0) {
                FAKE_CHECK((b->owed >> bit & 1) != 0);
            }
        }
        /* What is owed is a physical interrupt that is active, or (private) will be made so. */
        if ((b->owed & b->hw & ~b->in_lr) >> bit & 1) {
            if (vgic_bank_is_spi(b)) {
                FAKE_CHECK(fake_active[b->hwirq[bit]]);
            } else if (h->cpu != VGIC_NOT_LOADED) {
                FAKE_CHECK(fake_cpu[h->cpu].private_active[b->hwirq[bit]]);
            }
        }
    }
}

static void fake_check(void)
{
    struct vgic_domain *d = &fake_domain;
    unsigned int in_lr = 0;
    unsigned int taken = 0;

    FAKE_CHECK(fake_locks == 0);
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        const struct vgic_vcpu *v = &fake_vcpu[i];

        fake_check_bank(v, &v->private);
        in_lr += (unsigned int)__builtin_popcount(v->private.in_lr);
        taken += (unsigned int)__builtin_popcount(v->lr_used);
        FAKE_CHECK((v->lr_spi & ~v->lr_used) == 0 && v->lr_used >> fake_lrs == 0);
        for (unsigned int n = 0; n < fake_lrs; n++) {
            FAKE_CHECK((v->lr_used >> n & 1) != 0 || fake_lr_of(v, n) == 0);
        }
    }
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        fake_check_bank(NULL, &d->spi[n]);
        in_lr += (unsigned int)__builtin_popcount(d->spi[n].in_lr);
    }
    FAKE_CHECK(in_lr == taken);
}

/* After every loaded vCPU has passed through entry: what is in list registers is deliverable, and
 * what is not in one is less urgent than all that is. */
static inline void fake_check_settled(void)
{
    struct vgic_domain *d = &fake_domain;

    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        fake_here = cpu;
        fake_enter();
    }
    for (unsigned int cpu = 0; cpu < FAKE_CPUS; cpu++) {
        struct vgic_vcpu *v = fake_cpu[cpu].loaded;
        unsigned int worst = 0;

        fake_here = cpu;
        if (v == NULL || v->resync) {
            continue;
        }
        for (uint32_t rest = v->lr_used; rest != 0; rest &= rest - 1) {
            uint64_t lr = fake_lr_of(v, vgic_first_bit(rest));
            const struct vgic_bank *b = vgic_bank_of(v, LR_INTID(lr));

            if ((lr & LR_PENDING) != 0) {
                FAKE_CHECK(d->ctlr != 0 && (b->enabled >> LR_INTID(lr) % 32 & 1) != 0);
                worst = MAX(worst, LR_PRIORITY(lr));
            }
        }
        for (unsigned int n = 0; n <= d->nr_banks; n++) {
            const struct vgic_bank *b = n == 0 ? &v->private : &d->spi[n - 1];
            uint32_t wanted = vgic_wanted(d, b) & (n == 0 ? ~0U : v->routed[n - 1]);

            FAKE_CHECK(wanted == 0 || v->overflow);
            (void)worst;
        }
    }
}
