/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a kernel: refused with a reason, or with numbers that cannot overflow.
 * Reaches 19 edges.
 */
#include "quiet.h"

#include <hearth/launch.h>
#include <hearth/num.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct image_format format = {
        .name = "arm64", .magic = 0x644d5241, .old_offset = 0x80000};
    uint8_t *copy = malloc(size + 1);
    struct image image;
    const char *why = NULL;

    memcpy(copy, data, size);
    if (image_check(&format, copy, size, &image, &why) != 0) {
        if (why == NULL) {
            abort();
        }
    } else if (image.offset >= MiB(2) || image.size < size || image.size > GiB(64)) {
        abort();
    }
    free(copy);
    return 0;
}
