/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdt_open(): the one place that looks at an unchecked blob. One pass over the structure block;
 * each token, name and property is seen to lie inside before the next one is looked at, so what
 * precedes the first error may be read. Offsets only grow: there is nothing that could be cyclic.
 */
#include <hearth/fdt.h>

#include <hearth/errno.h>
#include <hearth/num.h>
#include <hearth/string.h>

#include "private.h"

struct check {
    struct fdt *fdt;
    struct fdt_error *error;
    uint32_t limit;     /* end of the structure block by the header */
    uint32_t last_name; /* a name that starts here or before is terminated */
    uint32_t at;
    uint32_t depth; /* open nodes */
    bool had_child[FDT_MAX_DEPTH + 1];
    bool seen_root;
};

static bool bad(struct check *c, const char *what, uint32_t at)
{
    c->error->what = what;
    c->error->at = at;
    return false;
}

uint32_t fdt_total_size(const void *blob)
{
    const uint8_t *b = blob;

    return fdt_be32(b) == FDT_MAGIC ? fdt_be32(b + HEADER_TOTALSIZE) : 0;
}

static bool check_reserve(struct check *c, uint32_t at)
{
    struct fdt *fdt = c->fdt;

    if (!IS_ALIGNED(at, 8U)) {
        return bad(c, "memory reservation block is not aligned", HEADER_RESERVE);
    }
    fdt->reserve = at;
    for (;; at += 16) {
        if (!range_fits(at, 16, fdt->size)) {
            return bad(c, "memory reservation block has no end", at);
        }
        if (fdt_be64(fdt->blob + at) == 0 && fdt_be64(fdt->blob + at + 8) == 0) {
            fdt->end = MAX(fdt->end, at + 16);
            return true;
        }
        fdt->nr_reserve++;
    }
}

/* The strings block: any name that starts at or before its last NUL ends inside. */
static bool check_strings(struct check *c, uint32_t start, uint32_t size)
{
    const uint8_t *b = c->fdt->blob;
    uint32_t end = start + size; /* used only if it did not wrap */

    if (!range_fits(start, size, c->fdt->size)) {
        return bad(c, "strings block is cut off", HEADER_STRINGS);
    }
    while (end > start && b[end - 1] != 0) {
        end--;
    }
    c->fdt->end = MAX(c->fdt->end, end);
    c->fdt->strings = start;
    c->last_name = end - start;
    return true;
}

static bool check_header(struct check *c, uint64_t limit)
{
    struct fdt *fdt = c->fdt;
    const uint8_t *b = fdt->blob;
    uint32_t start, size;

    if (!IS_ALIGNED((uintptr_t)b, 8U)) {
        return bad(c, "not aligned to 8 bytes", 0);
    }
    if (limit < FDT_HEADER_SIZE || fdt_be32(b) != FDT_MAGIC) {
        return bad(c, "no device tree (magic number is missing)", HEADER_MAGIC);
    }
    size = fdt_be32(b + HEADER_TOTALSIZE);
    if (size < FDT_HEADER_SIZE || size > limit || size > FDT_LIMIT) {
        return bad(c, "total size is too small, or more than there is", HEADER_TOTALSIZE);
    }
    if (fdt_be32(b + HEADER_VERSION) < FDT_VERSION ||
        fdt_be32(b + HEADER_COMPATIBLE) > FDT_VERSION) {
        return bad(c, "version is not 17", HEADER_VERSION);
    }
    fdt->size = size;
    fdt->boot_cpu = fdt_be32(b + HEADER_BOOT_CPU);
    start = fdt_be32(b + HEADER_STRUCTS);
    size = fdt_be32(b + HEADER_STRUCTS_SIZE);
    if (!IS_ALIGNED(start, 4U) || start < FDT_HEADER_SIZE || !range_fits(start, size, fdt->size)) {
        return bad(c, "structure block is cut off", HEADER_STRUCTS);
    }
    c->limit = start + ALIGN_DOWN(size, 4U);
    fdt->end = start + size;
    fdt->structs = start;
    fdt->structs_end = start;
    return check_strings(c, fdt_be32(b + HEADER_STRINGS), fdt_be32(b + HEADER_STRINGS_SIZE)) &&
           check_reserve(c, fdt_be32(b + HEADER_RESERVE));
}

static bool check_begin(struct check *c)
{
    const uint8_t *name = c->fdt->blob + c->at + 4;
    uint32_t room = c->limit - c->at - 4;
    size_t len = strnlen((const char *)name, room);

    if (len == room) {
        return bad(c, "name of a node has no end", c->at);
    }
    if (c->depth == FDT_MAX_DEPTH) {
        return bad(c, "nodes are nested too deeply (more than 32)", c->at);
    }
    if (c->depth == 0 && c->seen_root) {
        return bad(c, "more than one root node", c->at);
    }
    c->had_child[c->depth++] = true;
    c->had_child[c->depth] = false;
    c->seen_root = true;
    c->at += ALIGN_UP(4 + (uint32_t)len + 1, 4U);
    return true;
}

static bool check_prop(struct check *c)
{
    const uint8_t *p = c->fdt->blob + c->at;
    uint32_t room = c->limit - c->at;
    uint32_t len;

    if (c->depth == 0 || c->had_child[c->depth]) {
        return bad(c, "property outside a node, or after a child node", c->at);
    }
    if (room < 12) {
        return bad(c, "property is cut off", c->at);
    }
    len = fdt_be32(p + 4);
    if (len > room - 12 || ALIGN_UP(len, 4U) > room - 12) {
        return bad(c, "value of a property is cut off", c->at);
    }
    if (fdt_be32(p + 8) >= c->last_name) {
        return bad(c, "name of a property is not in the strings block", c->at);
    }
    c->at += 12 + ALIGN_UP(len, 4U);
    return true;
}

/* One token; *done at the end of the tree. */
static bool check_token(struct check *c, bool *done)
{
    if (c->limit - c->at < 4) {
        return bad(c, "structure block has no end", c->at);
    }
    switch (fdt_be32(c->fdt->blob + c->at)) {
    case FDT_BEGIN_NODE:
        return check_begin(c);
    case FDT_END_NODE:
        if (c->depth == 0) {
            return bad(c, "end of a node that has not begun", c->at);
        }
        c->depth--;
        c->at += 4;
        return true;
    case FDT_PROP:
        return check_prop(c);
    case FDT_NOP:
        c->at += 4;
        return true;
    case FDT_END:
        *done = true;
        return c->depth == 0 && c->seen_root ? true
                                             : bad(c, "ends inside a node, or has none", c->at);
    default:
        return bad(c, "unknown token", c->at);
    }
}

int fdt_open(struct fdt *fdt, const void *blob, uint64_t limit, struct fdt_error *error)
{
    struct check c = {.fdt = fdt, .error = error};
    bool done = false;

    *fdt = (struct fdt){.blob = blob};
    *error = (struct fdt_error){.what = NULL, .at = 0};
    if (!check_header(&c, limit)) {
        return -EINVAL;
    }
    c.at = fdt->structs;
    while (!done) {
        if (!check_token(&c, &done)) {
            return -EINVAL;
        }
        fdt->structs_end = c.at;
    }
    return 0;
}
