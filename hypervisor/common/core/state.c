/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of state records. Bodies start 8-byte aligned relative to the stream, and padding is
 * zero both ways, so that one state has one encoding.
 */
#include <hearth/errno.h>
#include <hearth/num.h>
#include <hearth/state.h>
#include <hearth/string.h>

#define ALIGNMENT 8U

static_assert(sizeof(struct state_header) == 16, "wire format");
static_assert(offsetof(struct state_header, length) == 12, "wire format");

/* Header, body and padding; false when it does not fit in 64 bits. */
static bool record_size(uint32_t length, uint64_t *size)
{
    if (!checked_add(sizeof(struct state_header) + ALIGNMENT - 1, length, size)) {
        return false;
    }
    *size &= ~(uint64_t)(ALIGNMENT - 1);
    return true;
}

void state_save(struct state_stream *s, const struct state_header *h, const void *body)
{
    uint64_t size;

    if (s->error != 0) {
        return;
    }
    if (!record_size(h->length, &size) || !range_fits(s->pos, size, s->size)) {
        s->error = -ENOSPC;
        return;
    }
    memset(s->data + s->pos, 0, size);
    memcpy(s->data + s->pos, h, sizeof(*h));
    if (h->length > 0) {
        memcpy(s->data + s->pos + sizeof(*h), body, h->length);
    }
    s->pos += size;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    for (; n > 0; n--) {
        if (*p++ != 0) {
            return false;
        }
    }
    return true;
}

int state_next(struct state_stream *s, struct state_header *h, const void **body)
{
    uint64_t size;
    size_t end;

    *h = (struct state_header){.type = STATE_END};
    *body = NULL;
    if (s->error != 0) {
        return s->error;
    }
    if (!range_fits(s->pos, sizeof(*h), s->size)) {
        s->error = -ENODATA;
        return s->error;
    }
    memcpy(h, s->data + s->pos, sizeof(*h));
    if (!record_size(h->length, &size) || !range_fits(s->pos, size, s->size)) {
        s->error = -ENODATA;
        return s->error;
    }
    end = sizeof(*h) + h->length;
    if (!all_zero(s->data + s->pos + end, size - end)) {
        s->error = -EINVAL;
        return s->error;
    }
    *body = s->data + s->pos + sizeof(*h);
    s->pos += size;
    return 0;
}

int state_expect(const struct state_header *h, uint16_t version, size_t length)
{
    return h->version == version && h->length >= length ? 0 : -EINVAL;
}
