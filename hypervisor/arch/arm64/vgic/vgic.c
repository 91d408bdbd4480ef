/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC as the rest of arm64 sees it: by struct vcpu and struct domain. */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/vcpu.h>

#include <asm/gic.h>

#include "private.h"

int vgic_domain_init(struct domain *d, unsigned int version, unsigned int nr_spis)
{
    return vgic_setup_domain(&d->arch.vgic, version, nr_spis, d->max_vcpus);
}

void vgic_domain_free(struct domain *d)
{
    vgic_teardown_domain(&d->arch.vgic);
}

int vgic_vcpu_init(struct vcpu *v)
{
    return vgic_setup_vcpu(&v->domain->arch.vgic, &v->arch.vgic, v->id);
}

void vgic_vcpu_free(struct vcpu *v)
{
    vgic_teardown_vcpu(&v->arch.vgic);
}

void vgic_vcpu_reset(struct vcpu *v)
{
    vgic_reset_vcpu(&v->arch.vgic);
}

void vgic_set_dist(struct domain *d, gaddr_t base)
{
    d->arch.vgic.dist_base = base.a;
    d->arch.vgic.dist_size = d->arch.vgic.version == 3 ? 0x10000 : 0x1000;
}

int vgic_add_redist(struct domain *d, gaddr_t base, unsigned int count)
{
    struct vgic_domain *g = &d->arch.vgic;
    struct vgic_region *r = &g->redist[g->nr_redist % VGIC_REGIONS];

    if (g->nr_redist == VGIC_REGIONS) {
        return -ENOSPC;
    }
    r->base = base.a;
    r->count = count;
    r->first_vcpu = g->nr_redist == 0 ? 0 : r[-1].first_vcpu + r[-1].count;
    g->nr_redist++;
    return 0;
}

unsigned int vgic_line_count(const struct domain *d)
{
    return MIN(32U * (d->arch.vgic.nr_banks + 1U), VGIC_FIRST_SPI + VGIC_MAX_SPIS);
}

enum vgic_result vgic_mmio(struct vcpu *v, gaddr_t addr, bool write, unsigned int size,
                           uint64_t *value)
{
    return vgic_access_mmio(&v->arch.vgic, addr.a, write, size, value);
}

void vgic_sgi1r_write(struct vcpu *v, uint64_t value)
{
    vgic_sgi1r(&v->arch.vgic, value);
}

bool vgic_has_sysregs(const struct vcpu *v)
{
    return v->domain->arch.vgic.version == 3;
}

void vgic_inject_spi(struct domain *d, unsigned int spi, bool level)
{
    vgic_line_spi(&d->arch.vgic, spi, level);
}

void vgic_inject_ppi(struct vcpu *v, unsigned int ppi, bool level)
{
    vgic_line_private(&v->arch.vgic, ppi, level);
}

void vgic_pulse_ppi(struct vcpu *v, unsigned int ppi)
{
    vgic_latch_private(&v->arch.vgic, ppi);
}

void vgic_pulse_spi(struct domain *d, unsigned int spi)
{
    vgic_latch_spi(&d->arch.vgic, spi);
}

void vgic_inject_hw(struct vcpu *v, unsigned int virq, unsigned int pirq)
{
    vgic_hw_private(&v->arch.vgic, virq, pirq);
}

void vgic_inject_hw_spi(struct domain *d, unsigned int virq)
{
    vgic_hw_spi(&d->arch.vgic, virq);
}

