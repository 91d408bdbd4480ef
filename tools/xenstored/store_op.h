/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that carry out a client's operations share. */
#pragma once

#include "charge.h"
#include "store.h"

/* What one operation works on and with. */
struct op {
    struct store *store;
    struct conn *conn; /* NULL: the store itself */
    struct txn *txn;
    struct tree *tree;
    struct perm_who who;
    struct charges charges;
    struct list events;
};

void op_start(struct op *op, struct store *store, struct conn *conn, struct txn *txn);
/* Ends an operation: what it prepared becomes so, or, on an error, is forgotten. */
int op_end(struct op *op, int err) must_check;
/*
 * Finds a node that may be used for `want`. Where there is none, it depends on the nearest node
 * above it whether that may be known: -ENOENT, otherwise -EACCES. *closest is what was found on the
 * way.
 */
int op_look(struct op *op, const char *path, size_t len, unsigned int want, struct node **closest,
            size_t *found) must_check;
/* Whether a node of that size may be made on behalf of the connection. */
bool op_size_fits(const struct op *op, size_t value_len, size_t perms, size_t names);
/* Bytes of the names of the children, with a NUL each. */
size_t op_names(const struct node *node);
/* Prepares events for a change outside of a transaction; inside, it only notes that there will be.
 */
int op_prepare(struct op *op, const char *path, size_t len, unsigned int flags,
               const struct perm_set *perms, struct perm_set *old_perms) must_check;
/* The last thing before the change: quotas, and room to note what it costs. */
int op_ready(struct op *op) must_check;
