/* SPDX-License-Identifier: Apache-2.0 */
/* Bitmaps of callers: public/xen.h xenctl_bitmap, bytes in the caller's memory. */
#include <hearth/bitmap.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/domctl_ops.h>

#define BITS_PER_WORD (8 * sizeof(unsigned long))

static uint32_t bytes(uint32_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

int bitmap_arg_in(unsigned long *dst, const struct bitmap_arg *src, uint32_t nr_bits)
{
    uint32_t bits = MIN(src->nr_bits, nr_bits);
    uint8_t byte;

    for (uint32_t i = 0; i < nr_bits; i++) {
        if (i % BITS_PER_WORD == 0) {
            dst[i / BITS_PER_WORD] = 0;
        }
    }
    for (uint32_t i = 0; i < bytes(bits); i++) {
        guest_ptr_t at;

        if (!guest_ptr_index(src->bitmap, i, 1, &at) || guest_copy_in(&byte, at, 1) != 0) {
            return -EFAULT;
        }
        for (uint32_t b = 8 * i; b < bits && b < 8 * i + 8; b++) {
            if ((byte >> b % 8 & 1) != 0) {
                bit_set(dst, b);
            }
        }
    }
    return 0;
}

int bitmap_arg_out(const struct bitmap_arg *dst, const unsigned long *src, uint32_t nr_bits)
{
    /* No machine has more than this many of anything; what a caller has beyond stays as it is. */
    uint32_t length = MIN(bytes(dst->nr_bits), 4096U);

    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = 0;
        guest_ptr_t at;

        for (uint32_t b = 8 * i; b < nr_bits && b < dst->nr_bits && b < 8 * i + 8; b++) {
            byte |= (uint8_t)(bit_test(src, b) << b % 8);
        }
        if (!guest_ptr_index(dst->bitmap, i, 1, &at) || guest_copy_out(at, &byte, 1) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}
