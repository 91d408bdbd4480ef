/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string primitives. Copies move eight words at a time; what is left goes in halving
 * steps without a loop, because most copies are small structures. Words are accessed unaligned only
 * where source and destination are not aligned alike; no floating-point register is touched.
 */
#include <hearth/string.h>

#define WORD  sizeof(uint64_t)
#define BLOCK (8 * WORD)
#define ONES  0x0101010101010101ULL

/* Integers at any address. */
typedef uint64_t aligned(1) loose_u64;
typedef uint32_t aligned(1) loose_u32;
typedef uint16_t aligned(1) loose_u16;

static inline uint64_t load_word(const uint8_t *p)
{
    return *(const loose_u64 *)(const void *)p;
}

static inline void store_word(uint8_t *p, uint64_t v)
{
    *(loose_u64 *)(void *)p = v;
}

/* Word i of a copy; `loose` is a constant. All loads of a step come before its stores. */
static always_inline uint64_t get(const uint8_t *s, unsigned int i, bool loose)
{
    return loose ? load_word(s + i * WORD) : ((const uint64_t *)(const void *)s)[i];
}

static always_inline void set(uint8_t *d, unsigned int i, uint64_t v, bool loose)
{
    if (loose) {
        store_word(d + i * WORD, v);
    } else {
        ((uint64_t *)(void *)d)[i] = v;
    }
}

static always_inline void copy_four(uint8_t *d, const uint8_t *s, bool loose)
{
    uint64_t a = get(s, 0, loose), b = get(s, 1, loose);
    uint64_t c = get(s, 2, loose), e = get(s, 3, loose);

    set(d, 0, a, loose);
    set(d, 1, b, loose);
    set(d, 2, c, loose);
    set(d, 3, e, loose);
}

static always_inline void copy_words(uint8_t *d, const uint8_t *s, size_t n, bool loose)
{
    for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK) {
        copy_four(d, s, loose);
        copy_four(d + 4 * WORD, s + 4 * WORD, loose);
    }
    if ((n & 32) != 0) {
        copy_four(d, s, loose);
        d += 32;
        s += 32;
    }
    if ((n & 16) != 0) {
        uint64_t a = get(s, 0, loose), b = get(s, 1, loose);

        set(d, 0, a, loose);
        set(d, 1, b, loose);
        d += 16;
        s += 16;
    }
    if ((n & 8) != 0) {
        set(d, 0, get(s, 0, loose), loose);
        d += 8;
        s += 8;
    }
    if ((n & 4) != 0) {
        *(loose_u32 *)(void *)d = *(const loose_u32 *)(const void *)s;
        d += 4;
        s += 4;
    }
    if ((n & 2) != 0) {
        *(loose_u16 *)(void *)d = *(const loose_u16 *)(const void *)s;
        d += 2;
        s += 2;
    }
    if ((n & 1) != 0) {
        *d = *s;
    }
}

static void copy_up(uint8_t *d, const uint8_t *s, size_t n)
{
    if (unlikely((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) != 0)) {
        copy_words(d, s, n, true);
        return;
    }
    for (; n > 0 && unlikely(((uintptr_t)d & (WORD - 1)) != 0); n--) {
        *d++ = *s++;
    }
    copy_words(d, s, n, false);
}

static void copy_down(uint8_t *d, const uint8_t *s, size_t n)
{
    for (; n >= WORD; n -= WORD) {
        store_word(d + n - WORD, load_word(s + n - WORD));
    }
    for (; n > 0; n--) {
        d[n - 1] = s[n - 1];
    }
}

void *memcpy(void *dst, const void *src, size_t n)
{
    copy_up(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    /* Upwards is safe unless dst starts inside the source. */
    if ((uintptr_t)dst - (uintptr_t)src >= n) {
        copy_up(dst, src, n);
    } else {
        copy_down(dst, src, n);
    }
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;
    uint64_t fill = ONES * (uint8_t)c;

    for (; n > 0 && ((uintptr_t)d & (WORD - 1)) != 0; n--) {
        *d++ = (uint8_t)c;
    }
    for (; n >= BLOCK; n -= BLOCK, d += BLOCK) {
        uint64_t *w = (uint64_t *)(void *)d;

        w[0] = fill;
        w[1] = fill;
        w[2] = fill;
        w[3] = fill;
        w[4] = fill;
        w[5] = fill;
        w[6] = fill;
        w[7] = fill;
    }
    for (; n >= WORD; n -= WORD, d += WORD) {
        *(uint64_t *)(void *)d = fill;
    }
    for (; n > 0; n--) {
        *d++ = (uint8_t)c;
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; n >= WORD && load_word(x) == load_word(y); n -= WORD) {
        x += WORD;
        y += WORD;
    }
    for (; n > 0; n--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const uint8_t *p = s;

    for (; n > 0; n--, p++) {
        if (*p == (uint8_t)c) {
            return (void *)(uintptr_t)p;
        }
    }
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p != '\0') {
        p++;
    }
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n] != '\0') {
        n++;
    }
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b) {
            return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
        }
        if (*a == '\0') {
            break;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return (char *)(uintptr_t)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);

    if (size > 0) {
        size_t take = MIN(n, size - 1);

        memcpy(dst, src, take);
        dst[take] = '\0';
    }
    return n;
}
