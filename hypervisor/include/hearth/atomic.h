/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic access to plain integers, on the compiler's __atomic operations. Each use that orders
 * something names its partner. */
#pragma once

#include <hearth/bitmap.h>
#include <hearth/compiler.h>

#define load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
/* Loads before it are made before all accesses after it. */
#define smp_rmb()              __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_mb()               __atomic_thread_fence(__ATOMIC_SEQ_CST)

#define atomic_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_or(p, v)  __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define atomic_exchange(p, v)  __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)

/* True when *p was *expected and is now `desired`; else *expected is the value found. */
#define atomic_cas(p, expected, desired)                                                           \
    __atomic_compare_exchange_n((p), (expected), (desired), false, __ATOMIC_ACQ_REL,               \
                                __ATOMIC_ACQUIRE)

static inline void atomic_bit_set(unsigned long *map, unsigned int bit)
{
    (void)atomic_fetch_or(&map[bit / BITS_PER_LONG], 1UL << (bit % BITS_PER_LONG));
}

static inline void atomic_bit_clear(unsigned long *map, unsigned int bit)
{
    (void)atomic_fetch_and(&map[bit / BITS_PER_LONG], ~(1UL << (bit % BITS_PER_LONG)));
}

static inline bool atomic_bit_test_set(unsigned long *map, unsigned int bit)
{
    unsigned long mask = 1UL << (bit % BITS_PER_LONG);

    return (atomic_fetch_or(&map[bit / BITS_PER_LONG], mask) & mask) != 0;
}

static inline bool atomic_bit_test_clear(unsigned long *map, unsigned int bit)
{
    unsigned long mask = 1UL << (bit % BITS_PER_LONG);

    return (atomic_fetch_and(&map[bit / BITS_PER_LONG], ~mask) & mask) != 0;
}

/* index when index < size, else 0, without a branch that speculation could pass. */
static inline unsigned long index_nospec(unsigned long index, unsigned long size)
{
    unsigned long mask = (unsigned long)((long)(index - size) >> 63);

    hide_value(mask);
    return index & mask;
}
