/* SPDX-License-Identifier: Apache-2.0 */
/* What of memory is riscv64's own; the rest is arch/shared/mm. */
#include <hearth/arch/mm.h>
#include <hearth/pt.h>

const struct pt_ops *arch_p2m_pt_ops(void)
{
    return &pt_svx4;
}

void arch_sync_icache(const void *va maybe_unused, size_t len maybe_unused)
{
    __asm__ volatile(".word 0x0000100f" ::: "memory"); /* fence.i */
}
