/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and properties of a checked device tree. Nothing here can leave the blob: see fdt.h. */
#include <hearth/fdt.h>

#include <hearth/string.h>

#include "private.h"

uint64_t fdt_cells(const uint8_t *p, uint32_t n)
{
    uint64_t value = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        value = value << 32 | fdt_be32(p + 4 * (size_t)i);
    }
    return value;
}

bool fdt_reserved(const struct fdt *fdt, uint32_t i, uint64_t *start, uint64_t *size)
{
    const uint8_t *entry = fdt->blob + fdt->reserve + 16 * (size_t)i;

    if (i >= fdt->nr_reserve) {
        return false;
    }
    *start = fdt_be64(entry);
    *size = fdt_be64(entry + 8);
    return true;
}

uint32_t fdt_after(const struct fdt *fdt, uint32_t at)
{
    const uint8_t *p = fdt->blob + at;

    switch (fdt_token(fdt, at)) {
    case FDT_BEGIN_NODE:
        return at + ALIGN_UP(4 + (uint32_t)strlen((const char *)p + 4) + 1, 4U);
    case FDT_PROP:
        return at + 12 + ALIGN_UP(fdt_be32(p + 4), 4U);
    case FDT_END:
        return at;
    default:
        return at + 4;
    }
}

uint32_t fdt_root(const struct fdt *fdt)
{
    uint32_t at = fdt->structs;

    while (fdt_token(fdt, at) == FDT_NOP) {
        at += 4;
    }
    return fdt_token(fdt, at) == FDT_BEGIN_NODE ? at : FDT_NONE;
}

const char *fdt_name(const struct fdt *fdt, uint32_t node)
{
    return (const char *)fdt->blob + node + 4;
}

uint32_t fdt_first_child(const struct fdt *fdt, uint32_t node)
{
    uint32_t at = node;

    if (node == FDT_NONE) {
        return FDT_NONE;
    }
    do {
        at = fdt_after(fdt, at);
    } while (fdt_token(fdt, at) == FDT_PROP || fdt_token(fdt, at) == FDT_NOP);
    return fdt_token(fdt, at) == FDT_BEGIN_NODE ? at : FDT_NONE;
}

uint32_t fdt_next_sibling(const struct fdt *fdt, uint32_t node)
{
    uint32_t at = node;
    uint32_t depth = 0;

    for (;;) {
        switch (fdt_token(fdt, at)) {
        case FDT_BEGIN_NODE:
            if (depth == 0 && at != node) {
                return at;
            }
            depth++;
            break;
        case FDT_END_NODE:
            if (depth == 0) {
                return FDT_NONE;
            }
            depth--;
            break;
        case FDT_END:
            return FDT_NONE;
        default:
            break;
        }
        at = fdt_after(fdt, at);
    }
}

void fdt_first_prop(const struct fdt *fdt, uint32_t node, struct fdt_prop *prop)
{
    *prop = (struct fdt_prop){
        .next = node == FDT_NONE ? fdt->structs_end : fdt_after(fdt, node),
    };
}

bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop)
{
    uint32_t at = prop->next;
    const uint8_t *p;

    while (fdt_token(fdt, at) == FDT_NOP) {
        at += 4;
    }
    if (fdt_token(fdt, at) != FDT_PROP) {
        return false;
    }
    p = fdt->blob + at;
    prop->len = fdt_be32(p + 4);
    prop->name = (const char *)fdt->blob + fdt->strings + fdt_be32(p + 8);
    prop->data = p + 12;
    prop->next = at + 12 + ALIGN_UP(prop->len, 4U);
    return true;
}

bool fdt_get(const struct fdt *fdt, uint32_t node, const char *name, struct fdt_prop *prop)
{
    fdt_for_each_prop (fdt, prop, node) {
        if (strcmp(prop->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool fdt_has(const struct fdt *fdt, uint32_t node, const char *name)
{
    struct fdt_prop prop;

    return fdt_get(fdt, node, name, &prop);
}

bool fdt_u32(const struct fdt *fdt, uint32_t node, const char *name, uint32_t *value)
{
    struct fdt_prop prop;

    if (!fdt_get(fdt, node, name, &prop) || prop.len != 4) {
        return false;
    }
    *value = fdt_be32(prop.data);
    return true;
}

bool fdt_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *value)
{
    struct fdt_prop prop;

    if (!fdt_get(fdt, node, name, &prop) || (prop.len != 4 && prop.len != 8)) {
        return false;
    }
    *value = fdt_cells(prop.data, prop.len / 4);
    return true;
}

const char *fdt_string(const struct fdt *fdt, uint32_t node, const char *name)
{
    struct fdt_prop prop;

    if (!fdt_get(fdt, node, name, &prop) || prop.len == 0 || prop.data[prop.len - 1] != 0) {
        return NULL;
    }
    return (const char *)prop.data;
}

const char *fdt_next_string(const struct fdt_prop *prop, uint32_t *at)
{
    const char *s = (const char *)prop->data + *at;
    size_t len;

    if (*at >= prop->len) {
        return NULL;
    }
    len = strnlen(s, prop->len - *at);
    if (len == prop->len - *at) {
        return NULL;
    }
    *at += (uint32_t)len + 1;
    return s;
}

bool fdt_compatible(const struct fdt *fdt, uint32_t node, const char *compatible)
{
    struct fdt_prop prop;
    const char *s;
    uint32_t at = 0;

    if (!fdt_get(fdt, node, "compatible", &prop)) {
        return false;
    }
    while ((s = fdt_next_string(&prop, &at)) != NULL) {
        if (strcmp(s, compatible) == 0) {
            return true;
        }
    }
    return false;
}

bool fdt_available(const struct fdt *fdt, uint32_t node)
{
    struct fdt_prop prop;
    const char *status;

    if (!fdt_get(fdt, node, "status", &prop)) {
        return true;
    }
    status = fdt_string(fdt, node, "status");
    return status != NULL && (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}

uint32_t fdt_phandle(const struct fdt *fdt, uint32_t node)
{
    uint32_t phandle;

    if (fdt_u32(fdt, node, "phandle", &phandle) || fdt_u32(fdt, node, "linux,phandle", &phandle)) {
        return phandle;
    }
    return 0;
}
