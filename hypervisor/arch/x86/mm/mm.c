/* SPDX-License-Identifier: Apache-2.0 */
/* What of memory is x86's own; the rest is arch/shared/mm. */
#include <hearth/arch/mm.h>
#include <hearth/pt.h>

#include <asm/layout.h>
#include <asm/x86.h>

paddr_t image_to_paddr(const void *symbol)
{
    return paddr((uint64_t)symbol - HEARTH_VIRT_BASE + LOAD_PADDR);
}

const struct pt_ops *arch_p2m_pt_ops(void)
{
    return &pt_npt;
}

void arch_sync_icache(const void *va maybe_unused, size_t len maybe_unused)
{
    /* The CPU sees to it (SDM 3A 12.6). */
}
