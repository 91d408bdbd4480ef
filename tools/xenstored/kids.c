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

static void list(const struct trie *top, struct node **out)
{
    struct level level[TRIE_LEVELS];
    int depth = 0;

    level[0] = (struct level){top, 0, trie_slots(top->map)};
    while (depth >= 0) {
        struct level *at = &level[depth];
        void *slot;

        if (at->next == at->end) {
            depth--;
            continue;
        }
        slot = at->trie->slot[at->next++];
        if (trie_is(slot)) {
            const struct trie *below = trie_at(slot);

            level[++depth] = (struct level){below, 0, trie_slots(below->map)};
        } else {
            *out++ = slot;
        }
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

void kids_list(const struct kids *kids, struct node **out)
{
    uint32_t n = kids != NULL ? kids->count : 0, first = UINT32_MAX, last = 0;

    if (n == 0) {
        return;
    }
    list(kids->top, out);
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

static void sort_few(struct new_kid *kid, size_t n, unsigned int shift)
{
    for (size_t i = 1; i < n; i++) {
        struct new_kid moved = kid[i];
        size_t to = i;

        for (; to > 0 && digit(&kid[to - 1], shift) > digit(&moved, shift); to--) {
            kid[to] = kid[to - 1];
        }
        kid[to] = moved;
    }
}

/* By the digit of the hash at `shift`, in place: each goes to the next free place of its digit. */
static void sort_many(struct new_kid *kid, size_t n, unsigned int shift)
{
    size_t next[32] = {0}, end[32], at = 0;

    for (size_t i = 0; i < n; i++) {
        next[digit(&kid[i], shift)]++;
    }
    for (unsigned int d = 0; d < 32; d++) {
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
    unsigned int n = 1;

    if (end - kid > FEW) {
        sort_many(kid, (size_t)(end - kid), shift);
    } else {
        sort_few(kid, (size_t)(end - kid), shift);
    }
    for (struct new_kid *k = kid + 1; k < end; k++) {
        n += digit(k, shift) != digit(k - 1, shift);
    }
    *group = (struct group){mem_alloc(trie_bytes(n)), kid, end, 0};
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
    trie = mem_alloc(trie_bytes((unsigned int)(end - kid)));
    if (trie != NULL) {
        trie->refs = 1;
        trie->map = map;
        for (; kid < end; kid++) {
            uint32_t below = ((uint32_t)1 << digit(kid, shift)) - 1;

            trie->slot[trie_slots(map & below)] = kid->node;
            kid->node = NULL;
        }
    }
    return trie;
}

/* What is wrong with two that have the same hash. */
static int collision(const struct node *a, const struct node *b)
{
    return a->name_len == b->name_len && memcmp(a->data, b->data, a->name_len) == 0 ? -EEXIST
                                                                                    : -ENOSPC;
}

static int fill(struct kids *kids, struct new_kid *kid, uint32_t n)
{
    struct group group[TRIE_LEVELS];
    int depth = 0;

    if (!start(&group[0], kid, kid + n, 0)) {
        return -ENOMEM;
    }
    kids->top = group[0].trie;
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
            first->node = NULL;
        } else if (depth == TRIE_LEVELS - 1) {
            return collision(first->node, first[1].node);
        } else if (end - first <= FEW &&
                   ((trie = leaf(first, end, shift + TRIE_BITS, &digits)) != NULL || digits)) {
            if (trie == NULL) {
                return -ENOMEM;
            }
            at->trie->slot[at->filled++] = trie_tagged(trie);
        } else if (!start(&group[depth + 1], first, end, shift + TRIE_BITS)) {
            return -ENOMEM;
        } else {
            at->trie->slot[at->filled++] = trie_tagged(group[++depth].trie);
        }
        at->trie->map |= (uint32_t)1 << digit(first, shift);
        at->at = end;
    }
    return 0;
}

int kids_build(struct node *parent, struct new_kid *kid, uint32_t n, uint64_t gen)
{
    struct kids *kids = kids_own(&parent->kids, gen);

    if (kids == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        kid[i].node->seq = i;
        kids->names += (uint32_t)kid[i].node->name_len + 1;
    }
    kids->count = kids->next_seq = n;
    return fill(kids, kid, n);
}
