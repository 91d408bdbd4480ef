/* SPDX-License-Identifier: Apache-2.0 */
#include <hearth/bitmap.h>

/* First set bit at or after `from` of the map with each word xored by `flip`. */
static unsigned int next_bit(const unsigned long *map, unsigned int size, unsigned int from,
                             unsigned long flip)
{
    unsigned int word = from / BITS_PER_LONG;
    unsigned long bits;

    if (from >= size) {
        return size;
    }
    bits = (READ_ONCE(map[word]) ^ flip) & (~0UL << (from % BITS_PER_LONG));
    while (bits == 0) {
        if (++word >= BITS_TO_LONGS(size)) {
            return size;
        }
        bits = READ_ONCE(map[word]) ^ flip;
    }
    from = word * BITS_PER_LONG + (unsigned int)__builtin_ctzl(bits);
    return MIN(from, size);
}

unsigned int bitmap_next_set(const unsigned long *map, unsigned int size, unsigned int from)
{
    return next_bit(map, size, from, 0);
}

unsigned int bitmap_next_zero(const unsigned long *map, unsigned int size, unsigned int from)
{
    return next_bit(map, size, from, ~0UL);
}

/* Without popcount instructions a builtin would call libgcc. */
static unsigned int word_weight(unsigned long w)
{
    w -= (w >> 1) & 0x5555555555555555UL;
    w = (w & 0x3333333333333333UL) + ((w >> 2) & 0x3333333333333333UL);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return (unsigned int)((w * 0x0101010101010101UL) >> 56);
}

unsigned int bitmap_weight(const unsigned long *map, unsigned int size)
{
    unsigned int sum = 0;
    unsigned int i;

    for (i = 0; i < size / BITS_PER_LONG; i++) {
        sum += word_weight(READ_ONCE(map[i]));
    }
    if (size % BITS_PER_LONG != 0) {
        sum += word_weight(READ_ONCE(map[i]) & ~(~0UL << (size % BITS_PER_LONG)));
    }
    return sum;
}
