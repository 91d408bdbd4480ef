/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitmaps of callers: public/xen.h xenctl_bitmap, bytes in the caller's memory. They are copied in
 * pieces of CHUNK bytes; what a caller has beyond MOST_BYTES is neither read nor written, since no
 * machine has as many of anything.
 */
#include <hearth/bitmap.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/domctl_ops.h>

#define CHUNK      64U
#define MOST_BYTES 1024U

static uint32_t bytes(uint32_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

int bitmap_arg_in(unsigned long *dst, const struct bitmap_arg *src, uint32_t nr_bits)
{
    uint32_t bits = MIN(src->nr_bits, nr_bits);
    uint8_t chunk[CHUNK];

    for (uint32_t i = 0; i < BITS_TO_LONGS(nr_bits); i++) {
        dst[i] = 0;
    }
    for (uint32_t at = 0; at < bytes(bits); at += CHUNK) {
        uint32_t n = MIN(bytes(bits) - at, CHUNK);
        guest_ptr_t p;

        if (!guest_ptr_index(src->bitmap, at, 1, &p) || guest_copy_in(chunk, p, n) != 0) {
            return -EFAULT;
        }
        for (uint32_t b = 8 * at; b < bits && b < 8 * (at + n); b++) {
            if ((chunk[b / 8 - at] >> b % 8 & 1) != 0) {
                bit_set(dst, b);
            }
        }
    }
    return 0;
}

int bitmap_arg_out(const struct bitmap_arg *dst, const unsigned long *src, uint32_t nr_bits)
{
    uint32_t length = MIN(bytes(dst->nr_bits), MOST_BYTES);

    for (uint32_t at = 0; at < length; at += CHUNK) {
        uint32_t n = MIN(length - at, CHUNK);
        uint8_t chunk[CHUNK] = {0};
        guest_ptr_t p;

        for (uint32_t b = 8 * at; b < nr_bits && b < 8 * (at + n); b++) {
            chunk[b / 8 - at] |= (uint8_t)(bit_test(src, b) << b % 8);
        }
        if (!guest_ptr_index(dst->bitmap, at, 1, &p) || guest_copy_out(p, chunk, n) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}
