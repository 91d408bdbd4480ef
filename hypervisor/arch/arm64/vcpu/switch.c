/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest state between a vCPU and the hardware. The lists below are every EL1 and EL0 register that
 * guests can reach without a trap.
 */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/p2m.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>
#include <asm/vgic.h>

/* Tables, which it would put on a line for each entry. */
/* clang-format off */
#define GUEST_SYSREGS(X)                                                                        \
    X(sp_el0) X(sp_el1) X(elr_el1) X(spsr_el1) X(sctlr_el1) X(cpacr_el1) X(ttbr0_el1)           \
    X(ttbr1_el1) X(tcr_el1) X(mair_el1) X(amair_el1) X(esr_el1) X(far_el1) X(afsr0_el1)         \
    X(afsr1_el1) X(par_el1) X(vbar_el1) X(contextidr_el1) X(tpidr_el0) X(tpidrro_el0)           \
    X(tpidr_el1) X(cntkctl_el1) X(csselr_el1)

/* Keys of pointer authentication: APIA, APIB, APDA, APDB, APGA, low and high. */
#define PAUTH_KEYS(X)                                                                            \
    X(0, S3_0_C2_C1_0) X(1, S3_0_C2_C1_1) X(2, S3_0_C2_C1_2) X(3, S3_0_C2_C1_3)                  \
    X(4, S3_0_C2_C2_0) X(5, S3_0_C2_C2_1) X(6, S3_0_C2_C2_2) X(7, S3_0_C2_C2_3)                  \
    X(8, S3_0_C2_C3_0) X(9, S3_0_C2_C3_1)
/* clang-format on */

static void sysregs_save(struct arch_sysregs *s)
{
#define SAVE(name) s->name = read_sysreg(name);
    GUEST_SYSREGS(SAVE)
#undef SAVE
    if (cpu_has_pauth()) {
#define SAVE(i, name) s->pauth_keys[i] = read_sysreg(name);
        PAUTH_KEYS(SAVE)
#undef SAVE
    }
}

static void sysregs_load(const struct arch_sysregs *s)
{
#define LOAD(name) write_sysreg(name, s->name);
    GUEST_SYSREGS(LOAD)
#undef LOAD
    if (cpu_has_pauth()) {
#define LOAD(i, name) write_sysreg(name, s->pauth_keys[i]);
        PAUTH_KEYS(LOAD)
#undef LOAD
    }
}

void arch_vcpu_save(struct vcpu *v)
{
    vtimer_save(v);
    vgic_save(v);
    sysregs_save(&v->arch.sys);
    fp_save(&v->arch.fp);
}

/*
 * vCPUs of a domain share a VMID, but what one has cached of its own stage 1 must not be seen by
 * another (guests may use one ASID for different tables on different CPUs).
 */
static void flush_if_shared(struct vcpu *v)
{
    uint16_t *last = &v->domain->arch.last_vcpu[this_cpu_id()];
    uint16_t me = (uint16_t)(v->id + 1);

    if (*last != me) {
        if (*last != 0) {
            __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
        }
        *last = me;
    }
}

void arch_vcpu_load(struct vcpu *v)
{
    v->arch.regs.stack = this_cpu()->arch.stack_top;
    write_sysreg(hcr_el2, v->arch.hcr);
    write_sysreg(vmpidr_el2, v->arch.vmpidr);
    write_sysreg(vttbr_el2, stage2_vttbr(v->domain->p2m[0]));
    write_sysreg(vtcr_el2, stage2_vtcr());
    isb();
    flush_if_shared(v);
    sysregs_load(&v->arch.sys);
    fp_load(&v->arch.fp);
    vgic_load(v);
    vtimer_load(v);
    isb();
}
