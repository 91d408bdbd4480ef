/* SPDX-License-Identifier: Apache-2.0 */
/* snprintf against the C library's over a table of formats, widths and values. */
#include "unit.h"

#include <hearth/compiler.h>

#include <limits.h>

int hearth_snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static const char *const flags[] = {"", "-", "0", " ", "-0", "#", "+"};
static const char *const widths[] = {"", "1", "4", "12", "20"};
static const char *const precisions[] = {"", ".0", ".3", ".10"};

/* One conversion with all flags, widths and precisions, whole and truncated. */
#define COMPARE(letters, value)                                                                    \
    do {                                                                                           \
        for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {                                           \
            for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {                                      \
                for (size_t p = 0; p < ARRAY_SIZE(precisions); p++) {                              \
                    char fmt[32], want[64], got[64];                                               \
                    snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s>", flags[f], widths[w], precisions[p], \
                             letters);                                                             \
                    for (size_t size = 1; size <= sizeof(got); size *= 8) {                        \
                        int wanted = snprintf(want, size, fmt, value);                             \
                        memset(got, 'Z', sizeof(got));                                             \
                        if (hearth_snprintf(got, size, fmt, value) != wanted ||                    \
                            strcmp(got, want) != 0) {                                              \
                            fail_msg("%s: \"%s\", not \"%s\"", fmt, got, want);                    \
                        }                                                                          \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void test_integers(void **state)
{
    static const long values[] = {
        0,   1,     -1,      9,       10,  127,      128,      255,
        256, 65535, INT_MAX, INT_MIN, -42, LONG_MAX, LONG_MIN, 0x12345678abcdefL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        long v = values[i];

        COMPARE("d", (int)v);
        COMPARE("i", (int)v);
        COMPARE("u", (unsigned int)v);
        COMPARE("x", (unsigned int)v);
        COMPARE("X", (unsigned int)v);
        COMPARE("ld", v);
        COMPARE("lu", (unsigned long)v);
        COMPARE("lx", (unsigned long)v);
        COMPARE("lld", (long long)v);
        COMPARE("llX", (unsigned long long)v);
        COMPARE("zu", (size_t)v);
        COMPARE("zx", (size_t)v);
        COMPARE("hd", (short)v);
        COMPARE("hx", (unsigned short)v);
        COMPARE("hhd", (signed char)v);
        COMPARE("hhu", (unsigned char)v);
    }
}

static void test_text(void **state)
{
    static const char *const texts[] = {"", "a", "domain", "a longer text of thirty-two chars"};
    char got[64], want[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        static const char *const formats[] = {"<%s>", "<%12s>", "<%-12s>", "<%.3s>", "<%-8.2s>"};

        for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
            int n = snprintf(want, sizeof(want), formats[f], texts[i]);

            assert_int_equal(hearth_snprintf(got, sizeof(got), formats[f], texts[i]), n);
            assert_string_equal(got, want);
        }
    }
    assert_int_equal(hearth_snprintf(got, sizeof(got), "%c%5c%-3c|%%", 'a', 'b', 'c'), 11);
    assert_string_equal(got, "a    bc  |%");
    assert_int_equal(hearth_snprintf(got, sizeof(got), "%*d|%-*d|%.*s", 5, 42, 4, 7, 2, "xyz"), 13);
    assert_string_equal(got, "   42|7   |xy");
    assert_int_equal(hearth_snprintf(got, sizeof(got), "%*d", -5, 42), 5);
    assert_string_equal(got, "42   ");
}

static void test_odd(void **state)
{
    char got[64];
    const char *volatile none = NULL;
    const char *volatile unknown = "%q|%";

    (void)state;
    assert_int_equal(hearth_snprintf(got, sizeof(got), "%s", none), 6);
    assert_string_equal(got, "(null)");
    hearth_snprintf(got, sizeof(got), "%p", (void *)0x1234abcd);
    assert_string_equal(got, "0x1234abcd");
    hearth_snprintf(got, sizeof(got), unknown);
    assert_string_equal(got, "%q|");
    assert_int_equal(hearth_snprintf(NULL, 0, "%d", 12345), 5);
    got[0] = 'Z';
    assert_int_equal(hearth_snprintf(got, 0, "abc"), 3);
    assert_int_equal(got[0], 'Z');
    /* A string without an end is read no further than its precision. */
    memset(got, 'y', sizeof(got));
    char out[8];
    assert_int_equal(hearth_snprintf(out, sizeof(out), "%.4s", got), 4);
    assert_string_equal(out, "yyyy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
