/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions without a C form, and what the files of arch/x86 share. */
#pragma once

#include <hearth/compiler.h>
#include <hearth/num.h>

struct boot_info;

#define MSR_GS_BASE 0xc0000101U

static inline uint8_t port_read(uint16_t port)
{
    uint8_t v;

    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void port_write(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t cr2_read(void)
{
    uint64_t v;

    __asm__ volatile("movq %%cr2, %0" : "=r"(v));
    return v;
}

static inline uint64_t cr3_read(void)
{
    uint64_t v;

    __asm__ volatile("movq %%cr3, %0" : "=r"(v) : : "memory");
    return v;
}

static inline void cr3_write(uint64_t v)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(v) : "memory");
}

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;

    __asm__("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
    return r;
}

/* boot/ */
/* Fills boot_info and bootmem from what a multiboot loader left at `info`. */
void multiboot_describe(struct boot_info *info, uint32_t magic, uint32_t paddr);
/* mm/ */
paddr_t image_to_paddr(const void *symbol);
void tables_protect(void);
/* trap/ */
void traps_install(void);
