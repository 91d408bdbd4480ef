/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <errno.h>
#include <string.h>

#include "path.h"

int tree_init(struct tree *tree, struct tree_env *env, struct perm_set *perms)
{
    struct node *root = node_new(env, true, "", 0, "", 0, perms, 0);

    tree->env = env;
    tree->root = root != NULL ? pool_ref(root) : 0;
    return root != NULL ? 0 : -ENOMEM;
}

void tree_free(struct tree *tree)
{
    if (tree->root != 0) {
        node_put(tree->env, tree_root(tree));
        tree->root = 0;
    }
}

void tree_share(struct tree *to, const struct tree *from)
{
    to->env = from->env;
    to->root = pool_ref(node_get(tree_root(from)));
}

static size_t component_end(const char *path, size_t len, size_t from)
{
    const char *slash = memchr(path + from, '/', len - from);

    return slash != NULL ? (size_t)(slash - path) : len;
}

struct node *tree_closest(const struct tree *tree, const char *path, size_t len, size_t *found_len)
{
    struct node *node = tree_root(tree);
    size_t at = 1;

    *found_len = 1;
    while (at < len) {
        size_t end = component_end(path, len, at);
        const struct kids *kids = node_kids(node);
        struct node *child;

        if (kids == NULL) {
            break;
        }
        child = trie_find(kids->top, hash_bytes(path + at, end - at), path + at, end - at);
        if (child == NULL) {
            break;
        }
        node = child;
        *found_len = end;
        at = end + 1;
    }
    return node;
}

struct node *tree_find(const struct tree *tree, const char *path, size_t len)
{
    size_t found;
    struct node *node = tree_closest(tree, path, len, &found);

    return found == len ? node : NULL;
}

/* Of a node that has, or had, children. */
static struct kids *own_kids(struct node *node)
{
    return kids_own(node_kids_slot(node), node->gen);
}

/* The slot of a node that exists; the node and all on the way to it are the tree's own. */
static uint32_t *own_path(struct tree *tree, const char *path, size_t len)
{
    uint32_t *slot = &tree->root;
    size_t at = 1;

    while (node_own(tree->env, slot) != NULL) {
        size_t end;
        struct kids *kids;

        if (at >= len) {
            return slot;
        }
        end = component_end(path, len, at);
        kids = own_kids(node_at(*slot));
        if (kids == NULL) {
            return NULL;
        }
        slot = trie_slot(&kids->top, hash_bytes(path + at, end - at));
        if (slot == NULL) {
            return NULL;
        }
        at = end + 1;
    }
    return NULL;
}

int tree_set_value(struct tree *tree, const char *path, size_t len, const void *value,
                   size_t value_len, uint64_t gen)
{
    uint32_t *slot = own_path(tree, path, len);

    if (slot == NULL || node_set_value(tree->env, slot, value, value_len) == NULL) {
        return -ENOMEM;
    }
    node_at(*slot)->gen = gen;
    return 0;
}

int tree_set_perms(struct tree *tree, const char *path, size_t len, struct perm_set *perms,
                   uint64_t gen)
{
    uint32_t *slot = own_path(tree, path, len);

    struct node *node;

    if (slot == NULL) {
        return -ENOMEM;
    }
    node = node_at(*slot);
    perm_get(perms);
    perm_put(&tree->env->perms, node_perms(node));
    node->perms = pool_ref(perms);
    node->gen = gen;
    return 0;
}

/* Hangs `node`, whose reference it takes over if it succeeds, below an inner node that is owned. */
static int attach(struct node *parent, struct node *node, uint64_t gen)
{
    struct kids *kids = own_kids(parent);
    int err;

    if (kids == NULL) {
        return -ENOMEM;
    }
    node->seq = kids->next_seq;
    err = trie_add(&kids->top, hash_bytes(node_name(node), node->name_len), node);
    if (err == 0) {
        kids->next_seq++;
        kids->count++;
        kids->names += node->name_len + 1u;
        kids->gen = gen;
    }
    return err;
}

/* The nodes for path[from..len), each the child of the one before, with one reference. */
static struct node *chain(struct tree *tree, const char *path, size_t from, size_t len,
                          const void *value, size_t value_len, struct perm_set *perms, uint64_t gen)
{
    struct node *below = NULL;

    for (;;) {
        size_t start = len;
        struct node *node;

        while (path[start - 1] != '/') {
            start--;
        }
        node = node_new(tree->env, below != NULL, path + start, len - start, value, value_len,
                        perms, gen);
        if (node == NULL || (below != NULL && attach(node, below, gen) != 0)) {
            if (node != NULL) {
                node_put(tree->env, node);
            }
            break;
        }
        below = node;
        if (start == from) {
            return below;
        }
        len = start - 1;
        value_len = 0;
    }
    if (below != NULL) {
        node_put(tree->env, below);
    }
    return NULL;
}

