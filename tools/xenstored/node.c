/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

/* Whether name and value are too long to be in it. */
static inline bool is_far(bool inner, size_t data)
{
    return NODE_DATA + (inner ? sizeof(uint32_t) : 0) + data > POOL_MAX;
}

/* Bytes of the node itself. */
static inline size_t node_bytes(bool inner, size_t data)
{
    return NODE_DATA + (inner ? sizeof(uint32_t) : 0) +
           (is_far(inner, data) ? sizeof(char *) : data);
}

static size_t data_of(const struct node *node)
{
    return (size_t)node->name_len + node->value_len;
}

/* Also of what is elsewhere. */
static size_t bytes_of(const struct node *node)
{
    return node_bytes(node->inner, data_of(node)) + (node->far ? data_of(node) : 0);
}

static bool alloc_far(struct node *node, bool inner, size_t data)
{
    char *at = mem_alloc(data);

    if (at != NULL) {
        memcpy(node->data + (inner ? sizeof(uint32_t) : 0), &at, sizeof(at));
    }
    return at != NULL;
}

/* With room for name and value, which are the caller's to set. */
static inline struct node *node_alloc(struct tree_env *env, bool inner, size_t name_len,
                                      size_t value_len)
{
    size_t data = name_len + value_len, bytes = node_bytes(inner, data);
    bool far = is_far(inner, data);
    struct node *node = pool_alloc(bytes);

    if (node != NULL && far && !alloc_far(node, inner, data)) {
        pool_free(node);
        return NULL;
    }
    if (node != NULL) {
        node->lens = (uint32_t)name_len | (uint32_t)value_len << NODE_VALUE_SHIFT |
                     (inner ? NODE_INNER : 0) | (far ? NODE_FAR : 0);
        env->nodes++;
        env->bytes += bytes + (far ? data : 0);
    }
    return node;
}

static void node_free(struct tree_env *env, struct node *node)
{
    env->nodes--;
    env->bytes -= bytes_of(node);
    if (node->far) {
        mem_free((char *)(uintptr_t)node_name(node));
    }
    pool_free(node);
}

static char *name_of(struct node *node)
{
    return (char *)(uintptr_t)node_name(node);
}

struct node *node_new(struct tree_env *env, bool inner, const char *name, size_t name_len,
                      const void *value, size_t value_len, struct perm_set *perms, uint64_t gen)
{
    struct node *node = node_alloc(env, inner, name_len, value_len);
    char *at;

    if (node == NULL) {
        return NULL;
    }
    node->refs = 1;
    node->seq = 0;
    node->gen = gen;
    node->perms = pool_ref(perm_get(perms));
    if (inner) {
        *node_kids_slot(node) = 0;
    }
    at = name_of(node);
    mem_copy(at, name, name_len);
    mem_copy(at + name_len, value, value_len);
    return node;
}

/* Drops one reference of a child's trie slot; a node that nobody holds goes onto *dead. */
static void drop(struct node *node, struct node **dead)
{
    if (--node->refs == 0) {
        node->gen = *dead != NULL ? pool_ref(*dead) : 0;
        *dead = node;
    }
}

static void trie_release(struct trie *top, struct node **dead)
{
    struct {
        struct trie *trie;
        unsigned int next;
    } level[TRIE_LEVELS];
    int depth = -1;
    struct trie *enter = top;

    for (;;) {
        if (enter != NULL) {
            if (--enter->refs == 0) {
                level[++depth].trie = enter;
                level[depth].next = 0;
            }
            enter = NULL;
        } else if (depth < 0) {
            return;
        } else {
            struct trie *trie = level[depth].trie;
            unsigned int i = level[depth].next++;

            if (i == trie_slots(trie->map)) {
                pool_free(trie);
                depth--;
            } else if (trie_is(trie->slot[i])) {
                enter = trie_at(trie->slot[i]);
            } else {
                drop(node_at(trie->slot[i]), dead);
            }
        }
    }
}

static void kids_release(struct kids *kids, struct node **dead)
{
    if (--kids->refs == 0) {
        if (kids->top != 0) {
            trie_release(trie_at(kids->top), dead);
        }
        pool_free(kids);
    }
}

static void free_all(struct tree_env *env, struct node *dead)
{
    while (dead != NULL) {
        struct node *node = dead;
        struct kids *kids = node_kids(node);

        dead = node->gen != 0 ? node_at((uint32_t)node->gen) : NULL;
        perm_put(&env->perms, node_perms(node));
        if (kids != NULL) {
            kids_release(kids, &dead);
        }
        node_free(env, node);
    }
}

void node_put(struct tree_env *env, struct node *node)
{
    struct node *dead = NULL;

    drop(node, &dead);
    free_all(env, dead);
}

/*
 * A copy in the place of *slot, which shares what hangs on the old node, with another value and
 * perhaps a place for children. It takes over the references of a node that only *slot refers to.
 */
static struct node *replace(struct tree_env *env, uint32_t *slot, bool inner, const void *value,
                            size_t len)
{
    struct node *old = node_at(*slot), *copy = node_alloc(env, inner, old->name_len, len);
    struct kids *kids = node_kids(old);

    if (copy == NULL) {
        return NULL;
    }
    copy->refs = 1;
    copy->seq = old->seq;
    copy->gen = old->gen;
    copy->perms = old->perms;
    if (inner) {
        *node_kids_slot(copy) = kids != NULL ? pool_ref(kids) : 0;
    }
    memcpy(name_of(copy), node_name(old), old->name_len);
    if (len != 0) {
        memcpy(name_of(copy) + old->name_len, value, len);
    }
    if (old->refs == 1) {
        node_free(env, old);
    } else {
        old->refs--;
        perm_get(node_perms(copy));
        if (kids != NULL) {
            kids->refs++;
        }
    }
    *slot = pool_ref(copy);
    return copy;
}

struct node *node_set_value(struct tree_env *env, uint32_t *slot, const void *value, size_t len)
{
    struct node *node = node_at(*slot);
    size_t bytes = node_bytes(node->inner, node->name_len + len);

    if (node->refs != 1 || node->far || is_far(node->inner, node->name_len + len) ||
        !pool_same(bytes, bytes_of(node))) {
        return replace(env, slot, node->inner, value, len);
    }
    if (len != 0) {
        memcpy(name_of(node) + node->name_len, value, len);
    }
    env->bytes += bytes - bytes_of(node);
    node->value_len = len & 0x1fffu;
    return node;
}

struct node *node_make_inner(struct tree_env *env, uint32_t *slot)
{
    struct node *node = node_at(*slot);

    return node->inner ? node : replace(env, slot, true, node_value(node), node->value_len);
}

struct node *node_own(struct tree_env *env, uint32_t *slot)
{
    struct node *node = node_at(*slot);

    return node->refs == 1 ? node : node_set_value(env, slot, node_value(node), node->value_len);
}

struct kids *kids_own(uint32_t *slot, uint64_t gen)
{
    struct kids *old = *slot != 0 ? pool_at(*slot) : NULL, *copy;

    if (old != NULL && old->refs == 1) {
        return old;
    }
    copy = pool_alloc(sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    if (old != NULL) {
        *copy = *old;
        old->refs--;
        if (copy->top != 0) {
            trie_at(copy->top)->refs++;
        }
    } else {
        *copy = (struct kids){.gen = gen};
    }
    copy->refs = 1;
    *slot = pool_ref(copy);
    return copy;
}
