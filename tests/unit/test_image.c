/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel headers: good ones, old ones, and what is said about everything else. */
#include "unit.h"

#include <hearth/errno.h>
#include <hearth/launch.h>

static const struct image_format format = {
    .name = "arm64", .magic = 0x644d5241, .old_offset = 0x80000};

static uint8_t header[4096];

static void put(unsigned int at, uint64_t value)
{
    for (unsigned int i = 0; i < 8; i++) {
        header[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void make(uint64_t offset, uint64_t size)
{
    memset(header, 0, sizeof(header));
    put(8, offset);
    put(16, size);
    put(56, 0x644d5241);
}

static void good(void **state)
{
    struct image image;
    const char *why;

    (void)state;
    make(0, 0x200000);
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), 0);
    assert_true(image.offset == 0 && image.size == 0x200000);
    make(0x80000, 100); /* says less than there is */
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), 0);
    assert_true(image.offset == 0x80000 && image.size == sizeof(header));
}

static void before_image_size(void **state)
{
    struct image image;
    const char *why;

    (void)state;
    make(0x0000080000000000, 0); /* as a big-endian build wrote it */
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), 0);
    assert_true(image.offset == 0x80000 && image.size > sizeof(header));
}

static void bad_numbers(void **state)
{
    struct image image;
    const char *why;

    (void)state;
    make(0x200000, 4096);
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), -ENOEXEC);
    make(2, 4096);
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), -ENOEXEC);
    make(0, ~0ULL);
    assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), -ENOEXEC);
    for (uint64_t n = 0; n < 64; n++) {
        assert_int_equal(image_check(&format, header + 64 - n, n, &image, &why), -ENOEXEC);
    }
}

static void other_formats(void **state)
{
    static const struct {
        unsigned int at;
        const char *bytes;
        size_t length;
        const char *name;
    } rows[] = {
        {0, "\x1f\x8b\x08", 3, "gzip"},
        {0,
         "\x7f"
         "ELF",
         4, "ELF"},
        {4, "zimg", 4, "vmlinuz.efi"},
        {0, "\x27\x05\x19\x56", 4, "uImage"},
        {0, "\x28\xb5\x2f\xfd", 4, "zstd"},
        {36, "\x18\x28\x6f\x01", 4, "zImage"},
        {0, "BZh9", 4, "bzip2"},
        {0, "no kernel", 9, "magic"},
    };
    struct image image;
    const char *why;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        memset(header, 0, sizeof(header));
        memcpy(header + rows[i].at, rows[i].bytes, rows[i].length);
        assert_int_equal(image_check(&format, header, sizeof(header), &image, &why), -ENOEXEC);
        assert_non_null(strstr(why, rows[i].name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(before_image_size),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(other_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
