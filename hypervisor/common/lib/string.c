/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string primitives. Copies move eight words at a time when both sides share their
 * alignment, single unaligned words otherwise; no floating-point register is touched.
 */
#include <hearth/string.h>

#define WORD  sizeof(uint64_t)
#define BLOCK (8 * WORD)
#define ONES  0x0101010101010101ULL

/* A word at any address. */
typedef uint64_t aligned(1) loose_word;

static inline uint64_t load_word(const uint8_t *p)
{
    return *(const loose_word *)(const void *)p;
}

static inline void store_word(uint8_t *p, uint64_t v)
{
    *(loose_word *)(void *)p = v;
}

static void copy_block(uint64_t *d, const uint64_t *s)
{
    uint64_t a = s[0], b = s[1], c = s[2], e = s[3];

    d[0] = a;
    d[1] = b;
    d[2] = c;
    d[3] = e;
    a = s[4];
    b = s[5];
    c = s[6];
    e = s[7];
    d[4] = a;
    d[5] = b;
    d[6] = c;
    d[7] = e;
}

static void copy_up(uint8_t *d, const uint8_t *s, size_t n)
{
    if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0 && n >= BLOCK) {
        for (; ((uintptr_t)d & (WORD - 1)) != 0; n--) {
            *d++ = *s++;
        }
        for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK) {
            copy_block((uint64_t *)(void *)d, (const uint64_t *)(const void *)s);
        }
    }
    for (; n >= WORD; n -= WORD, d += WORD, s += WORD) {
        store_word(d, load_word(s));
    }
    for (; n > 0; n--) {
        *d++ = *s++;
    }
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
