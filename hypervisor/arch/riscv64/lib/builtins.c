/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler calls where rv64imac has no instruction: counts of zeros, and atomic operations
 * on bytes, made of operations on the aligned word around them. All are sequentially consistent,
 * whatever order is asked for.
 */
#include <hearth/compiler.h>

int count_leading(uint64_t x) __asm__("__clzdi2");
int count_trailing(uint64_t x) __asm__("__ctzdi2");
uint8_t exchange_byte(void *p, uint8_t value, int order) __asm__("__atomic_exchange_1");
bool compare_exchange_byte(void *p, void *expected, uint8_t desired, int success,
                           int failure) __asm__("__atomic_compare_exchange_1");

int count_leading(uint64_t x)
{
    int n = 0;

    for (unsigned int step = 32; step != 0; step /= 2) {
        if (x >> (64 - step) == 0) {
            n += (int)step;
            x <<= step;
        }
    }
    return n;
}

int count_trailing(uint64_t x)
{
    int n = 0;

    for (unsigned int step = 32; step != 0; step /= 2) {
        if (x << (64 - step) == 0) {
            n += (int)step;
            x >>= step;
        }
    }
    return n;
}

static uint32_t *word_of(void *p, unsigned int *shift)
{
    uintptr_t a = (uintptr_t)p;

    *shift = (unsigned int)(a & 3) * 8;
    return (uint32_t *)(a & ~(uintptr_t)3);
}

static uint32_t with_byte(uint32_t word, unsigned int shift, uint8_t value)
{
    return (word & ~(0xffU << shift)) | (uint32_t)value << shift;
}

uint8_t exchange_byte(void *p, uint8_t value, int order maybe_unused)
{
    unsigned int shift;
    uint32_t *word = word_of(p, &shift);
    uint32_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(word, &old, with_byte(old, shift, value), true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    return (uint8_t)(old >> shift);
}

bool compare_exchange_byte(void *p, void *expected, uint8_t desired, int success maybe_unused,
                           int failure maybe_unused)
{
    unsigned int shift;
    uint32_t *word = word_of(p, &shift);
    uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    uint8_t *want = expected;

    /* Fails only for the byte's own sake: a change beside it tries again. */
    do {
        if ((uint8_t)(old >> shift) != *want) {
            *want = (uint8_t)(old >> shift);
            return false;
        }
    } while (!__atomic_compare_exchange_n(word, &old, with_byte(old, shift, desired), true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return true;
}
