/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions injected into the current vCPU's EL1. Its EL1 registers are in the hardware. */
#include <hearth/vcpu.h>

#include <asm/sysreg.h>
#include <asm/trap.h>

#define VECTOR_CUR_SP0 0x000UL
#define VECTOR_CUR_SPX 0x200UL
#define VECTOR_LOW_64  0x400UL
#define VECTOR_LOW_32  0x600UL

#define EC_IABT_SAME   0x21UL
#define EC_DABT_SAME   0x25UL

static bool from_lower(uint64_t pstate)
{
    return (pstate & PSR_32) != 0 || (pstate & PSR_MODE_MASK) == PSR_EL0T;
}

/* DDI 0487 D1.3.1: PSTATE on taking an exception to AArch64 EL1. */
static void take_to_el1(struct vcpu *v, uint64_t esr)
{
    struct arch_regs *r = &v->arch.regs;
    uint64_t vector;

    if ((r->pstate & PSR_32) != 0) {
        vector = VECTOR_LOW_32;
    } else if (from_lower(r->pstate)) {
        vector = VECTOR_LOW_64;
    } else if ((r->pstate & PSR_MODE_MASK) == PSR_EL1T) {
        vector = VECTOR_CUR_SP0;
    } else {
        vector = VECTOR_CUR_SPX;
    }
    write_sysreg(elr_el1, r->pc);
    write_sysreg(spsr_el1, r->pstate);
    write_sysreg(esr_el1, esr);
    r->pc = read_sysreg(vbar_el1) + vector;
    /* SCTLR_EL1.SPAN clear sets PAN; set leaves it. */
    uint64_t keep = r->pstate & (PSR_PAN | PSR_DIT);

    if ((read_sysreg(sctlr_el1) & (1UL << 23)) == 0 && (r->pstate & PSR_32) == 0) {
        keep |= read_sysreg(id_aa64mmfr1_el1) & 0xf00000 ? PSR_PAN : 0;
    }
    r->pstate = PSR_EL1H | PSR_DAIF | keep;
}

void inject_undef(struct vcpu *v, uint64_t esr)
{
    take_to_el1(v, (uint64_t)EC_UNKNOWN << ESR_EC_SHIFT | (esr & ESR_IL));
}

void inject_abort(struct vcpu *v, bool instruction, uint64_t esr, uint64_t far)
{
    uint64_t ec = instruction ? EC_IABT_SAME : EC_DABT_SAME;

    if (from_lower(v->arch.regs.pstate)) {
        ec--; /* ..._LOW */
    }
    write_sysreg(far_el1, far);
    take_to_el1(v, ec << ESR_EC_SHIFT | (esr & ESR_IL) | FSC_EXTERNAL);
}