int tree_add(struct tree *tree, const char *path, size_t len, const void *value, size_t value_len,
             struct perm_set *perms, uint64_t gen)
{
    size_t found;
    struct node *node;
    uint32_t *slot;
    int err;

    (void)tree_closest(tree, path, len, &found);
    node = chain(tree, path, found == 1 ? 1 : found + 1, len, value, value_len, perms, gen);
    if (node == NULL) {
        return -ENOMEM;
    }
    slot = own_path(tree, path, found);
    err = slot != NULL && node_make_inner(tree->env, slot) != NULL
              ? attach(node_at(*slot), node, gen)
              : -ENOMEM;
    if (err != 0) {
        node_put(tree->env, node);
    }
    return err;
}

struct node *tree_make_inner(struct tree *tree, const char *path, size_t len)
{
    uint32_t *slot = own_path(tree, path, len);

    return slot != NULL ? node_make_inner(tree->env, slot) : NULL;
}

int tree_append(struct tree *tree, struct node *parent, const char *name, size_t len,
                const void *value, size_t value_len, struct perm_set *perms, uint64_t gen,
                struct node **out)
{
    const struct kids *kids = node_kids(parent);
    int err;

    if (kids != NULL && trie_find(kids->top, hash_bytes(name, len), name, len) != NULL) {
        return -EEXIST;
    }
    *out = node_new(tree->env, false, name, len, value, value_len, perms, gen);
    if (*out == NULL) {
        return -ENOMEM;
    }
    err = attach(parent, *out, gen);
    if (err != 0) {
        node_put(tree->env, *out);
    }
    return err;
}

int tree_remove(struct tree *tree, const char *path, size_t len, uint64_t gen)
{
    size_t parent_len = path_parent(path, len), at = parent_len == 1 ? 1 : parent_len + 1;
    uint32_t *slot = own_path(tree, path, parent_len);
    struct node *node;
    struct kids *kids;

    if (slot == NULL) {
        return -ENOMEM;
    }
    kids = own_kids(node_at(*slot));
    if (kids == NULL || trie_del(&kids->top, hash_bytes(path + at, len - at), &node) != 0) {
        return -ENOMEM;
    }
    kids->count--;
    kids->names -= node->name_len + 1u;
    kids->gen = gen;
    node_put(tree->env, node);
    return 0;
}

/* The children of each node on the way lie in one array, one behind the other. */
struct walk {
    struct frame {
        size_t next, end; /* in kid[] */
        size_t path_len;
    } * frame;
    size_t depth, frames;
    struct node **kid;
    size_t kids;
    char path[PATH_ABS_MAX + 1];
};

static int enter(struct walk *walk, const struct kids *kids, size_t path_len)
{
    size_t start = walk->depth != 0 ? walk->frame[walk->depth - 1].end : 0;
    size_t end = start + kids->count;

    if (end == start) {
        return 0;
    }
    if (walk->depth == walk->frames) {
        size_t room = 2 * walk->frames + 16;
        struct frame *frame = mem_resize(walk->frame, room * sizeof(*frame));

        if (frame == NULL) {
            return -ENOMEM;
        }
        walk->frame = frame;
        walk->frames = room;
    }
    if (end > walk->kids) {
        size_t room = 2 * end;
        struct node **kid = mem_resize(walk->kid, room * sizeof(struct node *));

        if (kid == NULL) {
            return -ENOMEM;
        }
        walk->kid = kid;
        walk->kids = room;
    }
    kids_list(kids, walk->kid + start);
    walk->frame[walk->depth++] = (struct frame){start, end, path_len};
    return 0;
}

static int step(struct walk *walk, tree_visit *visit, void *arg)
{
    struct frame *frame = &walk->frame[walk->depth - 1];
    const struct node *node;
    const struct kids *kids;
    size_t len = frame->path_len;
    int err;

    if (frame->next == frame->end) {
        walk->depth--;
        return 0;
    }
    node = walk->kid[frame->next++];
    if (len != 1) {
        walk->path[len++] = '/';
    }
    mem_copy(walk->path + len, node_name(node), node->name_len);
    len += node->name_len;
    err = visit(arg, walk->path, len, node);
    if (err != 0) {
        return err < 0 ? err : 0;
    }
    kids = node_kids(node);
    return kids != NULL ? enter(walk, kids, len) : 0;
}

int tree_walk(const struct node *node, const char *path, size_t len, tree_visit *visit, void *arg)
{
    const struct kids *kids = node_kids(node);
    struct walk walk;
    int err;

    walk.frame = NULL;
    walk.kid = NULL;
    walk.depth = walk.frames = walk.kids = 0;
    memcpy(walk.path, path, len);
    err = visit(arg, walk.path, len, node);
    if (err == 0 && kids != NULL) {
        err = enter(&walk, kids, len);
    }
    err = err < 0 ? err : 0;
    while (err == 0 && walk.depth != 0) {
        err = step(&walk, visit, arg);
    }
    mem_free(walk.kid);
    mem_free(walk.frame);
    return err;
}
