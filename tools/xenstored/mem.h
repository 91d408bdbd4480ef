/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the store. Every allocation goes through here, so that a test can let the n-th one
 * fail. NULL means out of memory; no caller may treat it as fatal.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define must_check                      __attribute__((warn_unused_result))
#define array_len(a)                    (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

void *mem_alloc(size_t size) must_check;
void *mem_zalloc(size_t size) must_check;
void *mem_resize(void *old, size_t size) must_check;
void mem_free(void *p);

/* Lets the n-th allocation from now fail, once; 0 lets none fail. Only tests call this. */
void mem_fail_at(uint64_t n);
/* Allocations made so far. */
uint64_t mem_count(void);
