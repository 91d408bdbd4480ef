/* SPDX-License-Identifier: Apache-2.0 */
/* The children of a node, all at once: in the order of their age, or hung up in one go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

/* Up to this many are put in order one by one. */
#define FEW 8

struct level {
    const struct trie *trie;
    unsigned int next, end;
};

/* On the way through a trie; `level` from the top down. */
struct walk {
    struct level level[TRIE_LEVELS];
    int depth;
};

static inline void walk_start(struct walk *w, const struct trie *top)
{
    w->level[0] = (struct level){top, 0, trie_slots(top->map)};
    w->depth = 0;
}

/* The next child, or NULL after the last. */
static inline struct node *walk_next(struct walk *w)
{
    while (w->depth >= 0) {
        struct level *at = &w->level[w->depth];
        const struct trie *below;
        uint32_t slot;

        if (at->next == at->end) {
            w->depth--;
            continue;
        }
        slot = at->trie->slot[at->next++];
        if (!trie_is(slot)) {
            return node_at(slot);
        }
        below = trie_at(slot);
        w->level[++w->depth] = (struct level){below, 0, trie_slots(below->map)};
    }
    return NULL;
}

static void list(const struct trie *top, struct node **out)
{
    struct node *node;
    struct walk w;

    walk_start(&w, top);
    while ((node = walk_next(&w)) != NULL) {
        *out++ = node;
    }
}

