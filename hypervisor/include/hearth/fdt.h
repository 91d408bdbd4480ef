/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees (Devicetree Specification 0.4, chapter 5): a reader and a writer.
 *
 * fdt_open() checks the whole blob once, in one pass; every other reading function relies on it
 * and has no error path for a malformed blob. The blob must not change afterwards. All are pure
 * functions over (struct fdt), usable in any context; none allocates or recurses.
 *
 * A node is named by the offset of its first token; FDT_NONE (0) is no node. Values in a blob are
 * big-endian and aligned to 4 bytes only.
 */
#pragma once

#include <hearth/compiler.h>

#define FDT_NONE      0U
#define FDT_MAX_DEPTH 32U /* the root is at depth 0; deeper nodes are refused */
#define FDT_LIMIT     (2U << 20)

struct fdt {
    const uint8_t *blob;
    uint32_t size;        /* totalsize */
    uint32_t end;         /* nothing of it lies behind this offset */
    uint32_t structs;     /* offsets of the structure block */
    uint32_t structs_end; /* what was checked ends here */
    uint32_t strings;
    uint32_t reserve; /* offset of the memory reservation block */
    uint32_t nr_reserve;
    uint32_t boot_cpu;
};

/* What fdt_open() found wrong, and at which offset of the blob. */
struct fdt_error {
    const char *what;
    uint32_t at;
};

struct fdt_prop {
    const char *name;
    const uint8_t *data;
    uint32_t len;
    uint32_t next; /* for fdt_next_prop() */
};

/* A node with its ancestors: node[0] is the root, node[depth] the node itself. */
struct fdt_path {
    uint32_t node[FDT_MAX_DEPTH];
    uint32_t depth;
};

struct fdt_interrupt {
    uint32_t parent; /* the interrupt controller (or nexus) */
    uint32_t cells[4];
    uint32_t nr_cells;
};

/*
 * Checks blob, of which at most `limit` bytes are readable. -EINVAL: *error says what and where;
 * *fdt then reads as the part before that place (empty when the header is bad), which is enough
 * to look for a console.
 */
int fdt_open(struct fdt *fdt, const void *blob, uint64_t limit, struct fdt_error *error) must_check;
/* totalsize by the header alone, 0 when it is none. 40 bytes must be readable. */
uint32_t fdt_total_size(const void *blob);

/* Entry i of the memory reservation block; false past the last. */
bool fdt_reserved(const struct fdt *fdt, uint32_t i, uint64_t *start, uint64_t *size) must_check;

/* --- Nodes and properties: fdt_read.c --- */

uint32_t fdt_root(const struct fdt *fdt);
const char *fdt_name(const struct fdt *fdt, uint32_t node);
uint32_t fdt_first_child(const struct fdt *fdt, uint32_t node);
uint32_t fdt_next_sibling(const struct fdt *fdt, uint32_t node);
#define fdt_for_each_child(fdt, child, node)                                                       \
    for ((child) = fdt_first_child((fdt), (node)); (child) != FDT_NONE;                            \
         (child) = fdt_next_sibling((fdt), (child)))

void fdt_first_prop(const struct fdt *fdt, uint32_t node, struct fdt_prop *prop);
bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop) must_check;
/* prop is a struct fdt_prop *. */
#define fdt_for_each_prop(fdt, prop, node)                                                         \
    for (fdt_first_prop((fdt), (node), (prop)); fdt_next_prop((fdt), (prop));)

bool fdt_get(const struct fdt *fdt, uint32_t node, const char *name, struct fdt_prop *prop);
bool fdt_has(const struct fdt *fdt, uint32_t node, const char *name) must_check;
/* False when absent or not of this size; fdt_number() takes 4 or 8 bytes. */
bool fdt_u32(const struct fdt *fdt, uint32_t node, const char *name, uint32_t *value) must_check;
bool fdt_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *value) must_check;
/* NULL when absent or without a terminating NUL. */
const char *fdt_string(const struct fdt *fdt, uint32_t node, const char *name) must_check;
/* A NUL-terminated list of strings: *at walks over it from 0. NULL at the end. */
const char *fdt_next_string(const struct fdt_prop *prop, uint32_t *at) must_check;
bool fdt_compatible(const struct fdt *fdt, uint32_t node, const char *compatible) must_check;
/* status is absent, "okay" or "ok". */
bool fdt_available(const struct fdt *fdt, uint32_t node) must_check;

/*
 * "/soc/uart@9000000", or an alias followed by "/...". A component without unit address also
 * matches a node that has one. Ends at a ':' (options of stdout-path).
 */
uint32_t fdt_find(const struct fdt *fdt, const char *path);
/* Next node after `from` (FDT_NONE: from the start) in document order. */
uint32_t fdt_find_compatible(const struct fdt *fdt, uint32_t from, const char *compatible);
uint32_t fdt_find_phandle(const struct fdt *fdt, uint32_t phandle);
/* phandle property, 0 when there is none. */
uint32_t fdt_phandle(const struct fdt *fdt, uint32_t node);

