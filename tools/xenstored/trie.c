/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <errno.h>
#include <string.h>

#include "path.h"

#define BITS      TRIE_BITS
#define HASH_BITS 64

static uint32_t bit_of(uint64_t hash, unsigned int shift)
{
    return (uint32_t)1 << ((hash >> shift) & 31);
}

static unsigned int slots(const struct trie *trie)
{
    return trie_slots(trie->map);
}

static unsigned int index_of(const struct trie *trie, uint32_t bit)
{
    return trie_slots(trie->map & (bit - 1));
}

struct node *trie_find(uint32_t top, uint64_t hash, const char *name, size_t len)
{
    unsigned int shift = 0;

    while (top != 0) {
        const struct trie *trie = trie_at(top);
        uint32_t bit = bit_of(hash, shift);

        if ((trie->map & bit) == 0) {
            return NULL;
        }
        top = trie->slot[index_of(trie, bit)];
        if (!trie_is(top)) {
            struct node *node = node_at(top);

            return node->name_len == len && memcmp(node_name(node), name, len) == 0 ? node : NULL;
        }
        shift += BITS;
    }
    return NULL;
}

/* A reference of `trie`, with the bit if *slot has it. */
static uint32_t like(const uint32_t *slot, const struct trie *trie)
{
    return pool_ref(trie) | (*slot & 1);
}

/* A trie that only *slot refers to. `slot` holds a trie, with the bit or without. */
static struct trie *trie_own(uint32_t *slot)
{
    struct trie *old = trie_at(*slot), *copy;
    unsigned int n = slots(old);

    if (old->refs == 1) {
        return old;
    }
    copy = pool_alloc(trie_bytes(n));
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, old, trie_bytes(n));
    copy->refs = 1;
    for (unsigned int i = 0; i < n; i++) {
        if (trie_is(copy->slot[i])) {
            trie_at(copy->slot[i])->refs++;
        } else {
            node_at(copy->slot[i])->refs++;
        }
    }
    old->refs--;
    *slot = like(slot, copy);
    return copy;
}

uint32_t *trie_slot(uint32_t *top, uint64_t hash)
{
    uint32_t *slot = top;
    unsigned int shift = 0;

    do {
        struct trie *trie = trie_own(slot);

        if (trie == NULL) {
            return NULL;
        }
        slot = &trie->slot[index_of(trie, bit_of(hash, shift))];
        shift += BITS;
    } while (trie_is(*slot));
    return slot;
}

/* One more slot in the trie at *at, for `bit`. */
static int widen(uint32_t *at, uint32_t bit, uint32_t value)
{
    struct trie *trie = trie_at(*at), *wider = trie;
    unsigned int n = slots(trie), i = index_of(trie, bit);

    if (!pool_same(trie_bytes(n), trie_bytes(n + 1))) {
        wider = pool_alloc(trie_bytes(n + 1));
        if (wider == NULL) {
            return -ENOMEM;
        }
        memcpy(wider, trie, trie_bytes(i));
    }
    memmove(&wider->slot[i + 1], &trie->slot[i], (n - i) * sizeof(uint32_t));
    wider->slot[i] = value;
    wider->map |= bit;
    if (wider != trie) {
        *at = like(at, wider);
        pool_free(trie);
    }
    return 0;
}

/*
 * A chain of tries from `shift` on, the last of which holds both nodes. 0: out of memory, or the
 * hashes are equal (*equal).
 */
static uint32_t split(uint32_t a, uint64_t hash_a, uint32_t b, uint64_t hash_b, unsigned int shift,
                      bool *equal)
{
    uint32_t top = 0, *at = &top;

    *equal = (hash_a >> shift) == (hash_b >> shift);
    if (*equal) {
        return 0;
    }
    for (;; shift += BITS) {
        uint32_t bit_a = bit_of(hash_a, shift), bit_b = bit_of(hash_b, shift);
        struct trie *trie = pool_alloc(trie_bytes(2));

        if (trie == NULL) {
            break;
        }
        trie->refs = 1;
        trie->map = bit_a | bit_b;
        *at = pool_ref(trie) | 1;
        if (bit_a != bit_b) {
            trie->slot[bit_a < bit_b ? 0 : 1] = a;
            trie->slot[bit_a < bit_b ? 1 : 0] = b;
            return top;
        }
        trie->slot[0] = 0;
        at = &trie->slot[0];
    }
    while (top != 0) {
        uint32_t below = trie_at(top)->slot[0];

        pool_free(trie_at(top));
        top = below;
    }
    return 0;
}

static int start(uint32_t *top, uint64_t hash, struct node *node)
{
    struct trie *trie = pool_alloc(trie_bytes(1));

    if (trie == NULL) {
        return -ENOMEM;
    }
    trie->refs = 1;
    trie->map = bit_of(hash, 0);
    trie->slot[0] = pool_ref(node);
    *top = pool_ref(trie);
    return 0;
}

int trie_add(uint32_t *top, uint64_t hash, struct node *node)
{
    uint32_t *slot = top;

    if (*top == 0) {
        return start(top, hash, node);
    }
    for (unsigned int shift = 0; shift < HASH_BITS; shift += BITS) {
        uint32_t bit = bit_of(hash, shift);
        struct trie *trie = trie_own(slot);

        if (trie == NULL) {
            return -ENOMEM;
        }
        if ((trie->map & bit) == 0) {
            return widen(slot, bit, pool_ref(node));
        }
        slot = &trie->slot[index_of(trie, bit)];
        if (!trie_is(*slot)) {
            const struct node *other = node_at(*slot);
            bool equal = true;
            uint32_t both = 0;

            if (shift + BITS < HASH_BITS) {
                both = split(*slot, hash_bytes(node_name(other), other->name_len), pool_ref(node),
                             hash, shift + BITS, &equal);
            }
            if (both == 0) {
                return equal ? -ENOSPC : -ENOMEM;
            }
            *slot = both;
            return 0;
        }
    }
    return -ENOSPC;
}

int trie_del(uint32_t *top, uint64_t hash, struct node **out)
{
    uint32_t *path[TRIE_LEVELS + 1], bits[TRIE_LEVELS];
    int depth = 0;

    path[0] = top;
    do {
        struct trie *trie = trie_own(path[depth]);

        if (trie == NULL) {
            return -ENOMEM;
        }
        bits[depth] = bit_of(hash, (unsigned int)depth * BITS);
        path[depth + 1] = &trie->slot[index_of(trie, bits[depth])];
        depth++;
    } while (trie_is(*path[depth]));
    *out = node_at(*path[depth]);
    /* Nothing fails from here on: slots are closed up in place, and tries that became empty go. */
    while (depth-- > 0) {
        struct trie *trie = trie_at(*path[depth]);
        unsigned int n = slots(trie), i = index_of(trie, bits[depth]);

        trie->map &= ~bits[depth];
        memmove(&trie->slot[i], &trie->slot[i + 1], (n - i - 1) * sizeof(uint32_t));
        if (trie->map != 0) {
            break;
        }
        pool_free(trie);
        if (depth == 0) {
            *top = 0;
        }
    }
    return 0;
}
