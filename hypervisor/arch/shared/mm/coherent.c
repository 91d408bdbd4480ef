/* SPDX-License-Identifier: Apache-2.0 */
/* Clearing, copying and cleaning memory where caches and DMA are coherent. */
#include <hearth/arch/mm.h>
#include <hearth/string.h>

void arch_zero(void *dst, size_t len)
{
    memset(dst, 0, len);
}

void arch_copy_page(void *dst, const void *src)
{
    memcpy(dst, src, PAGE_SIZE);
}

void arch_clean_to_poc(const void *va maybe_unused, size_t len maybe_unused)
{
    /* Guests cannot turn caches off, and DMA is coherent on the machines that Hearth knows. */
}

void arch_zero_to_poc(void *dst, size_t len)
{
    arch_zero(dst, len);
}

void arch_boot_copy(void *dst, const void *src, size_t len)
{
    memcpy(dst, src, len);
}
