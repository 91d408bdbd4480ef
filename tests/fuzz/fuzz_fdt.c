/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a device tree: opened or refused, then everything that can be read is read. A tree
 * that was accepted is written again and reads as the same. Reaches 300 edges.
 */
#include "quiet.h"

#include <hearth/fdt.h>

static uint8_t copy[1 << 16] aligned(8);

/* What start-up asks of a node. */
static void ask_by_name(const struct fdt *fdt, uint32_t node)
{
    uint32_t value, phandle = fdt_phandle(fdt, node);
    uint64_t number;

    (void)fdt_available(fdt, node);
    (void)fdt_compatible(fdt, node, "test,board");
    (void)fdt_string(fdt, node, "stdout-path");
    (void)fdt_find_compatible(fdt, node, "arm,gic-v3");
    if (fdt_u32(fdt, node, "#address-cells", &value) &&
        (!fdt_number(fdt, node, "#address-cells", &number) || number != value)) {
        abort();
    }
    if (phandle != 0 && fdt_find_phandle(fdt, phandle) == FDT_NONE) {
        abort();
    }
}

static void read_node(const struct fdt *fdt, const struct fdt_path *path)
{
    struct fdt_interrupt irq;
    struct fdt_prop prop;
    uint64_t start, size;
    uint32_t i;
    char text[48];

    (void)fdt_path_text(fdt, path, text, sizeof(text));
    for (i = 0; fdt_path_reg(fdt, path, i, &start, &size) == 0; i++) {
    }
    for (i = 0; fdt_local_reg(fdt, path, i, &start, &size) == 0; i++) {
    }
    for (i = 0; i < 16 && fdt_interrupt(fdt, path, i, &irq) == 0; i++) {
    }
    fdt_for_each_prop (fdt, &prop, fdt_path_node(path)) {
        for (i = 0; fdt_next_string(&prop, &i) != NULL;) {
        }
    }
    (void)fdt_find(fdt, fdt_name(fdt, fdt_path_node(path)));
    ask_by_name(fdt, fdt_path_node(path));
}

static bool same_props(const struct fdt *a, uint32_t node_a, const struct fdt *b, uint32_t node_b)
{
    struct fdt_prop one, two;

    fdt_first_prop(b, node_b, &two);
    fdt_for_each_prop (a, &one, node_a) {
        if (!fdt_next_prop(b, &two) || strcmp(one.name, two.name) != 0 || one.len != two.len ||
            memcmp(one.data, two.data, one.len) != 0) {
            return false;
        }
    }
    return !fdt_next_prop(b, &two);
}

static bool same_tree(const struct fdt *a, const struct fdt *b)
{
    struct fdt_path p, q;
    bool more = fdt_walk_first(a, &p), more_b = fdt_walk_first(b, &q);

    while (more && more_b) {
        if (p.depth != q.depth ||
            strcmp(fdt_name(a, fdt_path_node(&p)), fdt_name(b, fdt_path_node(&q))) != 0 ||
            !same_props(a, fdt_path_node(&p), b, fdt_path_node(&q))) {
            return false;
        }
        more = fdt_walk_next(a, &p, false);
        more_b = fdt_walk_next(b, &q, false);
    }
    return more == more_b;
}

static void write_again(const struct fdt *fdt, struct fdt_writer *w)
{
    struct fdt_path path;
    struct fdt_prop prop;
    uint32_t open = 0;
    bool more;

    for (more = fdt_walk_first(fdt, &path); more; more = fdt_walk_next(fdt, &path, false)) {
        for (; open > path.depth; open--) {
            fdt_end_node(w);
        }
        fdt_begin_node(w, fdt_name(fdt, fdt_path_node(&path)));
        open++;
        fdt_for_each_prop (fdt, &prop, fdt_path_node(&path)) {
            fdt_put(w, prop.name, prop.data, prop.len);
        }
    }
    for (; open > 0; open--) {
        fdt_end_node(w);
    }
}

static void rewrite(const struct fdt *fdt)
{
    static struct fdt_writer w;
    struct fdt_error error;
    struct fdt again;
    uint32_t len;

    fdt_write_start(&w, copy, sizeof(copy));
    write_again(fdt, &w);
    if (fdt_finish(&w, &len) == 0 &&
        (fdt_open(&again, copy, len, &error) != 0 || !same_tree(fdt, &again))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *blob = malloc(size); /* not one byte more, for ASan to see */
    struct fdt_error error;
    struct fdt_path path;
    struct fdt fdt;
    unsigned int nodes = 0;
    uint64_t start, length;
    int rc;
    bool more;

    memcpy(blob, data, size);
    rc = fdt_open(&fdt, blob, size, &error);
    if ((rc == 0) != (error.what == NULL)) {
        abort();
    }
    for (more = fdt_walk_first(&fdt, &path); more && nodes++ < 64;
         more = fdt_walk_next(&fdt, &path, (nodes & 7) == 7)) {
        read_node(&fdt, &path);
    }
    for (uint32_t i = 0; fdt_reserved(&fdt, i, &start, &length); i++) {
    }
    if (rc == 0) {
        rewrite(&fdt);
    }
    free(blob);
    return 0;
}
