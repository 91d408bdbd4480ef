/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third kind of error: our own invariant is broken. Nothing that a guest or a client does may
 * reach these; each BUG_ON stands beside a comment that names what makes it impossible.
 */
#pragma once

#include <hearth/compiler.h>

/* Prints file, line and condition on the console, and ends as panic() does. Any context. */
noreturn cold void bug(const char *file, unsigned int line, const char *what);

/* Prints the message and halts all CPUs; once start-up is done, restarts the machine instead,
 * unless `noreboot`. Any context. */
noreturn cold void panic(const char *fmt, ...) printf_like(1, 2);
/* Start-up is done. Boot CPU, before arch_boot_finish(). */
void panic_restarts(void);

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