/* Takes no lock, so that callers may hold RANK_IRQ. */
int vgic_link(struct domain *d, unsigned int virq, unsigned int pirq)
{
    struct vgic_domain *g = &d->arch.vgic;
    unsigned int n = virq / 32 - 1;
    uint32_t mask = vgic_bit(virq % 32);
    struct vgic_bank *b;

    if (virq < VGIC_FIRST_SPI || n >= g->nr_banks || (g->spi[n].valid & mask) == 0) {
        return -EINVAL;
    }
    b = &g->spi[n];
    if ((READ_ONCE(b->hw) & mask) != 0) {
        return -EBUSY;
    }
    b->hwirq[virq % 32] = (uint16_t)pirq;
    /* Either this sees the guest's enabling, or vgic_enable_set() sees the link. */
    (void)__atomic_fetch_or(&b->hw, mask, __ATOMIC_SEQ_CST);
    if ((__atomic_load_n(&b->enabled, __ATOMIC_SEQ_CST) & mask) != 0) {
        vgic_hw_enable(pirq);
    }
    return 0;
}

void vgic_unlink(struct domain *d, unsigned int virq)
{
    struct vgic_domain *g = &d->arch.vgic;
    unsigned int n = virq / 32 - 1;
    struct vgic_bank *b;

    if (virq < VGIC_FIRST_SPI || n >= g->nr_banks) {
        return;
    }
    b = &g->spi[n];
    if ((atomic_fetch_and(&b->hw, ~vgic_bit(virq % 32)) & vgic_bit(virq % 32)) != 0) {
        vgic_hw_disable(b->hwirq[virq % 32]);
        vgic_hw_set_active(b->hwirq[virq % 32], false);
    }
}

bool vgic_has_pending(struct vcpu *v)
{
    return vgic_pending(&v->arch.vgic);
}

void vgic_entry_work(struct vcpu *v)
{
    if (v->arch.vgic.resync) {
        vgic_sync(&v->arch.vgic);
    }
}

void vgic_maintenance(struct vcpu *v)
{
    vgic_sync(&v->arch.vgic);
}

void vgic_save(struct vcpu *v)
{
    vgic_switch_out(&v->arch.vgic);
}

void vgic_load(struct vcpu *v)
{
    vgic_switch_in(&v->arch.vgic);
}

void vgic_domain_state_save(struct domain *d, struct state_stream *s)
{
    vgic_save_domain_state(&d->arch.vgic, d->id, s);
}

int vgic_domain_state_load(struct domain *d, struct state_stream *s)
{
    return vgic_load_domain_state(&d->arch.vgic, s);
}

void vgic_vcpu_state_save(struct vcpu *v, struct state_stream *s)
{
    vgic_save_vcpu_state(&v->arch.vgic, v->domain->id, s);
}

int vgic_vcpu_state_load(struct vcpu *v, struct state_stream *s)
{
    return vgic_load_vcpu_state(&v->arch.vgic, s);
}

/* --- What the logic asks of its surroundings --- */

void vgic_wake(struct vgic_vcpu *g)
{
    struct vcpu *v = container_of(g, struct vcpu, arch.vgic);

    if (unlikely((READ_ONCE(v->sched.pause) & PAUSE_BLOCKED) != 0)) {
        sched_wake(v);
    }
}

void vgic_notify(struct vgic_vcpu *g)
{
    struct vcpu *v = container_of(g, struct vcpu, arch.vgic);

    if (g->cpu == this_cpu_id() && !g->resync) {
        /* It is loaded here, so what is in list registers will be seen, unless it blocks. */
        vgic_wake(g);
        return;
    }
    vcpu_post_work(v, VCPU_WORK_ARCH);
}

void vgic_hw_enable(unsigned int pirq)
{
    gic_enable(pirq);
}

void vgic_hw_disable(unsigned int pirq)
{
    gic_disable(pirq);
}

void vgic_hw_set_active(unsigned int pirq, bool active)
{
    gic_set_active(pirq, active);
}

void vgic_hw_configure(unsigned int pirq, bool edge)
{
    gic_configure(pirq, edge);
}

void vgic_hw_set_target(unsigned int pirq, struct vgic_vcpu *g)
{
    const struct vcpu *v = container_of(g, struct vcpu, arch.vgic);

    gic_set_target(pirq, v->sched.cpu < nr_cpus ? v->sched.cpu : 0);
}
