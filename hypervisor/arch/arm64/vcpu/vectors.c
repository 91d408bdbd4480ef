/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses this CPU's exception vectors: how the branch history that a guest leaves is cleared
 * (Arm's Spectre-BHB white paper; CVE-2022-23960). A CPU that says CSV2_3 or ECBHB needs nothing.
 */
#include <hearth/compiler.h>
#include <hearth/cpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>

extern const char vectors_plain[], vectors_loop8[], vectors_loop24[], vectors_loop32[];

#define MIDR_PART(midr)        ((unsigned int)((midr) >> 4) & 0xfffU)
#define MIDR_IMPLEMENTER(midr) ((unsigned int)((midr) >> 24) & 0xffU)
#define IMPLEMENTER_ARM        0x41U

struct bhb_row {
    uint16_t part;
    uint8_t loops;
};

static const struct bhb_row bhb_rows[] = {
    {0xd07, 8},  /* Cortex-A57 */
    {0xd08, 8},  /* Cortex-A72 */
    {0xd0b, 24}, /* Cortex-A76 */
    {0xd0c, 24}, /* Neoverse N1 */
    {0xd0d, 24}, /* Cortex-A77 */
    {0xd40, 32}, /* Neoverse V1 */
    {0xd41, 32}, /* Cortex-A78 */
    {0xd44, 32}, /* Cortex-X1 */
    {0xd47, 32}, /* Cortex-A710 */
    {0xd48, 32}, /* Cortex-X2 */
    {0xd49, 32}, /* Neoverse N2 */
    {0xd4b, 32}, /* Cortex-A78C */
};

static const char *choose(uint64_t midr)
{
    bool csv2_3 = ((read_sysreg(id_aa64pfr0_el1) >> 56) & 15) >= 3;
    bool ecbhb = ((read_sysreg(id_aa64mmfr1_el1) >> 60) & 15) != 0;

    if (csv2_3 || ecbhb || MIDR_IMPLEMENTER(midr) != IMPLEMENTER_ARM) {
        return vectors_plain;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bhb_rows); i++) {
        if (bhb_rows[i].part == MIDR_PART(midr)) {
            return bhb_rows[i].loops == 8    ? vectors_loop8
                   : bhb_rows[i].loops == 24 ? vectors_loop24
                                             : vectors_loop32;
        }
    }
    return vectors_plain;
}

void vectors_install(void)
{
    const char *vectors = choose(read_sysreg(midr_el1));

    write_sysreg(vbar_el2, (uint64_t)vectors);
    isb();
}
