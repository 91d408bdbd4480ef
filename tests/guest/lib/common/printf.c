// SPDX-License-Identifier: Apache-2.0
/* The formatter behind print(): %s %c %d %u %x %p %%, with l, ll, z, width, 0 and - flags. */
#include <guest.h>

struct sink {
    char *out;
    size_t size;
    size_t used;
};

struct spec {
    bool left;
    bool zero;
    bool wide;
    unsigned int width;
};

static void put(struct sink *s, char c)
{
    if (s->used + 1 < s->size) {
        s->out[s->used] = c;
    }
    s->used++;
}

static void pad(struct sink *s, char c, size_t from, size_t to)
{
    for (; from < to; from++) {
        put(s, c);
    }
}

static void put_text(struct sink *s, const struct spec *spec, const char *text)
{
    size_t n = strlen(text);

    if (!spec->left) {
        pad(s, ' ', n, spec->width);
    }
    for (size_t i = 0; i < n; i++) {
        put(s, text[i]);
    }
    if (spec->left) {
        pad(s, ' ', n, spec->width);
    }
}

static void put_number(struct sink *s, const struct spec *spec, uint64_t value, unsigned int base,
                       bool negative)
{
    char digits[24];
    size_t n = sizeof(digits) - 1;
    size_t length;

    digits[n] = '\0';
    do {
        digits[--n] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    length = sizeof(digits) - 1 - n + (negative ? 1 : 0);
    if (spec->zero) {
        if (negative) {
            put(s, '-');
        }
        pad(s, '0', length, spec->width);
    } else if (negative) {
        digits[--n] = '-';
    }
    if (spec->zero) {
        struct spec plain = {.width = 0};

        put_text(s, &plain, &digits[n]);
    } else {
        put_text(s, spec, &digits[n]);
    }
}

static const char *parse_spec(const char *f, struct spec *spec)
{
    *spec = (struct spec){.width = 0};
    for (; *f == '-' || *f == '0'; f++) {
        if (*f == '-') {
            spec->left = true;
        } else {
            spec->zero = true;
        }
    }
    for (; *f >= '0' && *f <= '9'; f++) {
        spec->width = spec->width * 10 + (unsigned int)(*f - '0');
    }
    for (; *f == 'l' || *f == 'z'; f++) {
        spec->wide = true;
    }
    return f;
}

int format_text(char *out, size_t size, const char *f, va_list args)
{
    struct sink s = {out, size, 0};

    for (; *f != '\0'; f++) {
        struct spec spec;

        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        f = parse_spec(f + 1, &spec);
        if (*f == 's') {
            const char *text = va_arg(args, const char *);

            put_text(&s, &spec, text != NULL ? text : "(null)");
        } else if (*f == 'c') {
            put(&s, (char)va_arg(args, int));
        } else if (*f == 'd') {
            int64_t v = spec.wide ? va_arg(args, int64_t) : va_arg(args, int);

            put_number(&s, &spec, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0);
        } else if (*f == 'u' || *f == 'x') {
            uint64_t v = spec.wide ? va_arg(args, uint64_t) : va_arg(args, unsigned int);

            put_number(&s, &spec, v, *f == 'u' ? 10 : 16, false);
        } else if (*f == 'p') {
            put_number(&s, &spec, (uint64_t)(uintptr_t)va_arg(args, void *), 16, false);
        } else if (*f == '\0') {
            break;
        } else {
            put(&s, *f);
        }
    }
    if (size > 0) {
        out[s.used < size ? s.used : size - 1] = '\0';
    }
    return (int)s.used;
}

int format(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = format_text(out, size, fmt, args);
    va_end(args);
    return n;
}
