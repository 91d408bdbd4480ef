/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for small objects of which there are very many and which refer to each other by 32 bits.
 *
 * A reference is the distance from the pool's base in units of 4 bytes, and even: the lowest bit is
 * the owner's. Objects do not move. Pages of 4 KiB each hold objects of one size, in steps of 8
 * bytes; a page in which none is left serves any size. So what a client can make the pool keep is
 * bound by a page for each object that it has.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

#define POOL_MAX 512u /* bytes of one object */

extern char *pool_base;

static inline void *pool_at(uint32_t ref)
{
    return pool_base + (uint64_t)ref * 4;
}

static inline uint32_t pool_ref(const void *p)
{
    return (uint32_t)((uint64_t)((const char *)p - pool_base) / 4);
}

/* Reserves the pool's addresses, once; -ENOMEM. */
int pool_init(void) must_check;
/*
 * NULL when out of memory. Aligned to 8 bytes, with room up to a multiple of 8; never at reference
 * 0.
 */
void *pool_alloc(size_t size) must_check;
void pool_free(void *p);
/* Whether objects of these sizes take the same room. */
static inline int pool_same(size_t a, size_t b)
{
    return (a + 7) / 8 == (b + 7) / 8;
}
/* Objects that are there; only tests want to know. */
uint64_t pool_count(void);
