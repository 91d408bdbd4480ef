/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and the tries that hold the children of one node.
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

#include "perm.h"

#define TRIE_LEVELS 13 /* 13 * 5 bits cover the hash */
#define TRIE_BITS   5
/*
 * What a node costs its owner beside its name and value. A constant: what a domain may have does
 * not depend on how nodes are kept.
 */
#define NODE_CHARGE 40

struct kids;

struct node {
    uint32_t refs;
    uint32_t seq; /* order among its siblings: the younger has the higher number */
    uint64_t
        gen; /* generation of the last change of value or permissions; also links freed nodes */
    struct perm_set *perms;
    struct kids *kids; /* NULL: never had a child */
    uint16_t name_len; /* 0 for the root */
    uint16_t value_len;
    char data[]; /* the name, then the value; no NUL */
};

struct trie {
    uint32_t refs;
    uint32_t map;
    void *slot[];
};

struct kids {
    uint32_t refs;
    uint32_t count;
    uint32_t next_seq;
    uint32_t names;   /* bytes of all names with a NUL each */
    uint64_t gen;     /* of the last child that came or went */
    struct trie *top; /* NULL: none now */
};

/* What all trees of a store share. */
struct tree_env {
    struct table perms;
    uint64_t nodes; /* node objects alive, in all trees */
    uint64_t bytes; /* of those objects */
};

static inline const char *node_value(const struct node *node)
{
    return node->data + node->name_len;
}

static inline uint64_t node_kids_gen(const struct node *node)
{
    return node->kids != NULL ? node->kids->gen : node->gen;
}

/* A node without children, with one reference. Takes its own reference of `perms`. */
struct node *node_new(struct tree_env *env, const char *name, size_t name_len, const void *value,
                      size_t value_len, struct perm_set *perms, uint64_t gen) must_check;
/* Drops a reference; with the last one, the node and all below it that nobody else holds. */
void node_put(struct tree_env *env, struct node *node);
static inline struct node *node_get(struct node *node)
{
    node->refs++;
    return node;
}
/* Makes *slot a node that only this slot refers to. */
struct node *node_own(struct tree_env *env, struct node **slot) must_check;
/* As node_own(), and gives it another value. */
struct node *node_set_value(struct tree_env *env, struct node **slot, const void *value,
                            size_t len) must_check;
/* Makes *slot kids that only this slot refers to; new ones where there are none. */
struct kids *kids_own(struct kids **slot, uint64_t gen) must_check;
void kids_put(struct tree_env *env, struct kids *kids);

struct node *trie_find(const struct trie *top, uint64_t hash, const char *name, size_t len);
/* The slot of a child that exists, all on the way to it owned; NULL when out of memory. */
struct node **trie_slot(struct trie **top, uint64_t hash) must_check;
/* Takes over the reference of `node`. -ENOSPC: a hash collision in all 64 bits. */
int trie_add(struct trie **top, uint64_t hash, struct node *node) must_check;
/* Takes out a child that exists; its reference is the caller's. */
int trie_del(struct trie **top, uint64_t hash, struct node **out) must_check;

/* A child that is to be added, and the hash of its name. */
struct new_kid {
    uint64_t hash;
    struct node *node;
};
/*
 * Gives n children, in the order of their age, to a node that has none and that nobody shares;
 * takes over their references. -ENOMEM; -EEXIST: two have one name; -ENOSPC. After an error it has
 * got those whose `node` is NULL now, and is good for nothing but node_put().
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

static inline bool trie_is(const void *slot)
{
    return ((uintptr_t)slot & 1) != 0;
}

static inline struct trie *trie_at(const void *slot)
{
    return (struct trie *)((uintptr_t)slot & ~(uintptr_t)1);
}

static inline void *trie_tagged(const struct trie *trie)
{
    return (void *)((uintptr_t)trie | 1);
}

static inline size_t trie_bytes(unsigned int n)
{
    return sizeof(struct trie) + n * sizeof(void *);
}
