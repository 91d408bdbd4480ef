/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a device tree: opened or refused, then everything that can be read is read. A tree
 * that was accepted is written again and reads as the same.
 */
#include "quiet.h"

#include <hearth/fdt.h>

static uint8_t copy[1 << 16] aligned(8);

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
    for (i = 0; i < 16 && fdt_interrupt(fdt, path, i, &irq) == 0; i++) {
    }
    fdt_for_each_prop (fdt, &prop, fdt_path_node(path)) {
        for (i = 0; fdt_next_string(&prop, &i) != NULL;) {
        }
    }
    (void)fdt_find(fdt, fdt_name(fdt, fdt_path_node(path)));
}

static void rewrite(const struct fdt *fdt)
{
    static struct fdt_writer w;
    struct fdt_path path;
    struct fdt_prop prop;
    struct fdt_error error;
    struct fdt again;
    uint32_t open = 0, len;
    bool more;

    fdt_write_start(&w, copy, sizeof(copy));
    for (more = fdt_walk_first(fdt, &path); more; more = fdt_walk_next(fdt, &path, false)) {
        for (; open > path.depth; open--) {
            fdt_end_node(&w);
        }
        fdt_begin_node(&w, fdt_name(fdt, fdt_path_node(&path)));
        open++;
        fdt_for_each_prop (fdt, &prop, fdt_path_node(&path)) {
            fdt_put(&w, prop.name, prop.data, prop.len);
        }
    }
    for (; open > 0; open--) {
        fdt_end_node(&w);
    }
    if (fdt_finish(&w, &len) == 0 && fdt_open(&again, copy, len, &error) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *blob = aligned_alloc(8, (size + 8) & ~7UL);
    struct fdt_error error;
    struct fdt_path path;
    struct fdt fdt;
    unsigned int nodes = 0;
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
    if (rc == 0) {
        rewrite(&fdt);
    }
    free(blob);
    return 0;
}
