/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted output to memory: the conversions that <hearth/printf.h> lists, and no others. */
#include <hearth/printf.h>
#include <hearth/string.h>

struct out {
    char *buf;
    size_t size;
    size_t len; /* of the whole text, stored or not */
};

/* A va_list that can be handed on by address on every ABI. */
struct args {
    va_list ap;
};

struct spec {
    bool left;
    bool zero;
    bool alternate;
    char sign; /* what stands before a number that is not negative: 0, ' ' or '+' */
    size_t width;
    bool has_precision;
    size_t precision;
    unsigned int length; /* bytes of the argument */
};

static void put(struct out *o, char c)
{
    if (o->len < o->size) {
        o->buf[o->len] = c;
    }
    o->len++;
}

static void put_repeated(struct out *o, char c, size_t n)
{
    for (; n > 0; n--) {
        put(o, c);
    }
}

static void put_text(struct out *o, const char *s, size_t n)
{
    for (; n > 0; n--) {
        put(o, *s++);
    }
}

static void put_padded(struct out *o, const struct spec *sp, const char *s, size_t n)
{
    if (!sp->left && sp->width > n) {
        put_repeated(o, ' ', sp->width - n);
    }
    put_text(o, s, n);
    if (sp->left && sp->width > n) {
        put_repeated(o, ' ', sp->width - n);
    }
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
    if (s == NULL) {
        s = "(null)";
    }
    put_padded(o, sp, s, sp->has_precision ? strnlen(s, sp->precision) : strlen(s));
}

/* prefix: sign or 0x, printed before the zeros. */
static void put_number(struct out *o, const struct spec *sp, uint64_t v, unsigned int base,
                       bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20];
    size_t n = 0, zeros = 0, prefix_len = strlen(prefix), total;

    for (; v != 0; v /= base) {
        text[sizeof(text) - ++n] = digits[v % base];
    }
    if (sp->has_precision) {
        zeros = sp->precision > n ? sp->precision - n : 0;
    } else if (n == 0) {
        zeros = 1;
    }
    if (sp->zero && !sp->left && !sp->has_precision && sp->width > prefix_len + n + zeros) {
        zeros = sp->width - prefix_len - n;
    }
    total = prefix_len + zeros + n;
    if (!sp->left && sp->width > total) {
        put_repeated(o, ' ', sp->width - total);
    }
    put_text(o, prefix, prefix_len);
    put_repeated(o, '0', zeros);
    put_text(o, &text[sizeof(text) - n], n);
    if (sp->left && sp->width > total) {
        put_repeated(o, ' ', sp->width - total);
    }
}

static void put_signed(struct out *o, const struct spec *sp, int64_t v)
{
    char prefix[2] = {sp->sign, '\0'};
    uint64_t magnitude = (uint64_t)v;

    if (v < 0) {
        prefix[0] = '-';
        magnitude = ~magnitude + 1;
    }
    put_number(o, sp, magnitude, 10, false, prefix);
}

/* The bits of an argument of sp->length bytes; arguments below int come as int. */
static uint64_t truncate(uint64_t v, const struct spec *sp)
{
    return sp->length >= 8 ? v : v & ((1ULL << (sp->length * 8)) - 1);
}

static int64_t sign_extend(uint64_t v, const struct spec *sp)
{
    unsigned int shift = 64 - sp->length * 8;

    return (int64_t)(v << shift) >> shift;
}

static bool take_flag(struct spec *sp, char c)
{
    switch (c) {
    case '-':
        sp->left = true;
        return true;
    case '0':
        sp->zero = true;
        return true;
    case '#':
        sp->alternate = true;
        return true;
    case '+':
        sp->sign = '+';
        return true;
    case ' ':
        sp->sign = sp->sign != 0 ? sp->sign : ' ';
        return true;
    default:
        return false;
    }
}

static size_t take_digits(const char **fmt)
{
    size_t n = 0;

    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++) {
        n = n * 10 + (size_t)(**fmt - '0');
    }
    return n;
}

static void take_length(const char **fmt, struct spec *sp)
{
    sp->length = sizeof(int);
    if (**fmt == 'z') {
        sp->length = sizeof(size_t);
        (*fmt)++;
        return;
    }
    for (; **fmt == 'l'; (*fmt)++) {
        sp->length = sizeof(long);
    }
    for (; **fmt == 'h'; (*fmt)++) {
        sp->length = sp->length > 1 ? sp->length / 2 : 1;
    }
}

/* Flags, width, precision and length; *fmt is left at the conversion's letter. */
static struct spec take_spec(const char **fmt, struct args *a)
{
    struct spec sp = {.left = false};

    for (; take_flag(&sp, **fmt); (*fmt)++) {
    }
    if (**fmt == '*') {
        int width = va_arg(a->ap, int);

        sp.left = sp.left || width < 0;
        sp.width = (size_t)(width < 0 ? -(int64_t)width : width);
        (*fmt)++;
    } else {
        sp.width = take_digits(fmt);
    }
    if (**fmt == '.') {
        (*fmt)++;
        sp.has_precision = true;
        if (**fmt == '*') {
            int precision = va_arg(a->ap, int);

            sp.has_precision = precision >= 0;
            sp.precision = precision >= 0 ? (size_t)precision : 0;
            (*fmt)++;
        } else {
            sp.precision = take_digits(fmt);
        }
    }
    take_length(fmt, &sp);
    return sp;
}

static uint64_t take_number(const struct spec *sp, struct args *a)
{
    return sp->length > sizeof(int) ? va_arg(a->ap, uint64_t) : va_arg(a->ap, unsigned int);
}

static void convert(struct out *o, char letter, const struct spec *sp, struct args *a)
{
    uint64_t v;
    char c;

    switch (letter) {
    case 'c':
        c = (char)va_arg(a->ap, int);
        put_padded(o, sp, &c, 1);
        break;
    case 's':
        put_string(o, sp, va_arg(a->ap, const char *));
        break;
    case 'd':
    case 'i':
        put_signed(o, sp, sign_extend(take_number(sp, a), sp));
        break;
    case 'u':
        put_number(o, sp, truncate(take_number(sp, a), sp), 10, false, "");
        break;
    case 'x':
        v = truncate(take_number(sp, a), sp);
        put_number(o, sp, v, 16, false, sp->alternate && v != 0 ? "0x" : "");
        break;
    case 'X':
        v = truncate(take_number(sp, a), sp);
        put_number(o, sp, v, 16, true, sp->alternate && v != 0 ? "0X" : "");
        break;
    case 'p':
        put_number(o, sp, (uintptr_t)va_arg(a->ap, void *), 16, false, "0x");
        break;
    case '%':
        put(o, '%');
        break;
    default:
        put(o, '%');
        put(o, letter);
        break;
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};
    struct args a;

    va_copy(a.ap, ap);
    while (*fmt != '\0') {
        struct spec sp;

        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        sp = take_spec(&fmt, &a);
        if (*fmt != '\0') {
            convert(&o, *fmt++, &sp, &a);
        }
    }
    va_end(a.ap);
    if (size > 0) {
        buf[MIN(o.len, size - 1)] = '\0';
    }
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
