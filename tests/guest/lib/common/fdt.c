// SPDX-License-Identifier: Apache-2.0
/* The reader behind fdt.h: one pass over the structure block with the cell sizes of each level. */
#include "fdt.h"

#define FDT_MAGIC      0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u
#define FDT_NOP        4u
#define FDT_END        9u
#define MAX_DEPTH      16

struct fdt_header {
    uint32_t magic;
    uint32_t total_size;
    uint32_t off_struct;
    uint32_t off_strings;
};

uint32_t fdt_u32(const unsigned char *d)
{
    return ((uint32_t)d[0] << 24) | ((uint32_t)d[1] << 16) | ((uint32_t)d[2] << 8) | d[3];
}

static uint32_t token(const uint32_t *p)
{
    return fdt_u32((const unsigned char *)p);
}

static const struct fdt_header *header(const void *fdt)
{
    return fdt;
}

bool fdt_valid(const void *fdt)
{
    return fdt != NULL && token(&header(fdt)->magic) == FDT_MAGIC;
}

static const char *strings(const void *fdt)
{
    return (const char *)fdt + token(&header(fdt)->off_strings);
}

static const uint32_t *skip_bytes(const uint32_t *p, uint32_t bytes)
{
    return p + (bytes + 3) / 4;
}

/* Advances past one property token at p; fills out. */
static const uint32_t *read_property(const void *fdt, const uint32_t *p, struct fdt_property *out)
{
    out->length = token(p + 1);
    out->name = strings(fdt) + token(p + 2);
    out->data = (const unsigned char *)(p + 3);
    return skip_bytes(p + 3, out->length);
}

bool fdt_get(const void *fdt, const struct fdt_node *node, const char *name,
             struct fdt_property *property)
{
    const uint32_t *p = node->body;

    for (;;) {
        if (token(p) == FDT_NOP) {
            p++;
            continue;
        }
        if (token(p) != FDT_PROP) {
            return false;
        }
        p = read_property(fdt, p, property);
        if (strcmp(property->name, name) == 0) {
            return true;
        }
    }
}

static unsigned int cells(const void *fdt, const struct fdt_node *node, const char *name,
                          unsigned int fallback)
{
    struct fdt_property p;

    return fdt_get(fdt, node, name, &p) && p.length == 4 ? fdt_u32(p.data) : fallback;
}

void fdt_for_each_node(const void *fdt, fdt_visit_t visit, void *data)
{
    const uint32_t *p = (const uint32_t *)((const char *)fdt + token(&header(fdt)->off_struct));
    unsigned int addr_cells[MAX_DEPTH + 1] = {2};
    unsigned int size_cells[MAX_DEPTH + 1] = {1};
    unsigned int depth = 0;

    for (; token(p) != FDT_END;) {
        struct fdt_property property;
        struct fdt_node node;

        if (token(p) == FDT_PROP) {
            p = read_property(fdt, p, &property);
        } else if (token(p) == FDT_BEGIN_NODE && depth < MAX_DEPTH) {
            node.name = (const char *)(p + 1);
            node.depth = depth;
            node.body = skip_bytes(p + 1, (uint32_t)strlen(node.name) + 1);
            node.addr_cells = addr_cells[depth];
            node.size_cells = size_cells[depth];
            visit(fdt, &node, data);
            depth++;
            addr_cells[depth] = cells(fdt, &node, "#address-cells", 2);
            size_cells[depth] = cells(fdt, &node, "#size-cells", 1);
            p = node.body;
        } else {
            if (token(p) == FDT_END_NODE && depth > 0) {
                depth--;
            }
            p++;
        }
    }
}

bool fdt_compatible(const void *fdt, const struct fdt_node *node, const char *what)
{
    struct fdt_property p;

    if (!fdt_get(fdt, node, "compatible", &p)) {
        return false;
    }
    for (uint32_t i = 0; i < p.length; i += (uint32_t)strlen((const char *)p.data + i) + 1) {
        if (strcmp((const char *)p.data + i, what) == 0) {
            return true;
        }
    }
    return false;
}

static uint64_t number(const unsigned char *d, unsigned int n)
{
    uint64_t v = 0;

    for (unsigned int i = 0; i < n; i++) {
        v = (v << 32) | fdt_u32(d + i * 4);
    }
    return v;
}

bool fdt_reg(const void *fdt, const struct fdt_node *node, unsigned int index, uint64_t *base,
             uint64_t *size)
{
    unsigned int entry = (node->addr_cells + node->size_cells) * 4;
    struct fdt_property p;

    if (!fdt_get(fdt, node, "reg", &p) || p.length < (index + 1) * entry) {
        return false;
    }
    *base = number(p.data + index * entry, node->addr_cells);
    *size = number(p.data + index * entry + node->addr_cells * 4, node->size_cells);
    return true;
}
