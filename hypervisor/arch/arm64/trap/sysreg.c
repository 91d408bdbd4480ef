/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers that trap. Everything that is not in the table is undefined for the guest.
 */
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/trap.h>
#include <asm/vgic.h>

/* A register's behaviour: reads give `value`, writes are ignored (when not read-only). */
enum sysreg_kind {
    REG_RAZ_WI,
    REG_RAZ_RO,
    REG_OSLSR, /* there is an OS lock, and it is open */
    REG_SRE,   /* always the system register interface: reads as 7 */
    REG_PTIMER,
    REG_DBG_BANK, /* CRm is the number of the break- or watchpoint */
};

struct sysreg_row {
    uint32_t reg;
    uint32_t mask; /* bits of the encoding that must match */
    enum sysreg_kind kind;
};

#define EXACT SYSREG_MASK

/* In order of how often guests use them. */
static const struct sysreg_row sysreg_rows[] = {
    {SYSREG(3, 3, 14, 2, 0), SYSREG(3, 7, 15, 15, 0), REG_PTIMER}, /* CNTP_{TVAL,CTL,CVAL}_EL0 */
    {SYSREG(3, 0, 12, 12, 5), EXACT, REG_SRE},                     /* ICC_SRE_EL1 */
    {SYSREG(3, 0, 12, 11, 6), EXACT, REG_RAZ_WI},                  /* ICC_ASGI1R_EL1 */
    {SYSREG(3, 0, 12, 11, 7), EXACT, REG_RAZ_WI},                  /* ICC_SGI0R_EL1 */
    {SYSREG(2, 0, 1, 0, 4), EXACT, REG_RAZ_WI},                    /* OSLAR_EL1 */
    {SYSREG(2, 0, 1, 1, 4), EXACT, REG_OSLSR},                     /* OSLSR_EL1 */
    {SYSREG(2, 0, 1, 3, 4), EXACT, REG_RAZ_WI},                    /* OSDLR_EL1 */
    {SYSREG(2, 0, 1, 0, 0), EXACT, REG_RAZ_RO},                    /* MDRAR_EL1 */
    {SYSREG(2, 0, 0, 2, 2), EXACT, REG_RAZ_WI},                    /* MDSCR_EL1 */
    {SYSREG(2, 3, 0, 1, 0), EXACT, REG_RAZ_RO},                    /* MDCCSR_EL0 */
    {SYSREG(2, 0, 0, 2, 0), EXACT, REG_RAZ_WI},                    /* MDCCINT_EL1 */
    {SYSREG(2, 0, 0, 0, 4), SYSREG(3, 7, 15, 0, 4), REG_DBG_BANK}, /* DBGB{V,C}R, DBGW{V,C}R */
    {SYSREG(3, 3, 9, 12, 0), SYSREG(3, 7, 15, 15, 0), REG_RAZ_WI}, /* PMCR_EL0 to PMCEID1_EL0 */
    {SYSREG(3, 3, 9, 13, 0), EXACT, REG_RAZ_WI},                   /* PMCCNTR_EL0 */
    {SYSREG(3, 3, 9, 13, 1), EXACT, REG_RAZ_WI},                   /* PMXEVTYPER_EL0 */
    {SYSREG(3, 3, 9, 13, 2), EXACT, REG_RAZ_WI},                   /* PMXEVCNTR_EL0 */
    {SYSREG(3, 3, 9, 14, 0), EXACT, REG_RAZ_WI},                   /* PMUSERENR_EL0 */
    {SYSREG(3, 3, 9, 14, 3), EXACT, REG_RAZ_WI},                   /* PMOVSSET_EL0 */
    {SYSREG(3, 0, 9, 14, 1), EXACT, REG_RAZ_WI},                   /* PMINTENSET_EL1 */
    {SYSREG(3, 0, 9, 14, 2), EXACT, REG_RAZ_WI},                   /* PMINTENCLR_EL1 */
    {SYSREG(3, 0, 1, 0, 1), EXACT, REG_RAZ_WI},                    /* ACTLR_EL1 */
};

static const struct sysreg_row *sysreg_find(uint64_t esr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(sysreg_rows); i++) {
        if ((esr & sysreg_rows[i].mask) == sysreg_rows[i].reg) {
            return &sysreg_rows[i];
        }
    }
    return NULL;
}

static noinline enum trap_verdict sysreg_emulate(struct vcpu *v, uint64_t esr)
{
    const struct sysreg_row *row = sysreg_find(esr);
    bool write = (esr & ISS_SYSREG_READ) == 0;
    unsigned int rt = ISS_SYSREG_RT(esr);
    uint64_t value = write ? guest_reg_read(v, rt) : 0;

    if (row == NULL || (write && (row->kind == REG_RAZ_RO || row->kind == REG_OSLSR))) {
        return TRAP_UNDEF;
    }
    switch (row->kind) {
    case REG_PTIMER:
        if (ISS_SYSREG_OP2(esr) > 2) {
            return TRAP_UNDEF;
        }
        ptimer_access(v, ISS_SYSREG_OP2(esr), write, &value);
        break;
    case REG_DBG_BANK:
        if (ISS_SYSREG_OP2(esr) < 4) {
            return TRAP_UNDEF;
        }
        break;
    case REG_SRE:
        if (!vgic_has_sysregs(v)) {
            return TRAP_UNDEF;
        }
        value = 7;
        break;
    case REG_OSLSR:
        value = 8;
        break;
    case REG_RAZ_WI:
    case REG_RAZ_RO:
    default:
        break;
    }
    if (!write) {
        guest_reg_write(v, rt, value);
    }
    return TRAP_SKIP;
}

enum trap_verdict trap_sysreg(struct vcpu *v, uint64_t esr)
{
    if ((esr & SYSREG_ID_MASK) == SYSREG_ID_SPACE && (esr & ISS_SYSREG_READ) != 0 &&
        ISS_SYSREG_CRM(esr) - 1 < 7) {
        guest_reg_write(v, ISS_SYSREG_RT(esr),
                        guest_id_registers[ISS_SYSREG_CRM(esr)][ISS_SYSREG_OP2(esr)]);
        return TRAP_SKIP;
    }
    if ((esr & SYSREG_MASK) == SYSREG(3, 0, 12, 11, 5) && (esr & ISS_SYSREG_READ) == 0 &&
        vgic_has_sysregs(v)) {
        vgic_sgi1r_write(v, guest_reg_read(v, ISS_SYSREG_RT(esr)));
        return TRAP_SKIP;
    }
    return sysreg_emulate(v, esr);
}
