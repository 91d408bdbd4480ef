/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers, the firmware's calls (SBI 1.0), and what the files of arch/riscv64 share. */
#pragma once

#include <hearth/compiler.h>
#include <hearth/num.h>

#define csr_read(name)                                                                             \
    ({                                                                                             \
        uint64_t csr_value_;                                                                       \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value_));                                    \
        csr_value_;                                                                                \
    })
#define csr_write(name, v) __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(v)) : "memory")

#define SIE_TIMER          (1UL << 5)

/* SBI extensions and their functions. */
#define SBI_EXT_BASE    0x10L
#define SBI_EXT_TIME    0x54494d45L
#define SBI_EXT_SRST    0x53525354L
#define SBI_EXT_PUTCHAR 0x01L /* legacy, version 0.1 */
#define SBI_BASE_PROBE  3L
#define SBI_SRST_OFF    0L
#define SBI_SRST_COLD   1L

/* Function `fid` of extension `eid`; *value may be NULL. Returns SBI's error, 0 for success. */
int64_t sbi_call(int64_t eid, int64_t fid, uint64_t a0, uint64_t a1, uint64_t *value);
void sbi_putchar(char c);

/* boot/ */
paddr_t image_to_paddr(const void *symbol);
/* mm/ */
void tables_protect(void);
/* trap/ */
void trap_entry(void);
