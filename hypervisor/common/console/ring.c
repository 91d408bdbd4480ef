/* SPDX-License-Identifier: Apache-2.0 */
/* The console ring: the last 16 KiB of what Hearth and domUs printed. */
#include "private.h"

#include <hearth/num.h>
#include <hearth/string.h>

static_assert((RING_SIZE & (RING_SIZE - 1)) == 0, "ring indices are masked");

void ring_put(char c)
{
    console.ring[console.ring_end++ % RING_SIZE] = c;
    if (console.ring_end - console.ring_start > RING_SIZE) {
        console.ring_start = console.ring_end - RING_SIZE;
    }
}

size_t console_ring_read(char *buf, size_t size, uint32_t *index)
{
    size_t n = 0;

    console_lock();
    uint32_t at = index != NULL ? *index : console.ring_start;

    /* An index that lies before what is kept, or in the future, starts at the oldest byte. */
    if (console.ring_end - at > console.ring_end - console.ring_start) {
        at = console.ring_start;
    }
    while (n < size && at != console.ring_end) {
        size_t from = at % RING_SIZE;
        size_t len = MIN(MIN(size - n, console.ring_end - at), RING_SIZE - from);

        memcpy(buf + n, console.ring + from, len);
        n += len;
        at += (uint32_t)len;
    }
    if (index != NULL) {
        *index = at;
    }
    console_unlock();
    return n;
}

uint32_t console_ring_start(void)
{
    uint32_t start;

    console_lock();
    start = console.ring_start;
    console_unlock();
    return start;
}

void console_ring_clear(uint32_t index)
{
    console_lock();
    if (console.ring_end - index <= console.ring_end - console.ring_start) {
        console.ring_start = index;
    }
    console_unlock();
}
