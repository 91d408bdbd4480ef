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

struct node *trie_find(const struct trie *top, uint64_t hash, const char *name, size_t len)
{
    unsigned int shift = 0;

    while (top != NULL) {
        uint32_t bit = bit_of(hash, shift);
        void *slot;

        if ((top->map & bit) == 0) {
            return NULL;
        }
        slot = top->slot[index_of(top, bit)];
        if (!trie_is(slot)) {
            struct node *node = slot;

            return node->name_len == len && memcmp(node->data, name, len) == 0 ? node : NULL;
        }
        top = trie_at(slot);
        shift += BITS;
    }
    return NULL;
}

/* A trie that only *slot refers to. `slot` holds a trie, tagged or not. */
static struct trie *trie_own(void **slot)
{
    struct trie *old = trie_at(*slot), *copy;
    unsigned int n = slots(old);

    if (old->refs == 1) {
        return old;
    }
    copy = mem_alloc(trie_bytes(n));
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, old, trie_bytes(n));
    copy->refs = 1;
    for (unsigned int i = 0; i < n; i++) {
        if (trie_is(copy->slot[i])) {
            trie_at(copy->slot[i])->refs++;
        } else {
            ((struct node *)copy->slot[i])->refs++;
        }
    }
    old->refs--;
    *slot = trie_is(*slot) ? trie_tagged(copy) : copy;
    return copy;
}

struct node **trie_slot(struct trie **top, uint64_t hash)
{
    void **slot = (void **)top;
    unsigned int shift = 0;
    bool first = true;

    while (first || trie_is(*slot)) {
        struct trie *trie = trie_own(slot);

        if (trie == NULL) {
            return NULL;
        }
        slot = &trie->slot[index_of(trie, bit_of(hash, shift))];
        shift += BITS;
        first = false;
    }
    return (struct node **)slot;
}

/* One more slot in *at, for `bit`. */
static int widen(void **at, uint32_t bit, void *value)
{
    struct trie *trie = trie_at(*at), *wider;
    unsigned int n = slots(trie), i = index_of(trie, bit);

    wider = mem_resize(trie, trie_bytes(n + 1));
    if (wider == NULL) {
        return -ENOMEM;
    }
    memmove(&wider->slot[i + 1], &wider->slot[i], (n - i) * sizeof(void *));
    wider->slot[i] = value;
    wider->map |= bit;
    *at = trie_is(*at) ? trie_tagged(wider) : wider;
    return 0;
}

/*
 * A chain of tries from `shift` on, the last of which holds both nodes. NULL: out of memory, or the
 * hashes are equal (*equal).
 */
static struct trie *split(struct node *a, uint64_t hash_a, struct node *b, uint64_t hash_b,
                          unsigned int shift, bool *equal)
{
    struct trie *top = NULL, *trie;
    void **at = (void **)&top;

    *equal = (hash_a >> shift) == (hash_b >> shift);
    if (*equal) {
        return NULL;
    }
    for (;; shift += BITS) {
        uint32_t bit_a = bit_of(hash_a, shift), bit_b = bit_of(hash_b, shift);

        trie = mem_alloc(trie_bytes(2));
        if (trie == NULL) {
            break;
        }
        trie->refs = 1;
        trie->map = bit_a | bit_b;
        *at = at == (void **)&top ? trie : trie_tagged(trie);
        if (bit_a != bit_b) {
            trie->slot[bit_a < bit_b ? 0 : 1] = a;
            trie->slot[bit_a < bit_b ? 1 : 0] = b;
            return top;
        }
        trie->slot[0] = NULL;
        at = &trie->slot[0];
    }
    while (top != NULL) {
        trie = trie_at(top->slot[0]);
        mem_free(top);
        top = trie;
    }
    return NULL;
}

int trie_add(struct trie **top, uint64_t hash, struct node *node)
{
    void **slot = (void **)top;

    if (*top == NULL) {
        *top = mem_alloc(trie_bytes(1));
        if (*top == NULL) {
            return -ENOMEM;
        }
        (*top)->refs = 1;
        (*top)->map = bit_of(hash, 0);
        (*top)->slot[0] = node;
        return 0;
    }
    for (unsigned int shift = 0; shift < HASH_BITS; shift += BITS) {
        uint32_t bit = bit_of(hash, shift);
        struct trie *trie = trie_own(slot);

        if (trie == NULL) {
            return -ENOMEM;
        }
        if ((trie->map & bit) == 0) {
            return widen(slot, bit, node);
        }
        slot = &trie->slot[index_of(trie, bit)];
        if (!trie_is(*slot)) {
            struct node *other = *slot;
            bool equal = true;
            struct trie *both = NULL;

            if (shift + BITS < HASH_BITS) {
                both = split(other, hash_bytes(other->data, other->name_len), node, hash,
                             shift + BITS, &equal);
            }
            if (both == NULL) {
                return equal ? -ENOSPC : -ENOMEM;
            }
            *slot = trie_tagged(both);
            return 0;
        }
    }
    return -ENOSPC;
}

int trie_del(struct trie **top, uint64_t hash, struct node **out)
{
    void **path[TRIE_LEVELS + 1];
    uint32_t bits[TRIE_LEVELS];
    int depth = 0;

    path[0] = (void **)top;
    do {
        struct trie *trie = trie_own(path[depth]);

        if (trie == NULL) {
            return -ENOMEM;
        }
        bits[depth] = bit_of(hash, (unsigned int)depth * BITS);
        path[depth + 1] = &trie->slot[index_of(trie, bits[depth])];
        depth++;
    } while (trie_is(*path[depth]));
    *out = *path[depth];
    /* Nothing fails from here on: slots are closed up in place, and tries that became empty go. */
    while (depth-- > 0) {
        struct trie *trie = trie_at(*path[depth]);
        unsigned int n = slots(trie), i = index_of(trie, bits[depth]);

        trie->map &= ~bits[depth];
        memmove(&trie->slot[i], &trie->slot[i + 1], (n - i - 1) * sizeof(void *));
        if (trie->map != 0) {
            break;
        }
        mem_free(trie);
        if (depth == 0) {
            *top = NULL;
        }
    }
    return 0;
}
