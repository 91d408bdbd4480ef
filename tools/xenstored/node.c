/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"

static size_t node_bytes(size_t data)
{
    /* The allocator works in units of 16 bytes: what it rounds up serves longer values. */
    return (offsetof(struct node, data) + data + 15) & ~(size_t)15;
}

static size_t bytes_of(const struct node *node)
{
    return node_bytes((size_t)node->name_len + node->value_len);
}

static struct node *node_alloc(struct tree_env *env, size_t data)
{
    struct node *node = mem_alloc(node_bytes(data));

    if (node != NULL) {
        env->nodes++;
        env->bytes += node_bytes(data);
    }
    return node;
}

static void node_free(struct tree_env *env, struct node *node)
{
    env->nodes--;
    env->bytes -= bytes_of(node);
    mem_free(node);
}

struct node *node_new(struct tree_env *env, const char *name, size_t name_len, const void *value,
                      size_t value_len, struct perm_set *perms, uint64_t gen)
{
    struct node *node = node_alloc(env, name_len + value_len);

    if (node != NULL) {
        node->refs = 1;
        node->seq = 0;
        node->gen = gen;
        node->perms = perm_get(perms);
        node->kids = NULL;
        node->name_len = (uint16_t)name_len;
        node->value_len = (uint16_t)value_len;
        memcpy(node->data, name, name_len);
        if (value_len != 0) {
            memcpy(node->data + name_len, value, value_len);
        }
    }
    return node;
}

/* Drops one reference of a child's trie slot; a node that nobody holds goes onto *dead. */
static void drop(struct node *node, struct node **dead)
{
    if (--node->refs == 0) {
        node->gen = (uint64_t)(uintptr_t)*dead;
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
                mem_free(trie);
                depth--;
            } else if (trie_is(trie->slot[i])) {
                enter = trie_at(trie->slot[i]);
            } else {
                drop(trie->slot[i], dead);
            }
        }
    }
}

static void kids_release(struct kids *kids, struct node **dead)
{
    if (--kids->refs == 0) {
        if (kids->top != NULL) {
            trie_release(kids->top, dead);
        }
        mem_free(kids);
    }
}

static void free_all(struct tree_env *env, struct node *dead)
{
    while (dead != NULL) {
        struct node *node = dead;

        dead = (struct node *)(uintptr_t)node->gen;
        perm_put(&env->perms, node->perms);
        if (node->kids != NULL) {
            kids_release(node->kids, &dead);
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

void kids_put(struct tree_env *env, struct kids *kids)
{
    struct node *dead = NULL;

    kids_release(kids, &dead);
    free_all(env, dead);
}

/* A copy with another value, which shares what hangs on the old node. */
static struct node *node_copy(struct tree_env *env, const struct node *old, const void *value,
                              size_t len)
{
    struct node *copy = node_alloc(env, old->name_len + len);

    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, old, offsetof(struct node, data) + old->name_len);
    copy->value_len = (uint16_t)len;
    if (len != 0) {
        memcpy(copy->data + copy->name_len, value, len);
    }
    copy->refs = 1;
    return copy;
}

struct node *node_set_value(struct tree_env *env, struct node **slot, const void *value, size_t len)
{
    struct node *old = *slot, *copy;

    if (old->refs == 1 && node_bytes(old->name_len + len) == bytes_of(old)) {
        if (len != 0) {
            memcpy(old->data + old->name_len, value, len);
        }
        old->value_len = (uint16_t)len;
        return old;
    }
    copy = node_copy(env, old, value, len);
    if (copy == NULL) {
        return NULL;
    }
    if (old->refs == 1) {
        node_free(env, old); /* the copy took over its references */
    } else {
        old->refs--;
        perm_get(copy->perms);
        if (copy->kids != NULL) {
            copy->kids->refs++;
        }
    }
    *slot = copy;
    return copy;
}

struct node *node_own(struct tree_env *env, struct node **slot)
{
    struct node *node = *slot;

    return node->refs == 1 ? node : node_set_value(env, slot, node_value(node), node->value_len);
}

struct kids *kids_own(struct kids **slot, uint64_t gen)
{
    struct kids *old = *slot, *copy;

    if (old != NULL && old->refs == 1) {
        return old;
    }
    copy = mem_zalloc(sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    if (old != NULL) {
        *copy = *old;
        old->refs--;
        if (copy->top != NULL) {
            copy->top->refs++;
        }
    } else {
        copy->gen = gen;
    }
    copy->refs = 1;
    *slot = copy;
    return copy;
}
