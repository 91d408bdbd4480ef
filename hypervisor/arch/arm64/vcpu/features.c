/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU has, and the virtualization controls that hold for all guests: on each CPU. */
#include <hearth/arch/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>
#include <asm/trap.h>

static unsigned int guest_address_bits __ro_after_init;
static bool have_pauth __ro_after_init;

unsigned int cpu_guest_address_bits(void)
{
    return guest_address_bits;
}

bool cpu_has_pauth(void)
{
    return have_pauth;
}

/* ID_AA64MMFR0.PARange -> bits; 52-bit addresses need another descriptor format. */
static unsigned int physical_bits(void)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
    unsigned int range = (unsigned int)read_sysreg(id_aa64mmfr0_el1) & 15;

    return range < ARRAY_SIZE(bits) ? bits[range] : 48;
}

void __init cpu_features_init(void)
{
    /* APA, API of ISAR1; APA3 of ISAR2. */
    have_pauth =
        (read_sysreg(id_aa64isar1_el1) & 0xff0) != 0 || (read_sysreg(S3_0_C0_C6_2) & 0xf000) != 0;
    guest_address_bits = physical_bits();
    if (guest_address_bits < 40) {
        panic("this CPU has %u bits of physical address; guests need at least 40",
              guest_address_bits);
    }
    guest_id_registers_init();
}

/* What EL0 is not to reach traps to EL1, before EL2: PMUSERENR_EL0 reads 0 to guests. */
static void close_pmu(void)
{
    unsigned int version = (unsigned int)(read_sysreg(id_aa64dfr0_el1) >> 8) & 15U;

    if (version != 0 && version != 15) {
        write_sysreg(pmuserenr_el0, 0);
    }
}

void arch_cpu_init(void)
{
    vectors_install();
    close_pmu();
    write_sysreg(cptr_el2, CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM);
    /* HPMN: all counters for EL1, which cannot reach them. */
    write_sysreg(mdcr_el2, ((read_sysreg(mdcr_el2) & 0x1f) | MDCR_TPMCR | MDCR_TPM | MDCR_TDA |
                            MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF));
    write_sysreg(hstr_el2, 0);
    write_sysreg(cnthctl_el2, CNTHCTL_EL1PCTEN);
    write_sysreg(vpidr_el2, read_sysreg(midr_el1));
    write_sysreg(hcr_el2, HCR_RW);
    isb();
}
