/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a Linux Image, 64 bytes, little-endian:
 *   0 code  8 text_offset  16 image_size  24 flags  32 reserved  56 magic
 * Hearth takes no other format: unpacking is for the build machine.
 */
#include <hearth/launch.h>

#include <hearth/errno.h>
#include <hearth/string.h>

#define HEADER_SIZE 64U
#define TEXT_OFFSET 8U
#define IMAGE_SIZE  16U
#define MAGIC       56U
#define LARGEST     GiB(64)
#define OLD_ROOM    MiB(16) /* behind an image that does not say what it needs */

static uint64_t little_endian(const uint8_t *p, unsigned int bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | p[bytes];
    }
    return value;
}

struct known_format {
    uint8_t at;
    uint8_t length;
    const char *bytes;
    const char *what;
};

static const struct known_format known_formats[] = {
    {0, 2, "\x1f\x8b", "it is compressed with gzip, give the unpacked file"},
    {0, 3, "BZh", "it is compressed with bzip2, give the unpacked file"},
    {0, 6,
     "\xfd"
     "7zXZ\0",
     "it is compressed with xz, give the unpacked file"},
    {0, 4, "\x28\xb5\x2f\xfd", "it is compressed with zstd, give the unpacked file"},
    {0, 4, "\x04\x22\x4d\x18", "it is compressed with lz4, give the unpacked file"},
    {0, 4, "\x02\x21\x4c\x18", "it is compressed with lz4, give the unpacked file"},
    {4, 4, "zimg", "it is a compressed EFI image (vmlinuz.efi), give the Image inside"},
    {0, 4, "\x27\x05\x19\x56", "it is a uImage of U-Boot, give the Image inside"},
    {0, 4,
     "\x7f"
     "ELF",
     "it is an ELF file, give the Image"},
    {36, 4, "\x18\x28\x6f\x01", "it is a zImage for 32-bit ARM"},
};

static const char *what_else(const uint8_t *data)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(known_formats); i++) {
        const struct known_format *f = &known_formats[i];

        if (memcmp(data + f->at, f->bytes, f->length) == 0) {
            return f->what;
        }
    }
    return "the magic number is missing";
}

int image_check(const struct image_format *format, const void *data, uint64_t size,
                struct image *out, const char **why)
{
    const uint8_t *header = data;

    *out = (struct image){.size = 0};
    if (size < HEADER_SIZE) {
        *why = "it is shorter than a header";
        return -ENOEXEC;
    }
    if (little_endian(header + MAGIC, 4) != format->magic) {
        *why = what_else(header);
        return -ENOEXEC;
    }
    out->offset = little_endian(header + TEXT_OFFSET, 8);
    out->size = little_endian(header + IMAGE_SIZE, 8);
    if (out->size == 0) {
        out->offset = format->old_offset;
        out->size = size + OLD_ROOM;
    }
    out->size = MAX(out->size, size);
    if (out->offset >= MiB(2) || !IS_ALIGNED(out->offset, 4U) || out->size > LARGEST) {
        *why = "text_offset or image_size of its header is wrong";
        return -ENOEXEC;
    }
    return 0;
}
