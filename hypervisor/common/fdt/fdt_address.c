/* SPDX-License-Identifier: Apache-2.0 */
/* Places in the tree, reg and ranges (chapters 2.3.6 to 2.3.8), interrupts (2.4). */
#include <hearth/fdt.h>

#include <hearth/errno.h>
#include <hearth/num.h>
#include <hearth/printf.h>
#include <hearth/string.h>

#include "private.h"

bool fdt_walk_first(const struct fdt *fdt, struct fdt_path *path)
{
    path->depth = 0;
    path->node[0] = fdt_root(fdt);
    return path->node[0] != FDT_NONE;
}

bool fdt_walk_next(const struct fdt *fdt, struct fdt_path *path, bool skip_children)
{
    uint32_t at = fdt_path_node(path);
    uint32_t depth = path->depth + 1; /* nodes open at `at` once its first token is past */

    for (;;) {
        at = fdt_after(fdt, at);
        switch (fdt_token(fdt, at)) {
        case FDT_BEGIN_NODE:
            if (!skip_children || depth <= path->depth) {
                path->depth = depth;
                path->node[depth] = at;
                return true;
            }
            depth++;
            break;
        case FDT_END_NODE:
            depth--;
            break;
        case FDT_END:
            return false;
        default:
            break;
        }
    }
}

bool fdt_locate(const struct fdt *fdt, uint32_t node, struct fdt_path *path)
{
    if (node == FDT_NONE || !fdt_walk_first(fdt, path)) {
        return false;
    }
    while (fdt_path_node(path) != node) {
        if (!fdt_walk_next(fdt, path, false)) {
            return false;
        }
    }
    return true;
}

const char *fdt_path_text(const struct fdt *fdt, const struct fdt_path *path, char *buf,
                          size_t size)
{
    size_t used_up = 0;
    uint32_t i;

    (void)strlcpy(buf, "/", size);
    for (i = 1; i <= path->depth && used_up < size; i++) {
        used_up +=
            (size_t)snprintf(buf + used_up, size - used_up, "/%s", fdt_name(fdt, path->node[i]));
    }
    return buf;
}

/* The property of the nearest node from depth `from` upwards that has it, else `otherwise`. */
static uint32_t inherited_cells(const struct fdt *fdt, const struct fdt_path *path, uint32_t from,
                                const char *name, uint32_t otherwise)
{
    uint32_t value;
    uint32_t i;

    for (i = from + 1; i-- > 0;) {
        if (fdt_u32(fdt, path->node[i], name, &value)) {
            return value;
        }
    }
    return otherwise;
}

/* Cells of children of the node at depth `level`. */
static void bus_cells(const struct fdt *fdt, const struct fdt_path *path, uint32_t level,
                      uint32_t *address, uint32_t *size)
{
    *address = inherited_cells(fdt, path, level, "#address-cells", 2);
    *size = inherited_cells(fdt, path, level, "#size-cells", 1);
}

void fdt_reg_cells(const struct fdt *fdt, const struct fdt_path *path, uint32_t *address,
                   uint32_t *size)
{
    bus_cells(fdt, path, path->depth == 0 ? 0 : path->depth - 1, address, size);
}

/* Through the ranges of the bus at depth `level`, into its parent's address space. */
static int translate_once(const struct fdt *fdt, const struct fdt_path *path, uint32_t level,
                          uint64_t *address, uint64_t size)
{
    struct fdt_prop ranges;
    uint32_t child, parent, length, unused, at, step;

    if (!fdt_get(fdt, path->node[level], "ranges", &ranges)) {
        return -ENXIO;
    }
    if (ranges.len == 0) {
        return 0;
    }
    bus_cells(fdt, path, level, &child, &length);
    bus_cells(fdt, path, level - 1, &parent, &unused);
    if (child == 0 || child > 3 || parent == 0 || parent > 2 || length == 0 || length > 2) {
        return -EINVAL;
    }
    step = 4 * (child + parent + length);
    for (at = 0; range_fits(at, step, ranges.len); at += step) {
        const uint8_t *entry = ranges.data + at;
        uint64_t from = fdt_cells(entry, child);
        uint64_t to = fdt_cells(entry + 4 * (size_t)child, parent);
        uint64_t span = fdt_cells(entry + 4 * (size_t)(child + parent), length);

        if (*address >= from && range_fits(*address - from, size, span)) {
            return checked_add(to, *address - from, address) ? 0 : -EINVAL;
        }
    }
    return -ENXIO;
}

