/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and the tries that hold the children of one node: objects of the pool, which refer to each
 * other by references of 32 bits (pool.h).
 *
 * Every object counts its references. One with a single reference may be changed in place; one with
 * more belongs to several trees (the current one, snapshots) and is copied first (`_own`). So a
 * snapshot is one reference, and without one nothing is copied.
 *
 * A trie has up to 32 slots by 5 bits of the hash of the child's name, least significant first. A
 * slot holds a node, or, with bit 0 set, the trie of the next 5 bits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "perm.h"
#include "pool.h"

#define TRIE_LEVELS 13 /* 13 * 5 bits cover the hash */
#define TRIE_BITS   5
/*
 * What a node costs its owner beside its name and value. A constant: what a domain may have does
 * not depend on how nodes are kept.
 */
#define NODE_CHARGE 40

struct node {
    uint32_t refs;
    uint32_t seq; /* order among its siblings: the younger has the higher number */
    uint64_t
        gen; /* generation of the last change of value or permissions; also links freed nodes */
    uint32_t perms; /* struct perm_set */
    union {
        struct {
            uint32_t name_len : 12; /* 0 for the root */
            uint32_t value_len : 13;
            uint32_t inner : 1; /* it may have children */
            uint32_t far : 1;   /* name and value are elsewhere: here is where */
        };
        uint32_t lens; /* all of these */
    };
    /* Of an inner node a reference of struct kids, 0: it never had a child. Then the name and the
     * value, without NULs, or a pointer to them. */
    char data[];
};

struct trie {
    uint32_t refs;
    uint32_t map;
    uint32_t slot[];
};

struct kids {
    uint32_t refs;
    uint32_t count;
    uint32_t next_seq;
    uint32_t names; /* bytes of all names with a NUL each */
    uint64_t gen;   /* of the last child that came or went */
    uint32_t top;   /* struct trie; 0: none now */
};

/* What all trees of a store share. */
struct tree_env {
    struct table perms;
    uint64_t nodes; /* node objects alive, in all trees */
    uint64_t bytes; /* of those objects */
};

#define NODE_DATA        (offsetof(struct node, data))
#define NODE_VALUE_SHIFT 12
#define NODE_INNER       (1u << 25)
#define NODE_FAR         (1u << 26)

static inline struct node *node_at(uint32_t ref)
{
    return pool_at(ref);
}

static inline struct perm_set *node_perms(const struct node *node)
{
    return pool_at(node->perms);
}

static inline const char *node_name(const struct node *node)
{
    const char *at = node->data + (node->inner ? sizeof(uint32_t) : 0);

    if (node->far) {
        const char *elsewhere;

        memcpy(&elsewhere, at, sizeof(elsewhere));
        return elsewhere;
    }
    return at;
}

static inline const char *node_value(const struct node *node)
{
    return node_name(node) + node->name_len;
}

/* Of an inner node. */
static inline uint32_t *node_kids_slot(struct node *node)
{
    return (uint32_t *)(void *)node->data;
}

/* NULL: it never had a child. */
static inline struct kids *node_kids(const struct node *node)
{
    uint32_t ref = node->inner ? *(const uint32_t *)(const void *)node->data : 0;

    return ref != 0 ? pool_at(ref) : NULL;
}

static inline uint64_t node_kids_gen(const struct node *node)
{
    const struct kids *kids = node_kids(node);

    return kids != NULL ? kids->gen : node->gen;
}

/* Bytes that it is charged. */
static inline uint64_t node_charge(const struct node *node)
{
    return (uint64_t)NODE_CHARGE + node->name_len + node->value_len;
}

/* A node without children, with one reference. Takes its own reference of `perms`. */
struct node *node_new(struct tree_env *env, bool inner, const char *name, size_t name_len,
                      const void *value, size_t value_len, struct perm_set *perms,
                      uint64_t gen) must_check;
/* Drops a reference; with the last one, the node and all below it that nobody else holds. */
void node_put(struct tree_env *env, struct node *node);
static inline struct node *node_get(struct node *node)
{
    node->refs++;
    return node;
}
/* Makes *slot a node that only this slot refers to. */
struct node *node_own(struct tree_env *env, uint32_t *slot) must_check;
/* As node_own(), and gives it another value. */
struct node *node_set_value(struct tree_env *env, uint32_t *slot, const void *value,
                            size_t len) must_check;
/* Makes *slot, which is owned, an inner node. */
struct node *node_make_inner(struct tree_env *env, uint32_t *slot) must_check;
/* Makes *slot kids that only this slot refers to; new ones where there are none. */
struct kids *kids_own(uint32_t *slot, uint64_t gen) must_check;

struct node *trie_find(uint32_t top, uint64_t hash, const char *name, size_t len);
/* The slot of a child that exists, all on the way to it owned; NULL when out of memory. */
uint32_t *trie_slot(uint32_t *top, uint64_t hash) must_check;
/* Takes over the reference of `node`. -ENOSPC: a hash collision in all 64 bits. */
int trie_add(uint32_t *top, uint64_t hash, struct node *node) must_check;
/* Takes out a child that exists; its reference is the caller's. */
int trie_del(uint32_t *top, uint64_t hash, struct node **out) must_check;

/* A child that is to be added, and the hash of its name. */
struct new_kid {
    uint64_t hash;
    uint32_t node; /* 0: it was added */
};
/*
 * Gives n children, in the order of their age, to an inner node that has none and that nobody
 * shares; takes over their references. -ENOMEM; -EEXIST: two have one name; -ENOSPC. After an error
 * it has got those whose `node` is 0 now, and is good for nothing but node_put().
 */
int kids_build(struct node *parent, struct new_kid *kid, uint32_t n, uint64_t gen) must_check;

/* Copies the children into out[kids->count], oldest first. `kids` may be NULL. */
void kids_list(const struct kids *kids, struct node **out);

/* Without an instruction for it, the compiler calls a function, which takes longer. */
static inline unsigned int trie_slots(uint32_t map)
{
    map -= (map >> 1) & 0x55555555u;
    map = (map & 0x33333333u) + ((map >> 2) & 0x33333333u);
    return (((map + (map >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24;
}

static inline bool trie_is(uint32_t slot)
{
    return (slot & 1) != 0;
}

/* With or without the bit that says it is one. */
static inline struct trie *trie_at(uint32_t slot)
{
    return pool_at(slot & ~1u);
}

static inline size_t trie_bytes(unsigned int n)
{
    return sizeof(struct trie) + n * sizeof(uint32_t);
}
