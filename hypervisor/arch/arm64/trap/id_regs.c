/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID registers as guests see them: the host's fields, those cut that name state which is not
 * switched between vCPUs or which Hearth keeps. A field not named in a row is hidden (0).
 */
#include <hearth/compiler.h>

#include <asm/trap.h>

#define F(shift) (0xfUL << (shift))

struct id_row {
    uint8_t crm;
    uint8_t op2;
    uint64_t keep; /* fields passed through */
    uint64_t set;  /* or-ed in */
};

uint64_t guest_id_registers[8][8] __ro_after_init;

/* Fields by name: DDI 0487 D17.2. */
static const struct id_row id_rows[] = {
    /* AArch32 features of EL0: as they are, without the debug and performance ones. */
    {1, 0, ~0UL, 0},        /* ID_PFR0 */
    {1, 1, ~0UL, 0},        /* ID_PFR1 */
    {1, 2, F(0) | F(4), 0}, /* ID_DFR0: no PMU, no trace */
    {1, 4, ~0UL, 0},        /* ID_MMFR0 to 3 */
    {1, 5, ~0UL, 0},
    {1, 6, ~0UL, 0},
    {1, 7, ~0UL, 0},
    {2, 0, ~0UL, 0}, /* ID_ISAR0 to 5 */
    {2, 1, ~0UL, 0},
    {2, 2, ~0UL, 0},
    {2, 3, ~0UL, 0},
    {2, 4, ~0UL, 0},
    {2, 5, ~0UL, 0},
    {2, 6, ~0UL, 0}, /* ID_MMFR4 */
    {2, 7, ~0UL, 0}, /* ID_ISAR6 */
    {3, 0, ~0UL, 0}, /* MVFR0 to 2 */
    {3, 1, ~0UL, 0},
    {3, 2, ~0UL, 0},
    {3, 4, ~0UL, 0}, /* ID_PFR2 */
    /* ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3; no EL2, EL3, RAS, SVE, AMU. */
    {4, 0, F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60), 0},
    /* ID_AA64PFR1: BT, SSBS; no MTE, RAS fraction, SME. */
    {4, 1, F(0) | F(4), 0},
    /* ID_AA64DFR0: architecture version and numbers of breakpoints; no trace, PMU, SPE. */
    {5, 0, F(0) | F(12) | F(20) | F(28), 0},
    /* ID_AA64ISAR0: all but TME (24) and ... */
    {6, 0, ~F(24), 0},
    /* ID_AA64ISAR1: all but LS64 (60), XS (56). */
    {6, 1, ~(F(60) | F(56)), 0},
    /* ID_AA64ISAR2: RPRES, GPA3, APA3, BC. */
    {6, 2, F(4) | F(8) | F(12) | F(20), 0},
    /* ID_AA64MMFR0: all but ExS (44), FGT (56), ECV (60). */
    {7, 0, ~(F(44) | F(56) | F(60)), 0},
    /* ID_AA64MMFR1: HAFDBS, VMIDBits, HPDS, PAN, XNX, ETS, AFP; no VH, LOR, TWED, HCX. */
    {7, 1, F(0) | F(4) | F(12) | F(20) | F(28) | F(36) | F(44), 0},
    /* ID_AA64MMFR2: all but NV (24), EVT (56), ST's reserved. */
    {7, 2, ~(F(24) | F(56)), 0},
};

#define READ_ID(crm, op2)                                                                          \
    case (crm)*8 + (op2):                                                                          \
        __asm__ volatile("mrs %0, S3_0_C0_C" #crm "_" #op2 : "=r"(value));                         \
        break;
#define READ_ID_ROW(crm)                                                                           \
    READ_ID(crm, 0)                                                                                \
    READ_ID(crm, 1)                                                                                \
    READ_ID(crm, 2)                                                                                \
    READ_ID(crm, 3) READ_ID(crm, 4) READ_ID(crm, 5) READ_ID(crm, 6) READ_ID(crm, 7)

static __init uint64_t read_id(unsigned int crm, unsigned int op2)
{
    uint64_t value = 0;

    switch (crm * 8 + op2) {
        READ_ID_ROW(1)
        READ_ID_ROW(2)
        READ_ID_ROW(3)
        READ_ID_ROW(4)
        READ_ID_ROW(5)
        READ_ID_ROW(6)
        READ_ID_ROW(7)
    default:
        break;
    }
    return value;
}

/* CSV2 of 2 and above says that there is SCXTNUM_EL1, which is not switched. */
static __init uint64_t without_scxtnum(uint64_t pfr0)
{
    return (pfr0 >> 56 & 15) > 1 ? (pfr0 & ~F(56)) | 1UL << 56 : pfr0;
}

/* CPUs of one machine are taken to be alike in what guests see: the boot CPU's values hold. */
void __init guest_id_registers_init(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(id_rows); i++) {
        const struct id_row *r = &id_rows[i];

        guest_id_registers[r->crm][r->op2] = (read_id(r->crm, r->op2) & r->keep) | r->set;
    }
    guest_id_registers[4][0] = without_scxtnum(guest_id_registers[4][0]);
}
