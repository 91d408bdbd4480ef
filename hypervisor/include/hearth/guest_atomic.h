/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read-modify-write of words that a guest writes too. On LL/SC machines a guest can make such an
 * operation fail for as long as it likes (XSA-295), so tries are bounded. When they run out,
 * the operation is given up: only the guest that fought for its own word loses by it.
 */
#pragma once

#include <hearth/compiler.h>

#define GUEST_ATOMIC_TRIES 1000U

/* One try, which may fail for no reason; *expected is updated with what was found. */
#define guest_cas_once(p, expected, desired)                                                       \
    __atomic_compare_exchange_n((p), (expected), (desired), true, __ATOMIC_SEQ_CST,                \
                                __ATOMIC_ACQUIRE)

/*
 * *p = (*p & ~clear) | set; *old is the value before. False when the tries ran out. A full
 * barrier when it succeeds.
 */
#define GUEST_CHANGE(suffix, type)                                                                 \
    static inline must_check bool guest_change_##suffix(type *p, type clear, type set, type *old)  \
    {                                                                                              \
        type found = READ_ONCE(*p);                                                                \
                                                                                                   \
        for (unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++) {                                    \
            type wanted = (type)((found & (type)~clear) | set);                                    \
                                                                                                   \
            if (guest_cas_once(p, &found, wanted)) {                                               \
                *old = found;                                                                      \
                return true;                                                                       \
            }                                                                                      \
        }                                                                                          \
        return false;                                                                              \
    }                                                                                              \
    /* Where it does not matter to anybody but the guest whether it worked. */                     \
    static inline void guest_clear_##suffix(type *p, type clear)                                   \
    {                                                                                              \
        type old;                                                                                  \
                                                                                                   \
        if (!guest_change_##suffix(p, clear, 0, &old)) {                                           \
            return;                                                                                \
        }                                                                                          \
    }

GUEST_CHANGE(8, uint8_t)
GUEST_CHANGE(16, uint16_t)
GUEST_CHANGE(32, uint32_t)
GUEST_CHANGE(64, unsigned long)
