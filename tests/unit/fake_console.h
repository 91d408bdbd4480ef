/* SPDX-License-Identifier: Apache-2.0 */
/* The console as stderr, for tests of what lies below it. */
#pragma once

#include <hearth/console.h>

void printk(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    (void)level;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
}

void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    (void)d;
    (void)level;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
}

void console_panic_mode(void)
{
}

void console_set_uart(const struct uart *uart)
{
    (void)uart;
}
