/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output of domains. dom0's, and that of the domain which has the input, is written as it comes;
 * the others' line by line with "(XEN) DOMn: " before it, without control characters, so that
 * nobody can imitate another's output. DomUs are limited in bytes per second.
 */
#include "private.h"

#include <hearth/boot.h>
#include <hearth/domain.h>
#include <hearth/printf.h>

/* Enough for any kernel's boot messages, then about thrice what a 115200 baud line takes. */
#define OUTPUT_BURST (256U * 1024U)
#define OUTPUT_RATE  (32U * 1024U)

enum escape_state {
    ESCAPE_NONE = 0,
    ESCAPE_BEGUN, /* after ESC */
    ESCAPE_CSI,   /* in ESC [ ... */
};

static void write_prefix(const struct domain *d) REQUIRES(console.lock)
{
    char prefix[24];
    int n = snprintf(prefix, sizeof(prefix), "DOM%u: ", d->id);

    (void)console_line_for(LINE_NONE);
    console_text(prefix, (size_t)n);
}

void console_domain_flush(struct domain *d)
{
    if (d->console.length != 0) {
        write_prefix(d);
        console_text(d->console.line, d->console.length);
        console_text("\n", 1);
        d->console.length = 0;
    }
}

/* True when c belongs to a terminal escape sequence, or is a control character other than TAB. */
static bool is_control(struct console_domain *con, char c)
{
    unsigned char u = (unsigned char)c;

    switch (con->escape) {
    case ESCAPE_BEGUN:
        con->escape = c == '[' ? ESCAPE_CSI : ESCAPE_NONE;
        return true;
    case ESCAPE_CSI:
        if (u >= 0x40 && u <= 0x7e) {
            con->escape = ESCAPE_NONE;
        }
        return u >= 0x20;
    default:
        break;
    }
    if (u == 0x1b) {
        con->escape = ESCAPE_BEGUN;
    }
    return (u < 0x20 && c != '\t') || u == 0x7f;
}

static void write_buffered(struct domain *d, char c) REQUIRES(console.lock)
{
    struct console_domain *con = &d->console;

    if (c == '\n') {
        if (con->length == 0) {
            write_prefix(d);
            console_text("\n", 1);
        }
        con->escape = ESCAPE_NONE;
        console_domain_flush(d);
        return;
    }
    if (is_control(con, c)) {
        return;
    }
    con->line[con->length++] = c;
    if (con->length == sizeof(con->line)) {
        console_domain_flush(d);
    }
}

static void write_raw(const struct domain *d, char c, bool keep) REQUIRES(console.lock)
{
    (void)console_line_for(d->id);
    console_emit(c, keep);
    if (c == '\n') {
        console.line_owner = LINE_NONE;
    }
}

static bool may_write(struct domain *d) REQUIRES(console.lock)
{
    struct console_rate *r = &d->console.output;
    char text[64];

    if (!console_rate_pass(r, 1, OUTPUT_BURST, OUTPUT_RATE)) {
        r->suppressed++;
        return false;
    }
    if (r->suppressed != 0 && r->level <= OUTPUT_BURST / 2) {
        int n = snprintf(text, sizeof(text), "%u characters suppressed\n", r->suppressed);

        r->suppressed = 0;
        console_domain_flush(d);
        write_prefix(d);
        console_text(text, (size_t)n);
    }
    return true;
}

void console_domain_write(struct domain *d, const char *text, size_t len)
{
    console_lock();
    for (size_t i = 0; i < len; i++) {
        if (d->is_hardware) {
            write_raw(d, text[i], false);
        } else if (may_write(d)) {
            if (console.focus == d->id) {
                write_raw(d, text[i], true);
            } else {
                write_buffered(d, text[i]);
            }
        }
    }
    console_unlock();
}
