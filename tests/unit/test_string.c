/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and string primitives against the C library's, over all alignments and short lengths. */
#include "unit.h"

#include <hearth/string.h>

/* The host library has them under these names. */
void *hearth_memcpy(void *dst, const void *src, size_t n);
void *hearth_memmove(void *dst, const void *src, size_t n);
void *hearth_memset(void *dst, int c, size_t n);
int hearth_memcmp(const void *a, const void *b, size_t n);
void *hearth_memchr(const void *s, int c, size_t n);
size_t hearth_strlen(const char *s);
size_t hearth_strnlen(const char *s, size_t max);
int hearth_strcmp(const char *a, const char *b);
int hearth_strncmp(const char *a, const char *b, size_t n);
char *hearth_strchr(const char *s, int c);

#define SIZE 512

static void fill(uint8_t *p)
{
    for (size_t i = 0; i < SIZE; i++) {
        p[i] = (uint8_t)unit_random();
    }
}

static void test_copy_and_set(void **state)
{
    uint8_t src[SIZE], got[SIZE], want[SIZE];

    (void)state;
    for (size_t n = 0; n < 200; n++) {
        for (size_t from = 0; from < 9; from++) {
            for (size_t to = 0; to < 9; to++) {
                fill(src);
                fill(got);
                memcpy(want, got, SIZE);
                memcpy(want + to, src + from, n);
                assert_ptr_equal(hearth_memcpy(got + to, src + from, n), got + to);
                assert_memory_equal(got, want, SIZE);
            }
            memset(want + from, (int)n, n);
            assert_ptr_equal(hearth_memset(got + from, (int)n, n), got + from);
            memcpy(got + 300, want + 300, SIZE - 300);
            assert_memory_equal(got + from, want + from, n);
        }
    }
}

static void test_move_overlap(void **state)
{
    uint8_t got[SIZE], want[SIZE];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t n = unit_below(200), from = unit_below(200), to = unit_below(200);

        fill(got);
        memcpy(want, got, SIZE);
        memmove(want + to, want + from, n);
        assert_ptr_equal(hearth_memmove(got + to, got + from, n), got + to);
        assert_memory_equal(got, want, SIZE);
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_compare(void **state)
{
    uint8_t a[SIZE], b[SIZE];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t n = unit_below(100), at = unit_below(8);

        fill(a);
        memcpy(b, a, SIZE);
        if (unit_below(4) != 0) {
            b[at + unit_below(n + 1)] ^= 0x80;
        }
        assert_int_equal(sign(hearth_memcmp(a + at, b + at, n)), sign(memcmp(a + at, b + at, n)));
        assert_ptr_equal(hearth_memchr(a, b[3], n), memchr(a, b[3], n));
    }
}

static void test_strings(void **state)
{
    static const char *const texts[] = {"",    "a",    "ab",    "abc",           "abd",
                                        "ABC", "\xff", "a\xff", "console=dtuart"};
    char buf[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *a = texts[i];

        assert_int_equal(hearth_strlen(a), strlen(a));
        assert_int_equal(hearth_strnlen(a, 2), strnlen(a, 2));
        assert_ptr_equal(hearth_strchr(a, 'b'), strchr(a, 'b'));
        assert_ptr_equal(hearth_strchr(a, 0), strchr(a, 0));
        for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
            const char *b = texts[j];

            assert_int_equal(sign(hearth_strcmp(a, b)), sign(strcmp(a, b)));
            assert_int_equal(sign(hearth_strncmp(a, b, 2)), sign(strncmp(a, b, 2)));
        }
    }
    assert_int_equal(strlcpy(buf, "0123456789", sizeof(buf)), 10);
    assert_string_equal(buf, "0123456");
    assert_int_equal(strlcpy(buf, "x", 0), 1);
    assert_int_equal(strlcpy(buf, "ab", sizeof(buf)), 2);
    assert_string_equal(buf, "ab");
}

static void test_parse_u64(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
        size_t taken;
    } rows[] = {
        {"0", true, 0, 1},
        {"42,", true, 42, 2},
        {"0x2a ", true, 42, 4},
        {"0X2A", true, 42, 4},
        {"007", true, 7, 3},
        {"0xg", true, 0, 1},
        {"0x", true, 0, 1},
        {"18446744073709551615", true, UINT64_MAX, 20},
        {"18446744073709551616", false, 0, 0},
        {"0xffffffffffffffff", true, UINT64_MAX, 18},
        {"0x10000000000000000", false, 0, 0},
        {"", false, 0, 0},
        {"-1", false, 0, 0},
        {" 1", false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *end = NULL;
        uint64_t v = 0;

        assert_int_equal(parse_u64(rows[i].text, &end, &v), rows[i].ok);
        if (rows[i].ok) {
            assert_int_equal(v, rows[i].value);
            assert_int_equal(end - rows[i].text, rows[i].taken);
        }
    }
}

static void test_parse_size(void **state)
{
    const char *end;
    uint64_t v;

    (void)state;
    assert_true(parse_size("512M,max:1G", &end, &v));
    assert_int_equal(v, MiB(512));
    assert_string_equal(end, ",max:1G");
    assert_true(parse_size("64", &end, &v));
    assert_int_equal(v, KiB(64));
    assert_string_equal(end, "");
    assert_true(parse_size("4096B", NULL, &v));
    assert_int_equal(v, 4096);
    assert_true(parse_size("1t", NULL, &v));
    assert_int_equal(v, GiB(1024));
    assert_true(parse_size("0x10k", NULL, &v));
    assert_int_equal(v, KiB(16));
    assert_false(parse_size("99999999999T", NULL, &v));
    assert_false(parse_size("M", NULL, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_and_set), cmocka_unit_test(test_move_overlap),
        cmocka_unit_test(test_compare),      cmocka_unit_test(test_strings),
        cmocka_unit_test(test_parse_u64),    cmocka_unit_test(test_parse_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
