/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by address (DDI 0487 D7.4), by the smallest line that CTR_EL0 names. */
#include <hearth/arch/mm.h>

#include <asm/sysreg.h>

void clean_lines_64(uint64_t start, uint64_t end); /* zero.S */

void arch_clean_to_poc(const void *va, size_t len)
{
    uint64_t line = 4UL << ((read_sysreg(ctr_el0) >> 16) & 15);
    uint64_t end = (uint64_t)va + len;

    if (line == 64 && len >= PAGE_SIZE) {
        clean_lines_64((uint64_t)va & ~(line - 1), end);
        dsb_sy();
        return;
    }
    for (uint64_t a = (uint64_t)va & ~(line - 1); a < end; a += line) {
        __asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
    }
    dsb_sy();
}

void arch_sync_icache(const void *va, size_t len)
{
    uint64_t line = 4UL << ((read_sysreg(ctr_el0) >> 16) & 15);
    uint64_t end = (uint64_t)va + len;

    for (uint64_t a = (uint64_t)va & ~(line - 1); a < end; a += line) {
        __asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
    }
    dsb_ish();
    __asm__ volatile("ic ialluis" ::: "memory");
    dsb_ish();
    isb();
}
