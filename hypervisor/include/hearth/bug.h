/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third kind of error: our own invariant is broken. Nothing that a guest or a client does may
 * reach these; each BUG_ON stands beside a comment that names what makes it impossible.
 */
#pragma once

#include <hearth/compiler.h>

/* Prints file, line and condition on the console, halts all CPUs. Any context. */
noreturn cold void bug(const char *file, unsigned int line, const char *what);

/* Prints the message and halts (or reboots, unless `noreboot`). Any context. */
noreturn cold void panic(const char *fmt, ...) printf_like(1, 2);

#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (unlikely(cond)) {                                                                      \
            bug(__FILE__, __LINE__, #cond);                                                        \
        }                                                                                          \
    } while (0)

/* What the caller promised. Debug builds only; never input validation. */
#define ASSERT(cond)                                                                               \
    do {                                                                                           \
        if (IS_ENABLED(CONFIG_DEBUG) && unlikely(!(cond))) {                                       \
            bug(__FILE__, __LINE__, #cond);                                                        \
        }                                                                                          \
    } while (0)
