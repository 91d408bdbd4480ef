/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what is printed, for tests of messages; panic()'s goes to stderr (unit_expect_stop). */
#pragma once

#include <hearth/console.h>

static char log_text[1 << 16];
static size_t log_used;

void printk(enum log_level level, const char *fmt, ...)
{
    va_list ap;
    int n;

    (void)level;
    va_start(ap, fmt);
    n = vsnprintf(log_text + log_used, sizeof(log_text) - log_used, fmt, ap);
    va_end(ap);
    fputs(log_text + log_used, stderr);
    log_used += (size_t)n < sizeof(log_text) - log_used ? (size_t)n : 0;
}

void console_panic_mode(void)
{
}

void console_set_uart(const struct uart *uart)
{
    (void)uart;
}

static inline void log_clear(void)
{
    log_used = 0;
    log_text[0] = '\0';
}

static inline bool logged(const char *text)
{
    return strstr(log_text, text) != NULL;
}
