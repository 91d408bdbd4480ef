/* SPDX-License-Identifier: Apache-2.0 */
/* Access to system registers, and the fields that Hearth uses (Arm DDI 0487). */
#pragma once

#ifndef __ASSEMBLY__
#include <hearth/compiler.h>

/* Names that old assemblers lack are given as S<op0>_<op1>_c<n>_c<m>_<op2>. */
#define read_sysreg(name)                                                                          \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })

#define write_sysreg(name, value)                                                                  \
    do {                                                                                           \
        uint64_t write_value_ = (value);                                                           \
        __asm__ volatile("msr " #name ", %x0" : : "rZ"(write_value_));                             \
    } while (0)

static inline void isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void dsb_sy(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline void dsb_ish(void)
{
    __asm__ volatile("dsb ish" ::: "memory");
}

static inline void dsb_ishst(void)
{
    __asm__ volatile("dsb ishst" ::: "memory");
}

static inline void dsb_nsh(void)
{
    __asm__ volatile("dsb nsh" ::: "memory");
}
#endif

/* HCR_EL2 */
#define HCR_VM      (1UL << 0)
#define HCR_SWIO    (1UL << 1)
#define HCR_PTW     (1UL << 2)
#define HCR_FMO     (1UL << 3)
#define HCR_IMO     (1UL << 4)
#define HCR_AMO     (1UL << 5)
#define HCR_VSE     (1UL << 8)
#define HCR_FB      (1UL << 9)
#define HCR_BSU_ISH (1UL << 10)
#define HCR_TWI     (1UL << 13)
#define HCR_TWE     (1UL << 14)
#define HCR_TID3    (1UL << 18)
#define HCR_TSC     (1UL << 19)
#define HCR_TIDCP   (1UL << 20)
#define HCR_TACR    (1UL << 21)
#define HCR_RW      (1UL << 31)
#define HCR_TLOR    (1UL << 35)
#define HCR_TERR    (1UL << 36)
#define HCR_APK     (1UL << 40)
#define HCR_API     (1UL << 41)

/* SCTLR_ELx: RES1 bits of EL2 without VHE, and what Hearth sets. */
#define SCTLR_EL2_RES1 0x30c50830UL
#define SCTLR_M        (1UL << 0)
#define SCTLR_A        (1UL << 1)
#define SCTLR_C        (1UL << 2)
#define SCTLR_SA       (1UL << 3)
#define SCTLR_I        (1UL << 12)
#define SCTLR_WXN      (1UL << 19)

/* EL1's SCTLR at reset: RES1 bits, MMU and caches off. */
#define SCTLR_EL1_RESET 0x30d00800UL

/* MAIR: attribute indices of stage 1 (<hearth/pt.h>). 0: normal write-back, 1: device nGnRE. */
#define MAIR_VALUE 0x00000000000004ffUL

/* CPTR_EL2 (no VHE): RES1, and trap SVE, SME, trace, activity monitors; not FP. */
#define CPTR_RES1 0x000022ffUL
#define CPTR_TZ   (1UL << 8)
#define CPTR_TSM  (1UL << 12)
#define CPTR_TTA  (1UL << 20)
#define CPTR_TAM  (1UL << 30)

/* MDCR_EL2: all debug, OS lock, PMU registers trap; E2PB, TPMS, TTRF for SPE and trace. */
#define MDCR_TPMCR (1UL << 5)
#define MDCR_TPM   (1UL << 6)
#define MDCR_TDA   (1UL << 9)
#define MDCR_TDOSA (1UL << 10)
#define MDCR_TDRA  (1UL << 11)
#define MDCR_TPMS  (1UL << 14)
#define MDCR_TTRF  (1UL << 19)

/* CNTHCTL_EL2: EL1 may read the physical counter; its physical timer traps. */
#define CNTHCTL_EL1PCTEN (1UL << 0)

/* CNTx_CTL */
#define CNT_CTL_ENABLE  (1UL << 0)
#define CNT_CTL_IMASK   (1UL << 1)
#define CNT_CTL_ISTATUS (1UL << 2)

/* SPSR / PSTATE */
#define PSR_MODE_MASK 0x1fUL
#define PSR_EL0T      0x0UL
#define PSR_EL1T      0x4UL
#define PSR_EL1H      0x5UL
#define PSR_EL2H      0x9UL
#define PSR_32        (1UL << 4)
#define PSR_F         (1UL << 6)
#define PSR_I         (1UL << 7)
#define PSR_A         (1UL << 8)
#define PSR_D         (1UL << 9)
#define PSR_DAIF      (PSR_D | PSR_A | PSR_I | PSR_F)
#define PSR_PAN       (1UL << 22)
#define PSR_DIT       (1UL << 24)

/* PAR_EL1 */
#define PAR_F       1UL
#define PAR_PA_MASK 0x0000fffffffff000UL

/* ESR_ELx */
#define ESR_EC_SHIFT 26
#define ESR_IL       (1UL << 25)
#define ESR_ISS_MASK 0x1ffffffUL
#define FSC_EXTERNAL 0x10UL /* synchronous external abort, not on a walk */

#define EC_UNKNOWN   0x00
#define EC_WFX       0x01
#define EC_FP        0x07
#define EC_ILLEGAL   0x0e
#define EC_HVC64     0x16
#define EC_SMC64     0x17
#define EC_SYSREG    0x18
#define EC_IABT_LOW  0x20
#define EC_IABT_CUR  0x21
#define EC_PC_ALIGN  0x22
#define EC_DABT_LOW  0x24
#define EC_DABT_CUR  0x25

/* Entry of a system register in ESR's ISS, without direction and register number. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    (((op0) << 20) | ((op2) << 17) | ((op1) << 14) | ((crn) << 10) | ((crm) << 1))
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
