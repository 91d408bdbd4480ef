/* SPDX-License-Identifier: Apache-2.0 */
/* arm64's part of domains and vCPUs: creation, start state, interrupts, dumps. */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/p2m.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/gic.h>
#include <asm/guest_layout.h>
#include <asm/sysreg.h>
#include <asm/vgic.h>

/* public/arch-arm.h GUEST_EVTCHN_PPI; a direct-mapped dom0 uses the same. */
#define GUEST_EVTCHN_PPI 31U
#define MAX_VCPUS_GICV3  128U
#define MAX_VCPUS_GICV2  8U
#define MAX_SPIS         960U

/* What guests run with: HCR_EL2 of every vCPU. */
#define HCR_GUEST                                                                                  \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_ISH | HCR_TWI |  \
     HCR_TWE | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW | HCR_TLOR | HCR_TERR)

int arch_domain_check_config(struct domain_config *config)
{
    unsigned int limit;

    if (config->gic_version == 0) {
        config->gic_version = (uint8_t)gic_version();
    }
    if (config->gic_version != gic_version()) {
        return -ENODEV;
    }
    limit = config->gic_version == 2 ? MAX_VCPUS_GICV2 : MAX_VCPUS_GICV3;
    if (config->max_vcpus == 0 || config->max_vcpus > limit || config->nr_spis > MAX_SPIS) {
        return -EINVAL;
    }
    return 0;
}

unsigned int arch_guest_address_bits(void)
{
    return MIN(cpu_guest_address_bits(), 48U);
}

/* Whoever builds it, a guest's interrupt controller is where the public ABI has it. */
static int place_vgic(struct domain *d)
{
    struct gic_platform gic;

    vgic_set_dist(d, gaddr(GUEST_GICD_BASE));
    if (d->config.gic_version == 3) {
        return vgic_add_redist(d, gaddr(GUEST_GICR_BASE), d->max_vcpus);
    }
    gic_describe(&gic);
    return p2m_map(d->p2m[0], gfn(GUEST_GICC_BASE >> PAGE_SHIFT), mfn(gic.vcpu.base >> PAGE_SHIFT),
                   GUEST_GICC_SIZE >> PAGE_SHIFT, P2M_MMIO, P2M_RW | P2M_DEVICE);
}

int arch_domain_create(struct domain *d)
{
    int rc;

    d->arch.evtchn_ppi = GUEST_EVTCHN_PPI;
    d->arch.cntvoff = counter_read();
    rc = vgic_domain_init(d, d->config.gic_version, d->config.nr_spis);
    return rc != 0 || d->is_hardware ? rc : place_vgic(d);
}

int arch_domain_release(struct domain *d)
{
    (void)d;
    return 0;
}

void arch_domain_destroy(struct domain *d)
{
    vgic_domain_free(d);
}

int arch_vcpu_create(struct vcpu *v)
{
    struct arch_vcpu *a = &v->arch;

    a->hcr = HCR_GUEST | (cpu_has_pauth() ? HCR_APK | HCR_API : 0);
    /* Affinity levels as the virtual GIC numbers its CPUs: 16 in each Aff0. Bit 31 is RES1. */
    a->vmpidr = (1UL << 31) | (v->id & 15) | (uint64_t)(v->id >> 4) << 8;
    vtimer_init(v);
    return vgic_vcpu_init(v);
}

void arch_vcpu_destroy(struct vcpu *v)
{
    vtimer_destroy(v);
    vgic_vcpu_free(v);
}

/* Linux's arm64 boot protocol and PSCI CPU_ON: EL1h, everything masked, MMU off. */
void arch_vcpu_set_entry(struct vcpu *v, gaddr_t entry, uint64_t argument)
{
    void *stack = v->arch.regs.stack;

    memset(&v->arch.regs, 0, sizeof(v->arch.regs));
    memset(&v->arch.sys, 0, sizeof(v->arch.sys));
    memset(&v->arch.fp, 0, sizeof(v->arch.fp));
    v->arch.regs.stack = stack;
    v->arch.regs.pc = entry.a;
    v->arch.regs.x[0] = argument;
    v->arch.regs.pstate = PSR_EL1H | PSR_DAIF;
    v->arch.sys.sctlr_el1 = SCTLR_EL1_RESET;
    vtimer_reset(v);
}

void arch_vcpu_entry_work(struct vcpu *v)
{
    vgic_entry_work(v);
}

bool arch_vcpu_wakeable(struct vcpu *v)
{
    return vtimer_pending(v) || vgic_has_pending(v);
}

void arch_vcpu_upcall(struct vcpu *v)
{
    vgic_pulse_ppi(v, v->domain->arch.evtchn_ppi);
}

void arch_domain_set_line(struct domain *d, unsigned int line, bool level)
{
    vgic_inject_spi(d, line, level);
}

void arch_vcpu_dump(struct vcpu *v)
{
    const struct arch_regs *r = &v->arch.regs;

    for (unsigned int i = 0; i < 30; i += 3) {
        printk(LOG_INFO, "  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx\n", i, r->x[i], i + 1,
               r->x[i + 1], i + 2, r->x[i + 2]);
    }
    printk(LOG_INFO, "  x30 %016lx  pc  %016lx  pstate %08lx\n", r->x[30], r->pc, r->pstate);
    if (v == current_vcpu()) {
        printk(LOG_INFO, "  sctlr %lx ttbr0 %lx ttbr1 %lx vbar %lx esr %lx far %lx elr %lx\n",
               read_sysreg(sctlr_el1), read_sysreg(ttbr0_el1), read_sysreg(ttbr1_el1),
               read_sysreg(vbar_el1), read_sysreg(esr_el1), read_sysreg(far_el1),
               read_sysreg(elr_el1));
    }
}

void arch_vcpu_set_result(struct vcpu *v, int64_t result)
{
    v->arch.regs.x[0] = (uint64_t)result;
}

void arch_vcpu_update_time(struct vcpu *v)
{
    (void)v; /* guests read the architected counter */
}

const char *arch_capabilities(void)
{
    return "xen-3.0-aarch64 ";
}

/* XENFEAT_*: public/features.h. */
uint32_t arch_features(const struct domain *d)
{
    const uint32_t writable_page_tables = 1U << 0;
    const uint32_t auto_translated_physmap = 1U << 2;
    const uint32_t dom0 = 1U << 11;
    const uint32_t memory_op_vnode_supported = 1U << 13;
    const uint32_t arm_smccc_supported = 1U << 14;
    const uint32_t not_direct_mapped = 1U << 16;
    const uint32_t direct_mapped = 1U << 17;

    return writable_page_tables | auto_translated_physmap | memory_op_vnode_supported |
           arm_smccc_supported | (d->is_hardware ? dom0 : 0) |
           (d->is_direct_mapped ? direct_mapped : not_direct_mapped);
}

int arch_add_to_physmap(struct domain *d, unsigned int space, uint64_t idx, gfn_t gfn)
{
    (void)d;
    (void)space;
    (void)idx;
    (void)gfn;
    return -ENOSYS;
}
