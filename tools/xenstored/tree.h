/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of nodes: the store as it is now, or a snapshot of it. tree_share() makes a snapshot in
 * constant time; each tree then sees its own changes only.
 *
 * Paths are valid absolute ones. An operation that fails has changed nothing that can be seen; each
 * takes `gen`, the generation that it stamps on what it changes, so that two states of a node (or
 * of its list of children) are the same if and only if their generations are.
 */
#pragma once

#include "node.h"

struct tree {
    struct tree_env *env;
    uint32_t root; /* struct node; 0: it is freed */
};

static inline struct node *tree_root(const struct tree *tree)
{
    return node_at(tree->root);
}

/* A tree with nothing but the root. */
int tree_init(struct tree *tree, struct tree_env *env, struct perm_set *perms) must_check;
void tree_free(struct tree *tree);
void tree_share(struct tree *to, const struct tree *from);

struct node *tree_find(const struct tree *tree, const char *path, size_t len);
/* The deepest node on the way to the path (itself if it exists), and the length of that one's path.
 */
struct node *tree_closest(const struct tree *tree, const char *path, size_t len, size_t *found_len);

/* The node must exist. */
int tree_set_value(struct tree *tree, const char *path, size_t len, const void *value,
                   size_t value_len, uint64_t gen) must_check;
int tree_set_perms(struct tree *tree, const char *path, size_t len, struct perm_set *perms,
                   uint64_t gen) must_check;
/*
 * Creates the node and what is missing on the way to it, all with `perms` and, but the last, with
 * empty values. The node must not exist. Errors: -ENOMEM, -ENOSPC (a full hash collision).
 */
int tree_add(struct tree *tree, const char *path, size_t len, const void *value, size_t value_len,
             struct perm_set *perms, uint64_t gen) must_check;
/* Readies a node that exists for children. Nobody but this tree refers to it then. */
struct node *tree_make_inner(struct tree *tree, const char *path, size_t len) must_check;
/* Adds a child to an inner node that only this tree refers to, as all above it. -EEXIST, too. */
int tree_append(struct tree *tree, struct node *parent, const char *name, size_t len,
                const void *value, size_t value_len, struct perm_set *perms, uint64_t gen,
                struct node **out) must_check;
/* Takes away a node that exists, with all below it. Not the root. */
int tree_remove(struct tree *tree, const char *path, size_t len, uint64_t gen) must_check;

/*
 * Calls visit() for the node and all below it, parents before children, older before younger. A
 * negative result ends the walk and is its result; TREE_SKIP leaves out what is below. The tree
 * must not change meanwhile. `path` has no NUL at its end.
 */
#define TREE_SKIP 1
typedef int tree_visit(void *arg, const char *path, size_t len, const struct node *node);
int tree_walk(const struct node *node, const char *path, size_t len, tree_visit *visit,
              void *arg) must_check;
