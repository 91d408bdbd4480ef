/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader for flattened device trees that the hypervisor made: trusted, well formed, walked in
 * order.
 */
#ifndef HEARTH_GUEST_FDT_H
#define HEARTH_GUEST_FDT_H

#include <guest.h>

struct fdt_property {
    const char *name;
    const unsigned char *data;
    uint32_t length;
};

struct fdt_node {
    const char *name;
    unsigned int depth;      /* root is 0 */
    const uint32_t *body;    /* first token inside the node */
    unsigned int addr_cells; /* of the parent: how to read this node's reg */
    unsigned int size_cells;
};

typedef void (*fdt_visit_t)(const void *fdt, const struct fdt_node *node, void *data);

bool fdt_valid(const void *fdt);
void fdt_for_each_node(const void *fdt, fdt_visit_t visit, void *data);
bool fdt_get(const void *fdt, const struct fdt_node *node, const char *name,
             struct fdt_property *property);
bool fdt_compatible(const void *fdt, const struct fdt_node *node, const char *what);
uint32_t fdt_u32(const unsigned char *data);
/* Entry `index` of reg. */
bool fdt_reg(const void *fdt, const struct fdt_node *node, unsigned int index, uint64_t *base,
             uint64_t *size);

#endif
