/* SPDX-License-Identifier: Apache-2.0 */
/* What arch/shared/mm/tables.c needs to know of x86. */
#pragma once

#include <hearth/num.h>
#include <hearth/pt.h>

#include <asm/layout.h>
#include <asm/x86.h>

#define TABLES_FORMAT (&pt_x86)

/* head.S: the first root, and the table below its DEVICE_SLOT whose entries are 2 MiB each. */
extern uint64_t boot_root[PT_ENTRIES], device_table[PT_ENTRIES];

/* 2 where the CPU has pages of 1 GiB. */
static inline uint8_t tables_max_level(void)
{
    return (cpuid(0x80000001U).d & (1U << 26)) != 0 ? 2 : 1;
}

static inline void tables_load(paddr_t root)
{
    cr3_write(root.a);
}

static inline void tables_flush(void)
{
    cr3_write(cr3_read()); /* no entry is global */
}

/* 2 MiB, uncached, writable, not executable. */
static inline uint64_t tables_device_entry(uint64_t paddr)
{
    return paddr | 0x80000000000000fbUL;
}