int fdt_translate(const struct fdt *fdt, const struct fdt_path *path, uint64_t *address,
                  uint64_t size)
{
    uint32_t level;
    int rc;

    for (level = path->depth; level > 0; level--) {
        rc = translate_once(fdt, path, level, address, size);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int fdt_local_reg(const struct fdt *fdt, const struct fdt_path *path, uint32_t i, uint64_t *start,
                  uint64_t *size)
{
    struct fdt_prop reg;
    uint32_t address_cells, size_cells;
    uint64_t step, end;

    if (!fdt_get(fdt, fdt_path_node(path), "reg", &reg)) {
        return -ENOENT;
    }
    fdt_reg_cells(fdt, path, &address_cells, &size_cells);
    if (address_cells == 0 || address_cells > 3 || size_cells > 2) {
        return -EINVAL;
    }
    step = 4 * ((uint64_t)address_cells + size_cells);
    if (i >= reg.len / step) {
        return i == 0 || reg.len % step != 0 ? -EINVAL : -ENOENT;
    }
    *start = fdt_cells(reg.data + i * step, address_cells);
    *size = fdt_cells(reg.data + i * step + 4 * (size_t)address_cells, size_cells);
    return checked_add(*start, *size, &end) ? 0 : -EINVAL;
}

int fdt_path_reg(const struct fdt *fdt, const struct fdt_path *path, uint32_t i, uint64_t *start,
                 uint64_t *size)
{
    struct fdt_path bus;
    int rc = fdt_local_reg(fdt, path, i, start, size);

    if (rc != 0 || path->depth == 0) {
        return rc;
    }
    bus = *path;
    bus.depth--;
    return fdt_translate(fdt, &bus, start, *size);
}

int fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t i, uint64_t *start, uint64_t *size)
{
    struct fdt_path path;

    if (!fdt_locate(fdt, node, &path)) {
        return -ENOENT;
    }
    return fdt_path_reg(fdt, &path, i, start, size);
}

uint32_t fdt_interrupt_parent(const struct fdt *fdt, const struct fdt_path *path)
{
    uint32_t phandle = inherited_cells(fdt, path, path->depth, "interrupt-parent", 0);

    return fdt_find_phandle(fdt, phandle);
}

static bool interrupt_cells(const struct fdt *fdt, struct fdt_interrupt *out)
{
    return out->parent != FDT_NONE &&
           fdt_u32(fdt, out->parent, "#interrupt-cells", &out->nr_cells) && out->nr_cells != 0 &&
           out->nr_cells <= ARRAY_SIZE(out->cells);
}

static void copy_cells(struct fdt_interrupt *out, const uint8_t *data)
{
    uint32_t i;

    for (i = 0; i < out->nr_cells; i++) {
        out->cells[i] = fdt_be32(data + 4 * (size_t)i);
    }
}

static int extended_interrupt(const struct fdt *fdt, const struct fdt_prop *prop, uint32_t i,
                              struct fdt_interrupt *out)
{
    uint32_t at = 0;

    while (range_fits(at, 4, prop->len)) {
        out->parent = fdt_find_phandle(fdt, fdt_be32(prop->data + at));
        at += 4;
        if (!interrupt_cells(fdt, out) || !range_fits(at, 4ULL * out->nr_cells, prop->len)) {
            return -EINVAL;
        }
        if (i == 0) {
            copy_cells(out, prop->data + at);
            return 0;
        }
        i--;
        at += 4 * out->nr_cells;
    }
    return -ENOENT;
}

int fdt_interrupt(const struct fdt *fdt, const struct fdt_path *path, uint32_t i,
                  struct fdt_interrupt *out)
{
    uint32_t node = fdt_path_node(path);
    struct fdt_prop prop;

    *out = (struct fdt_interrupt){.parent = FDT_NONE};
    if (fdt_get(fdt, node, "interrupts-extended", &prop)) {
        return extended_interrupt(fdt, &prop, i, out);
    }
    if (!fdt_get(fdt, node, "interrupts", &prop)) {
        return -ENOENT;
    }
    out->parent = fdt_interrupt_parent(fdt, path);
    if (!interrupt_cells(fdt, out)) {
        return -EINVAL;
    }
    if (i >= prop.len / 4 / out->nr_cells) {
        return -ENOENT;
    }
    copy_cells(out, prop.data + 4ULL * i * out->nr_cells);
    return 0;
}
