/* SPDX-License-Identifier: Apache-2.0 */
/* What arch/shared/mm/tables.c needs to know of riscv64. */
#pragma once

#include <hearth/num.h>
#include <hearth/pt.h>

#include <asm/layout.h>
#include <asm/riscv64.h>

#define TABLES_FORMAT (&pt_sv)

/* head.S: the first root, and the table below its DEVICE_SLOT whose entries are 2 MiB each. */
extern uint64_t boot_root[PT_ENTRIES], device_table[PT_ENTRIES];

static inline uint8_t tables_max_level(void)
{
    return 2;
}

static inline void tables_flush(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

static inline void tables_load(paddr_t root)
{
    csr_write(satp, (uint64_t)SATP_MODE << 60 | root.a >> PAGE_SHIFT);
    tables_flush();
}

/*
 * Valid, readable, writable, accessed, dirty. Device memory is such by its physical attributes;
 * the entry has nothing to say about it.
 */
static inline uint64_t tables_device_entry(uint64_t paddr)
{
    return paddr >> 2 | 0xc7U;
}
