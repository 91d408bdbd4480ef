/* SPDX-License-Identifier: Apache-2.0 */
/* Bit arrays over unsigned long. The atomic forms are in <hearth/atomic.h>. */
#pragma once

#include <hearth/compiler.h>

#define BITS_PER_LONG           64U
#define BITS_TO_LONGS(n)        (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, n) unsigned long name[BITS_TO_LONGS(n)]

static inline bool bit_test(const unsigned long *map, unsigned int bit)
{
    return (READ_ONCE(map[bit / BITS_PER_LONG]) >> (bit % BITS_PER_LONG)) & 1UL;
}

static inline void bit_set(unsigned long *map, unsigned int bit)
{
    map[bit / BITS_PER_LONG] |= 1UL << (bit % BITS_PER_LONG);
}

static inline void bit_clear(unsigned long *map, unsigned int bit)
{
    map[bit / BITS_PER_LONG] &= ~(1UL << (bit % BITS_PER_LONG));
}

/* First set (or zero) bit at or after `from`; `size` when there is none. */
unsigned int bitmap_next_set(const unsigned long *map, unsigned int size, unsigned int from);
unsigned int bitmap_next_zero(const unsigned long *map, unsigned int size, unsigned int from);
unsigned int bitmap_weight(const unsigned long *map, unsigned int size);

#define for_each_set_bit(bit, map, size)                                                           \
    for ((bit) = bitmap_next_set((map), (size), 0); (bit) < (size);                                \
         (bit) = bitmap_next_set((map), (size), (bit) + 1))
