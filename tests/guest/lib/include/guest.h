/* SPDX-License-Identifier: Apache-2.0
 *
 * The tiny-kernel library: what a test may use. Everything runs on one stack per vCPU, with an
 * identity map, caches on, and no allocator. Nothing here knows which hypervisor is below.
 */
#ifndef HEARTH_GUEST_H
#define HEARTH_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE     4096UL
#define PAGE_SHIFT    12

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_ALIGNED  __attribute__((aligned(4096)))
#define NORETURN      __attribute__((noreturn))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))

/* A test's entry point, on the boot vCPU with interrupts masked. */
void test_main(void);

/* console.c */
void console_init(void);
void console_write(const char *text, size_t length);
bool console_is_uart(void);
PRINTF(1, 2) void print(const char *format, ...);

/* printf.c: %s %c %d %u %x %p %% with l, ll, z, width, 0 and - flags. Returns the untruncated
 * length. */
int format_text(char *out, size_t size, const char *format, va_list args);
PRINTF(3, 4) int format(char *out, size_t size, const char *fmt, ...);

/* test.c: TAP-like lines; test_finish() prints the totals and powers the domain off. */
PRINTF(2, 3) bool test_check(bool good, const char *name, ...);
void test_equal(long got, long want, const char *name);
void test_skip(const char *name, const char *why);
NORETURN void test_finish(void);
NORETURN PRINTF(1, 2) void guest_panic(const char *format, ...);

/* string.c */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
const char *find_text(const char *haystack, const char *needle);
bool all_bytes(const void *p, int value, size_t n);

/* prng.c: xorshift64*, the same sequence for the same seed everywhere. */
struct prng {
    uint64_t state;
};
void prng_seed(struct prng *p, uint64_t seed);
uint64_t prng_next(struct prng *p);
uint64_t prng_below(struct prng *p, uint64_t limit);

/* platform.c: what the boot information says about this domain. */
struct platform {
    uint64_t ram_base;
    uint64_t ram_size;
    uint64_t ram_end; /* end of the last bank */
    uint64_t uart;    /* 0: none */
    uint64_t gicd;
    uint64_t gicr_or_gicc;
    unsigned int gic_version;
    unsigned int evtchn_irq; /* 0: no hypervisor node */
    bool is_domu;
    char bootargs[256];
};
extern struct platform platform;
void platform_init(const void *boot_info);
/* The value of `name=` in bootargs, or fallback. */
uint64_t boot_option(const char *name, uint64_t fallback);

/* Page frames above all RAM of this domain, for frames that the hypervisor hands out. */
uint64_t spare_gfn(unsigned int count);

#include <guest/arch.h> /* lib/<arch>/include */

#endif
