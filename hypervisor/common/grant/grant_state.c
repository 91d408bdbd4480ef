/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State records of grant tables and handles. Pins are not saved: loading the handles makes them
 * again, and with them the marks in the shared entries, which are cleared on load.
 */
#include <hearth/grant.h>

#include <hearth/errno.h>
#include <hearth/state.h>
#include <hearth/string.h>

#include "private.h"

#define GRANT_VERSION 1U

/* Instance 0. */
struct shape_record {
    uint32_t version; /* of the table */
    uint32_t nr_frames;
    uint32_t max_frames;
    uint32_t max_maptrack_frames;
};

/* Instance: handle. */
struct map_record {
    uint64_t gfn;
    uint32_t ref;
    uint16_t granter;
    uint8_t write;
    uint8_t reserved;
};

static_assert(sizeof(struct shape_record) == 16, "wire format");
static_assert(sizeof(struct map_record) == 16, "wire format");

static void save_shape(struct domain *d, struct state_stream *s)
{
    const struct grant_table *t = d->grants;
    struct shape_record r = {
        .version = 1,
        .nr_frames = t->nr_frames,
        .max_frames = t->max_frames,
        .max_maptrack_frames = t->max_chunks / GRANT_CHUNKS_PER_FRAME,
    };
    struct state_header h = {
        .type = STATE_GRANT_TABLE,
        .version = GRANT_VERSION,
        .domid = d->id,
        .length = sizeof(r),
    };

    state_save(s, &h, &r);
    for (uint32_t i = 0; i < t->nr_frames; i++) {
        h.instance = i + 1;
        h.length = PAGE_SIZE;
        state_save(s, &h, t->frame[i].shared);
    }
}

void grant_state_save(struct domain *d, struct state_stream *s)
{
    const struct grant_table *t = d->grants;

    save_shape(d, s);
    for (uint32_t i = 0; i < t->nr_maps; i++) {
        const struct grant_map *m = grant_map_at(t, i);
        struct state_header h = {
            .type = STATE_MAPTRACK,
            .version = GRANT_VERSION,
            .domid = d->id,
            .instance = i,
            .length = sizeof(struct map_record),
        };

        if ((m->state & GRANT_MAP_LIVE) != 0) {
            struct map_record r = {
                .gfn = m->gfn.n,
                .ref = m->ref,
                .granter = m->granter->id,
                .write = (m->state & GRANT_MAP_WRITE) != 0,
            };

            state_save(s, &h, &r);
        }
    }
}

static int load_shape(struct domain *d, const struct shape_record *r)
{
    const struct grant_table *t = d->grants;
    int rc;

    if (r->version != 1 || r->nr_frames == 0 || r->nr_frames > r->max_frames ||
        r->max_frames != t->max_frames ||
        r->max_maptrack_frames != t->max_chunks / GRANT_CHUNKS_PER_FRAME) {
        return -EINVAL;
    }
    do {
        rc = grant_grow(d, r->nr_frames - 1);
    } while (rc == -ERESTART);
    return rc;
}

static int load_frame(struct domain *d, uint32_t index, const union guest_grant_entry *from)
{
    struct grant_table *t = d->grants;
    union guest_grant_entry *to;

    if (index >= t->nr_frames) {
        return -EINVAL;
    }
    to = t->frame[index].shared;
    for (unsigned int i = 0; i < GRANT_ENTRIES_PER_PAGE; i++) {
        union guest_grant_entry e = from[i];

        if ((e.flags & GTF_TYPE_MASK) == GTF_PERMIT_ACCESS) {
            e.flags &= (uint16_t) ~(GTF_READING | GTF_WRITING);
        }
        WRITE_ONCE(to[i].word, e.word);
    }
    return 0;
}

static int load_map(struct domain *d, uint32_t handle, const struct map_record *r)
{
    struct domain *granter = r->granter == d->id ? d : domain_find(r->granter);

    if (granter == NULL || granter->grants == NULL || r->write > 1) {
        return -EINVAL;
    }
    return grant_map_restore(d, handle, granter, r->ref, gfn(r->gfn), r->write != 0);
}

int grant_state_load(struct domain *d, const struct state_header *h, const void *body)
{
    size_t length = h->type == STATE_MAPTRACK ? sizeof(struct map_record)
                    : h->instance == 0        ? sizeof(struct shape_record)
                                              : PAGE_SIZE;
    int rc = state_expect(h, GRANT_VERSION, length);

    if (rc != 0) {
        return rc;
    }
    if (h->type == STATE_MAPTRACK) {
        return load_map(d, h->instance, body);
    }
    if (h->type != STATE_GRANT_TABLE) {
        return -EINVAL;
    }
    return h->instance == 0 ? load_shape(d, body) : load_frame(d, h->instance - 1, body);
}
