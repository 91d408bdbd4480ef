/* SPDX-License-Identifier: Apache-2.0 */
/* State records of a domain of the world, saved and loaded as a whole. */
#pragma once

#include "world_test.h"

#include <hearth/state.h>

static inline struct state_stream world_saved(void (*save)(struct domain *, struct state_stream *),
                                              struct domain *d, uint8_t *buffer, size_t size)
{
    struct state_stream s = {.data = buffer, .size = size};

    save(d, &s);
    assert_int_equal(s.error, 0);
    s.size = s.pos;
    s.pos = 0;
    return s;
}

static inline int world_load(int (*load)(struct domain *, const struct state_header *,
                                         const void *),
                             struct domain *d, struct state_stream s)
{
    struct state_header h;
    const void *body;
    int rc;

    while ((rc = state_next(&s, &h, &body)) == 0 && h.type != STATE_END) {
        rc = load(d, &h, body);
        if (rc != 0) {
            return rc;
        }
    }
    return rc == -ENODATA ? 0 : rc;
}
