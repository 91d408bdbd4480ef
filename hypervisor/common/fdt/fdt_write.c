/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a device tree from front to back into one buffer:
 *
 *   header | reservations (none) | structure block ->  ...  | names of properties -> |
 *
 * fdt_finish() moves the names behind the structure block. Equal names are stored once, found by
 * a hash table without chains: a collision costs a second copy and nothing else.
 */
#include <hearth/fdt.h>

#include <hearth/errno.h>
#include <hearth/num.h>
#include <hearth/string.h>

#include "private.h"

#define STRUCTS_START (FDT_HEADER_SIZE + 16U)
#define LEAST_SIZE    256U

static void put_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

static void fail(struct fdt_writer *w, int error)
{
    if (w->error == 0) {
        w->error = error;
    }
}

/* Takes len bytes of the structure block, padded with zeros to 4. NULL: no room, or error. */
static uint8_t *take(struct fdt_writer *w, uint64_t len)
{
    uint64_t padded = ALIGN_UP(len, 4ULL);
    uint8_t *p = w->buf + w->at;

    if (w->error != 0) {
        return NULL;
    }
    if (!range_fits(w->at, padded, w->strings)) {
        fail(w, -ENOSPC);
        return NULL;
    }
    w->at += (uint32_t)padded;
    if (padded != 0) {
        put_be32(p + padded - 4, 0);
    }
    return p;
}

void fdt_write_start(struct fdt_writer *w, void *buf, uint32_t size)
{
    *w = (struct fdt_writer){.buf = buf, .size = size, .at = STRUCTS_START};
    if (!IS_ALIGNED((uintptr_t)buf, 8U) || size > FDT_LIMIT) {
        fail(w, -EINVAL);
    } else if (size < LEAST_SIZE) {
        fail(w, -ENOSPC);
    } else {
        w->strings = ALIGN_DOWN(size - size / 4, 8U);
        memset(buf, 0, STRUCTS_START);
    }
}

void fdt_begin_node(struct fdt_writer *w, const char *name)
{
    size_t len = strlen(name) + 1;
    uint8_t *p;

    if (w->depth == FDT_MAX_DEPTH) {
        fail(w, -EINVAL);
    }
    p = take(w, 4 + (uint64_t)len);
    if (p != NULL) {
        put_be32(p, FDT_BEGIN_NODE);
        memcpy(p + 4, name, len);
        w->depth++;
        w->in_properties = true;
    }
}

void fdt_end_node(struct fdt_writer *w)
{
    uint8_t *p;

    if (w->depth == 0) {
        fail(w, -EINVAL);
    }
    p = take(w, 4);
    if (p != NULL) {
        put_be32(p, FDT_END_NODE);
        w->depth--;
        w->in_properties = false;
    }
}

static size_t hash_of(const char *name, size_t *len)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    size_t i;

    for (i = 0; name[i] != '\0'; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 16777619U;
    }
    *len = i + 1;
    return (hash ^ hash >> 16) % 256U;
}

/* Offset of name in the strings block, added when it is not there. */
static uint32_t name_offset(struct fdt_writer *w, const char *name)
{
    size_t len;
    size_t slot = hash_of(name, &len);
    uint8_t *strings = w->buf + w->strings;
    uint32_t at = w->strings_used;

    if (w->error != 0) {
        return 0;
    }
    if (w->hash[slot] != 0 && strcmp((char *)strings + w->hash[slot] - 1, name) == 0) {
        return w->hash[slot] - 1U;
    }
    if (!range_fits(at, len, w->size - w->strings)) {
        fail(w, -ENOSPC);
        return 0;
    }
    memcpy(strings + at, name, len);
    w->strings_used += (uint32_t)len;
    if (at < UINT16_MAX) {
        w->hash[slot] = (uint16_t)(at + 1);
    }
    return at;
}

/* A property of len bytes, whose value the caller fills in. NULL: error. */
static uint8_t *put(struct fdt_writer *w, const char *name, uint64_t len)
{
    uint32_t offset;
    uint8_t *p;

    if (!w->in_properties) {
        fail(w, -EINVAL);
    }
    offset = name_offset(w, name);
    p = take(w, 12 + len);
    if (p == NULL) {
        return NULL;
    }
    put_be32(p, FDT_PROP);
    put_be32(p + 4, (uint32_t)len);
    put_be32(p + 8, offset);
    return p + 12;
}

void fdt_put(struct fdt_writer *w, const char *name, const void *data, uint32_t len)
{
    uint8_t *p = put(w, name, len);

    if (p != NULL && len != 0) {
        memcpy(p, data, len);
    }
}

void fdt_put_empty(struct fdt_writer *w, const char *name)
{
    (void)put(w, name, 0);
}

void fdt_put_u32(struct fdt_writer *w, const char *name, uint32_t value)
{
    fdt_put_cells(w, name, &value, 1);
}

void fdt_put_u64(struct fdt_writer *w, const char *name, uint64_t value)
{
    fdt_put_ranges(w, name, &value, 1);
}

void fdt_put_string(struct fdt_writer *w, const char *name, const char *value)
{
    size_t len = strlen(value) + 1;

    if (len > FDT_LIMIT) {
        fail(w, -ENOSPC);
        return;
    }
    fdt_put(w, name, value, (uint32_t)len);
}

void fdt_put_strings(struct fdt_writer *w, const char *name, const char *value, uint32_t len)
{
    fdt_put(w, name, value, len);
}

void fdt_put_cells(struct fdt_writer *w, const char *name, const uint32_t *cells, uint32_t count)
{
    uint8_t *p = put(w, name, 4 * (uint64_t)count);
    uint32_t i;

    for (i = 0; p != NULL && i < count; i++) {
        put_be32(p + 4 * (size_t)i, cells[i]);
    }
}

void fdt_put_ranges(struct fdt_writer *w, const char *name, const uint64_t *numbers, uint32_t count)
{
    uint8_t *p = put(w, name, 8 * (uint64_t)count);
    uint32_t i;

    for (i = 0; p != NULL && i < count; i++) {
        put_be32(p + 8 * (size_t)i, (uint32_t)(numbers[i] >> 32));
        put_be32(p + 8 * (size_t)i + 4, (uint32_t)numbers[i]);
    }
}

int fdt_finish(struct fdt_writer *w, uint32_t *len)
{
    uint8_t *p, *b = w->buf;

    if (w->depth != 0 || w->at == STRUCTS_START) {
        fail(w, -EINVAL);
    }
    p = take(w, 4);
    if (p == NULL) {
        return w->error;
    }
    put_be32(p, FDT_END);
    memmove(b + w->at, b + w->strings, w->strings_used);
    *len = w->at + w->strings_used;
    put_be32(b + HEADER_MAGIC, FDT_MAGIC);
    put_be32(b + HEADER_TOTALSIZE, *len);
    put_be32(b + HEADER_STRUCTS, STRUCTS_START);
    put_be32(b + HEADER_STRUCTS_SIZE, w->at - STRUCTS_START);
    put_be32(b + HEADER_STRINGS, w->at);
    put_be32(b + HEADER_STRINGS_SIZE, w->strings_used);
    put_be32(b + HEADER_RESERVE, FDT_HEADER_SIZE);
    put_be32(b + HEADER_VERSION, FDT_VERSION);
    put_be32(b + HEADER_COMPATIBLE, FDT_COMPATIBLE);
    return 0;
}
