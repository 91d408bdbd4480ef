/* SPDX-License-Identifier: Apache-2.0 */
/* For fuzzers of what runs at start-up: no output, and panic() as an ordinary end of the run. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearth/bug.h>
#include <hearth/console.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf quiet_panicked maybe_unused;

/* Formats all the same, so that arguments are looked at. */
void printk(enum log_level level, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    (void)level;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
}

void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
{
    (void)d;
    (void)level;
    (void)fmt;
}

void console_panic_mode(void)
{
}

void console_set_uart(const struct uart *uart)
{
    (void)uart;
}
