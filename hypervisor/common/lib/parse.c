/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text: options, device-tree strings. */
#include <hearth/num.h>
#include <hearth/string.h>

/* Value of a digit, or a number no base reaches. */
static unsigned int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned int)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned int)(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned int)(c - 'A') + 10U;
    }
    return 99U;
}

bool parse_u64(const char *s, const char **end, uint64_t *value)
{
    unsigned int base = 10;
    uint64_t v = 0;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16) {
        base = 16;
        s += 2;
    }
    if (digit(*s) >= base) {
        return false;
    }
    for (; digit(*s) < base; s++) {
        if (!checked_mul(v, base, &v) || !checked_add(v, digit(*s), &v)) {
            return false;
        }
    }
    *value = v;
    if (end != NULL) {
        *end = s;
    }
    return true;
}

/* Power of two of a suffix; *taken tells whether the letter is one. */
static unsigned int suffix_shift(char c, bool *taken)
{
    *taken = true;
    switch (c) {
    case 'B':
    case 'b':
        return 0;
    case 'K':
    case 'k':
        return 10;
    case 'M':
    case 'm':
        return 20;
    case 'G':
    case 'g':
        return 30;
    case 'T':
    case 't':
        return 40;
    default:
        *taken = false;
        return 10; /* XEN-ABI: a bare number is KiB */
    }
}

bool parse_size(const char *s, const char **end, uint64_t *bytes)
{
    const char *p;
    bool taken;
    uint64_t n;

    if (!parse_u64(s, &p, &n)) {
        return false;
    }
    if (!checked_mul(n, 1ULL << suffix_shift(*p, &taken), bytes)) {
        return false;
    }
    if (end != NULL) {
        *end = taken ? p + 1 : p;
    }
    return true;
}
