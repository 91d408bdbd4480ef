/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the store. Every allocation goes through here, so that a test can let the n-th one
 * fail. NULL means out of memory; no caller may treat it as fatal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define must_check                      __attribute__((warn_unused_result))
#define array_len(a)                    (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Allocations made so far, and the one that is to fail. */
struct mem_count {
    uint64_t count, fail_at;
};
extern struct mem_count mem_counted;

/* Counts an allocation that is made elsewhere. True: it is to fail. */
static inline bool mem_fails(void)
{
    return ++mem_counted.count == mem_counted.fail_at;
}

void *mem_alloc(size_t size) must_check;
void *mem_zalloc(size_t size) must_check;
void *mem_resize(void *old, size_t size) must_check;
void mem_free(void *p);

/* Short ones are worth no call. */
static inline void mem_copy(void *to, const void *from, size_t len)
{
    uint64_t a, b;
    uint32_t c, d;

    if (len > 16) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        memcpy(&a, from, 8);
        memcpy(&b, (const char *)from + len - 8, 8);
        memcpy(to, &a, 8);
        memcpy((char *)to + len - 8, &b, 8);
    } else if (len >= 4) {
        memcpy(&c, from, 4);
        memcpy(&d, (const char *)from + len - 4, 4);
        memcpy(to, &c, 4);
        memcpy((char *)to + len - 4, &d, 4);
    } else if (len != 0) {
        uint8_t first = *(const uint8_t *)from, last = ((const uint8_t *)from)[len - 1];

        ((uint8_t *)to)[len / 2] = ((const uint8_t *)from)[len / 2];
        *(uint8_t *)to = first;
        ((uint8_t *)to)[len - 1] = last;
    }
}

/* Lets the n-th allocation from now fail, once; 0 lets none fail. Only tests call this. */
void mem_fail_at(uint64_t n);
/* Allocations made so far. */
uint64_t mem_count(void);