static int by_seq(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Puts each where its number says, from `first` on. False: two have the same number. */
static bool place(struct node **out, uint32_t n, uint32_t first)
{
    for (uint32_t i = 0; i < n;) {
        struct node *node = out[i], *there = out[node->seq - first];

        if (there == node) {
            i++;
        } else if (there->seq == node->seq) {
            return false;
        } else {
            out[node->seq - first] = node;
            out[i] = there;
        }
    }
    return true;
}

/* As long as no child went, their numbers are 0 to n - 1. False: it is not so. */
static bool scatter(const struct trie *top, struct node **out, uint32_t n)
{
    struct node *node;
    struct walk w;

    memset(out, 0, n * sizeof(struct node *));
    walk_start(&w, top);
    while ((node = walk_next(&w)) != NULL) {
        if (node->seq >= n || out[node->seq] != NULL) {
            return false;
        }
        out[node->seq] = node;
    }
    return true;
}

void kids_list(const struct kids *kids, struct node **out)
{
    uint32_t n = kids != NULL ? kids->count : 0, first = UINT32_MAX, last = 0;

    if (n == 0 || (n == kids->next_seq && scatter(trie_at(kids->top), out, n))) {
        return;
    }
    list(trie_at(kids->top), out);
    for (uint32_t i = 0; i < n; i++) {
        first = out[i]->seq < first ? out[i]->seq : first;
        last = out[i]->seq > last ? out[i]->seq : last;
    }
    /* Their numbers have no gaps as long as none went. */
    if (last - first != n - 1 || !place(out, n, first)) {
        qsort(out, n, sizeof(struct node *), by_seq);
    }
}

static unsigned int digit(const struct new_kid *kid, unsigned int shift)
{
    return (kid->hash >> shift) & 31;
}

static unsigned int sort_few(struct new_kid *kid, size_t n, unsigned int shift)
{
    unsigned int digits = 1;

    for (size_t i = 1; i < n; i++) {
        struct new_kid moved = kid[i];
        size_t to = i;

        for (; to > 0 && digit(&kid[to - 1], shift) > digit(&moved, shift); to--) {
            kid[to] = kid[to - 1];
        }
        kid[to] = moved;
    }
    for (size_t i = 1; i < n; i++) {
        digits += digit(&kid[i], shift) != digit(&kid[i - 1], shift);
    }
    return digits;
}

/*
 * By the digit of the hash at `shift`, in place: each goes to the next free place of its digit. The
 * result is how many digits there are.
 */
static unsigned int sort_many(struct new_kid *kid, size_t n, unsigned int shift)
{
    uint32_t next[32] = {0}, end[32], at = 0;
    unsigned int digits = 0;

    for (size_t i = 0; i < n; i++) {
        next[digit(&kid[i], shift)]++;
    }
    for (unsigned int d = 0; d < 32; d++) {
        digits += next[d] != 0;
        at += next[d];
        end[d] = at;
        next[d] = at - next[d];
    }
    for (unsigned int d = 0; d < 32; d++) {
        while (next[d] < end[d]) {
            struct new_kid moved = kid[next[d]];
            unsigned int to = digit(&moved, shift);

            kid[next[d]] = kid[next[to]];
            kid[next[to]++] = moved;
        }
    }
    return digits;
}

/* Children that share a trie, those with one digit side by side. */
struct group {
    struct trie *trie;
    struct new_kid *at, *end;
    unsigned int filled;
};

/* A trie, empty yet, for these; false when out of memory. */
static bool start(struct group *group, struct new_kid *kid, struct new_kid *end, unsigned int shift)
{
    unsigned int n = end - kid > FEW ? sort_many(kid, (size_t)(end - kid), shift)
                                     : sort_few(kid, (size_t)(end - kid), shift);

    *group = (struct group){pool_alloc(trie_bytes(n)), kid, end, 0};
    if (group->trie != NULL) {
        group->trie->refs = 1;
        group->trie->map = 0;
    }
    return group->trie != NULL;
}

/*
 * A trie for few children, where each has a digit of its own, as nearly always: NULL, and *digits
 * tells whether they had. The caller has it then.
 */
static struct trie *leaf(struct new_kid *kid, const struct new_kid *end, unsigned int shift,
                         bool *digits)
{
    struct trie *trie;
    uint32_t map = 0;

    *digits = false;
    for (const struct new_kid *k = kid; k < end; k++) {
        uint32_t bit = (uint32_t)1 << digit(k, shift);

        if ((map & bit) != 0) {
            return NULL;
        }
        map |= bit;
    }
    *digits = true;
    trie = pool_alloc(trie_bytes((unsigned int)(end - kid)));
    if (trie != NULL) {
        trie->refs = 1;
        trie->map = map;
        for (; kid < end; kid++) {
            uint32_t below = ((uint32_t)1 << digit(kid, shift)) - 1;

            trie->slot[trie_slots(map & below)] = kid->node;
            kid->node = 0;
        }
    }
    return trie;
}

/* What is wrong with two that have the same hash. */
static int collision(const struct node *a, const struct node *b)
{
    return a->name_len == b->name_len && memcmp(node_name(a), node_name(b), a->name_len) == 0
               ? -EEXIST
               : -ENOSPC;
}

static int fill(struct kids *kids, struct new_kid *kid, uint32_t n)
{
    struct group group[TRIE_LEVELS];
    int depth = 0;

    if (!start(&group[0], kid, kid + n, 0)) {
        return -ENOMEM;
    }
    kids->top = pool_ref(group[0].trie);
    while (depth >= 0) {
        struct group *at = &group[depth];
        unsigned int shift = (unsigned int)depth * TRIE_BITS;
        struct new_kid *first = at->at, *end = first + 1;
        struct trie *trie;
        bool digits;

        if (first == at->end) {
            depth--;
            continue;
        }
        while (end < at->end && digit(end, shift) == digit(first, shift)) {
            end++;
        }
        if (end - first == 1) {
            at->trie->slot[at->filled++] = first->node;
            first->node = 0;
        } else if (depth == TRIE_LEVELS - 1) {
            return collision(node_at(first->node), node_at(first[1].node));
        } else if (end - first <= FEW &&
                   ((trie = leaf(first, end, shift + TRIE_BITS, &digits)) != NULL || digits)) {
            if (trie == NULL) {
                return -ENOMEM;
            }
            at->trie->slot[at->filled++] = pool_ref(trie) | 1;
        } else if (!start(&group[depth + 1], first, end, shift + TRIE_BITS)) {
            return -ENOMEM;
        } else {
            at->trie->slot[at->filled++] = pool_ref(group[++depth].trie) | 1;
        }
        at->trie->map |= (uint32_t)1 << digit(first, shift);
        at->at = end;
    }
    return 0;
}

int kids_build(struct node *parent, struct new_kid *kid, uint32_t n, uint64_t gen)
{
    struct kids *kids = kids_own(node_kids_slot(parent), gen);

    if (kids == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct node *node = node_at(kid[i].node);

        node->seq = i;
        kids->names += node->name_len + 1u;
    }
    kids->count = kids->next_seq = n;
    return fill(kids, kid, n);
}
