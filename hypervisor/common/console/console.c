/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console output: lines, levels, rate limits.
 *
 * Everything that is printed goes through console_emit() under console.lock. The lock is innermost
 * (RANK_CONSOLE), so printk() works in any context; after console_panic_mode() it is not taken.
 * `line_owner` says whose unfinished line the cursor stands in: another writer begins a new line.
 */
#include "private.h"

#include <hearth/boot.h>
#include <hearth/domain.h>
#include <hearth/printf.h>
#include <hearth/string.h>

#include <hearth/arch/boot.h>

/* Ten messages at once and two a second after that, as Xen has it. */
#define MESSAGE_COST  100U
#define MESSAGE_BURST (10U * MESSAGE_COST)
#define MESSAGE_RATE  (2U * MESSAGE_COST)

NO_LOCK_ANALYSIS void console_lock(void)
{
    if (likely(!READ_ONCE(console.panic))) {
        spin_lock(&console.lock);
    }
}

NO_LOCK_ANALYSIS void console_unlock(void)
{
    if (likely(!READ_ONCE(console.panic))) {
        spin_unlock(&console.lock);
    }
}

static void uart_put(char c)
{
    if (console.uart == NULL) {
        return;
    }
    if (c == '\n' && console.last != '\r') {
        console.uart->putc('\r');
    }
    console.uart->putc(c);
    console.last = c;
}

void console_emit(char c, bool keep)
{
    uart_put(c);
    if (keep) {
        ring_put(c);
    }
}

bool console_line_for(uint32_t owner)
{
    if (console.line_owner == owner) {
        return false;
    }
    if (console.line_owner != LINE_NONE) {
        console_emit('\n', console.line_owner == LINE_HEARTH);
    }
    console.line_owner = owner;
    return true;
}

void console_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (console_line_for(LINE_HEARTH)) {
            for (const char *p = "(XEN) "; *p != '\0'; p++) {
                console_emit(*p, true);
            }
        }
        console_emit(text[i], true);
        if (text[i] == '\n') {
            console.line_owner = LINE_NONE;
        }
    }
}

static void vprintk(const char *fmt, va_list ap) printf_like(1, 0) REQUIRES(console.lock);
static void vprintk(const char *fmt, va_list ap)
{
    int n = vsnprintf(console.format, sizeof(console.format), fmt, ap);

    if (n > 0) {
        console_text(console.format, MIN((size_t)n, sizeof(console.format) - 1));
    }
}

/* Until there is a UART the options may not have been read: what the default shows is kept. */
static bool is_shown(enum log_level level)
{
    return level <= options.loglvl || (level <= LOG_INFO && READ_ONCE(console.uart) == NULL);
}

void printk(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (!is_shown(level)) {
        return;
    }
    va_start(ap, fmt);
    console_lock();
    vprintk(fmt, ap);
    console_unlock();
    va_end(ap);
}

bool console_rate_pass(struct console_rate *r, uint32_t cost, uint32_t burst, uint32_t per_second)
{
    nanosec_t t = now();
    uint64_t unit = NS_PER_S / per_second;
    uint64_t drained = (t - r->since) / unit;

    if (drained >= r->level) {
        r->level = 0;
        r->since = t;
    } else {
        r->level -= (uint32_t)drained;
        r->since += drained * unit;
    }
    if (r->level + cost > burst) {
        return false;
    }
    r->level += cost;
    return true;
}

static void note(const char *fmt, ...) printf_like(1, 2) REQUIRES(console.lock);
static void note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintk(fmt, ap);
    va_end(ap);
}

void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > options.guest_loglvl) {
        return;
    }
    va_start(ap, fmt);
    console_lock();
    if (d == NULL) {
        vprintk(fmt, ap);
    } else if (console_rate_pass(&d->console.messages, MESSAGE_COST, MESSAGE_BURST, MESSAGE_RATE)) {
        if (d->console.messages.suppressed != 0) {
            note("d%u: %u messages suppressed\n", d->id, d->console.messages.suppressed);
            d->console.messages.suppressed = 0;
        }
        note("d%u: ", d->id);
        vprintk(fmt, ap);
    } else {
        d->console.messages.suppressed++;
    }
    console_unlock();
    va_end(ap);
}

static void put_nowhere(char c)
{
    (void)c;
}

void console_set_uart(const struct uart *uart)
{
    static const struct uart nowhere = {.name = "none", .putc = put_nowhere};

    console_lock();
    uint32_t from = console.uart == NULL ? console.ring_start : console.ring_end;

    console.uart = options.console_off ? &nowhere : uart;
    for (uint32_t i = from; i != console.ring_end; i++) {
        uart_put(console.ring[i % RING_SIZE]);
    }
    console_unlock();
}

void console_panic_mode(void)
{
    WRITE_ONCE(console.panic, true);
    if (console.uart == NULL) {
        arch_console_fallback();
    }
}