static inline uint32_t fdt_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t fdt_be64(const uint8_t *p)
{
    return (uint64_t)fdt_be32(p) << 32 | fdt_be32(p + 4);
}
/* n cells of p as one number; n <= 2 (the low two of more). */
uint64_t fdt_cells(const uint8_t *p, uint32_t n);

/* --- Places in the tree, addresses, interrupts: fdt_address.c --- */

/* Depth-first walk in document order, one pass over the blob: root first. */
bool fdt_walk_first(const struct fdt *fdt, struct fdt_path *path);
/* skip_children: leaves out what is below the node. False at the end. */
bool fdt_walk_next(const struct fdt *fdt, struct fdt_path *path, bool skip_children) must_check;
/* Finds node's place by a scan from the root; false when node is none. */
bool fdt_locate(const struct fdt *fdt, uint32_t node, struct fdt_path *path) must_check;
static inline uint32_t fdt_path_node(const struct fdt_path *path)
{
    return path->node[path->depth];
}
/* "/soc/uart@9000000" into buf, cut to fit. Returns buf. */
const char *fdt_path_text(const struct fdt *fdt, const struct fdt_path *path, char *buf,
                          size_t size);

/* Cells of addresses and sizes of the node's own reg: the nearest ancestor's #-cells, else 2, 1. */
void fdt_reg_cells(const struct fdt *fdt, const struct fdt_path *path, uint32_t *address,
                   uint32_t *size);
/*
 * Range i of reg, translated to the root's address space. -ENOENT: no such entry; -EINVAL:
 * malformed; -ENXIO: an ancestor has no ranges for it.
 */
int fdt_path_reg(const struct fdt *fdt, const struct fdt_path *path, uint32_t i, uint64_t *start,
                 uint64_t *size) must_check;
/* Not translated: for nodes that are on no bus, as those below /chosen. */
int fdt_local_reg(const struct fdt *fdt, const struct fdt_path *path, uint32_t i, uint64_t *start,
                  uint64_t *size) must_check;
/* fdt_path_reg() by node alone: locates it first. */
int fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t i, uint64_t *start,
            uint64_t *size) must_check;
/* Translates an address in the space of path's node's children (depth levels up) to the root. */
int fdt_translate(const struct fdt *fdt, const struct fdt_path *path, uint64_t *address,
                  uint64_t size) must_check;

/* The controller of the node's interrupts: nearest interrupt-parent upwards. FDT_NONE: none. */
uint32_t fdt_interrupt_parent(const struct fdt *fdt, const struct fdt_path *path);
/* Entry i of interrupts-extended or interrupts. -ENOENT, -EINVAL. */
int fdt_interrupt(const struct fdt *fdt, const struct fdt_path *path, uint32_t i,
                  struct fdt_interrupt *out) must_check;

/* --- Writer: fdt_write.c --- */

/* Sequential; the first error sticks and all later calls do nothing. */
struct fdt_writer {
    uint8_t *buf;
    uint32_t size;
    uint32_t at;      /* end of the structure block so far */
    uint32_t strings; /* where strings are gathered; moved by fdt_finish() */
    uint32_t strings_used;
    uint32_t depth;
    bool in_properties; /* a property is allowed here */
    int error;          /* 0, -ENOSPC, -EINVAL (nesting) */
    uint16_t hash[256]; /* offset + 1 of a string with this hash */
};

/* A quarter of buf (aligned to 8) is for names of properties. */
void fdt_write_start(struct fdt_writer *w, void *buf, uint32_t size);
void fdt_begin_node(struct fdt_writer *w, const char *name);
void fdt_end_node(struct fdt_writer *w);
void fdt_put(struct fdt_writer *w, const char *name, const void *data, uint32_t len);
void fdt_put_empty(struct fdt_writer *w, const char *name);
void fdt_put_u32(struct fdt_writer *w, const char *name, uint32_t value);
void fdt_put_u64(struct fdt_writer *w, const char *name, uint64_t value);
void fdt_put_string(struct fdt_writer *w, const char *name, const char *value);
/* `value` is what a literal "a\0b" holds, its last NUL included: sizeof("a\0b"). */
void fdt_put_strings(struct fdt_writer *w, const char *name, const char *value, uint32_t len);
/* 32-bit cells, host order. */
void fdt_put_cells(struct fdt_writer *w, const char *name, const uint32_t *cells, uint32_t count);
/* reg-like: pairs of 64-bit numbers as two cells each. */
void fdt_put_ranges(struct fdt_writer *w, const char *name, const uint64_t *numbers,
                    uint32_t count);
/* Completes the blob: *len is its size. 0 or the error. */
int fdt_finish(struct fdt_writer *w, uint32_t *len) must_check;

/* Of the machine, when it is described by one; opened by boot_fdt_open(). */
extern struct fdt host_fdt;
