/* SPDX-License-Identifier: Apache-2.0 */
/* Counts everything anew and compares with what the store has kept count of. */
#include <errno.h>

#include "store.h"

/* A node whose children are to be looked at. */
struct inner {
    const struct node *node;
    size_t path_len;
};

struct census {
    const struct domain_table *domains;
    unsigned int bad;
    struct inner *todo;
    size_t count, room;
    const struct perm_set *perms; /* of the last node, and whose it was */
    struct domain *owner;
};

static void count_node(struct census *census, const struct node *node)
{
    const struct perm_set *perms = node_perms(node);

    if (perms != census->perms) {
        census->perms = perms;
        census->owner = domain_find(census->domains, perms->entry[0].domid);
    }
    if (census->owner != NULL) {
        census->owner->quota.counted[QUOTA_NODES]++;
        census->owner->quota.counted[QUOTA_MEMORY] += node_charge(node);
    } else {
        census->bad++; /* nobody is charged */
    }
}

static int put_off(struct census *census, const struct node *node, size_t path_len)
{
    if (census->count == census->room) {
        size_t room = 2 * census->room + 64;
        struct inner *more = mem_resize(census->todo, room * sizeof(*more));

        if (more == NULL) {
            return -ENOMEM;
        }
        census->todo = more;
        census->room = room;
    }
    census->todo[census->count++] = (struct inner){node, path_len};
    return 0;
}

/* A child that hangs where hashes end in `bits`, of which `mask` says how many. */
static int visit(struct census *census, const struct kids *parent, size_t path_len,
                 const struct node *node, uint64_t bits, uint64_t mask)
{
    size_t len = path_len + (path_len != 1) + node->name_len;

    count_node(census, node);
    if (((hash_bytes(node_name(node), node->name_len) ^ bits) & mask) != 0 ||
        !path_name_valid(node_name(node), node->name_len) || len > PATH_ABS_MAX ||
        node->seq >= parent->next_seq) {
        census->bad++;
    }
    return node_kids(node) != NULL ? put_off(census, node, len) : 0;
}

static int visit_kids(struct census *census, const struct inner *inner)
{
    struct {
        const struct trie *trie;
        uint32_t left; /* bits of the map that are not visited yet */
        unsigned int next;
        uint64_t bits;
    } level[TRIE_LEVELS];
    const struct kids *kids = node_kids(inner->node);
    uint32_t kid_count = 0, names = 0;
    int depth = kids->top != 0 ? 0 : -1, err = 0;

    level[0].trie = trie_at(kids->top);
    level[0].left = kids->top != 0 ? level[0].trie->map : 0;
    level[0].next = 0;
    level[0].bits = 0;
    while (depth >= 0 && err == 0) {
        unsigned int shift = (unsigned int)depth * TRIE_BITS, digit;
        uint32_t slot;
        uint64_t bits;

        if (level[depth].left == 0) {
            depth--;
            continue;
        }
        digit = (unsigned int)__builtin_ctz(level[depth].left);
        level[depth].left &= level[depth].left - 1;
        bits = level[depth].bits | ((uint64_t)digit << shift);
        slot = level[depth].trie->slot[level[depth].next++];
        if (!trie_is(slot)) {
            const struct node *node = node_at(slot);

            kid_count++;
            names += node->name_len + 1u;
            err = visit(census, kids, inner->path_len, node, bits,
                        ((uint64_t)2 << (shift + TRIE_BITS - 1)) - 1);
        } else if (depth == TRIE_LEVELS - 1) {
            census->bad++;
        } else {
            depth++;
            level[depth].trie = trie_at(slot);
            level[depth].left = level[depth].trie->map;
            level[depth].next = 0;
            level[depth].bits = bits;
        }
    }
    census->bad += err == 0 && (kid_count != kids->count || names != kids->names);
    return err;
}

static int visit_all(struct census *census, const struct node *root)
{
    int err = node_kids(root) != NULL ? put_off(census, root, 1) : 0;

    while (err == 0 && census->count != 0) {
        struct inner inner = census->todo[--census->count];

        err = visit_kids(census, &inner);
    }
    mem_free(census->todo);
    return err;
}

/* What a connection is charged for: watches, transactions, messages that wait. */
static void visit_conn(const struct conn *conn)
{
    uint64_t *used = conn->domain->quota.counted;
    const struct watch *watch, *watch_after;
    const struct txn *txn, *txn_after;
    const struct message *message, *message_after;

    list_for_each_entry(watch, watch_after, &conn->watches, struct watch, link)
    {
        used[QUOTA_WATCHES]++;
        used[QUOTA_MEMORY] += sizeof(*watch) + watch->path_len + watch->token_len + 2;
    }
    list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
    {
        used[QUOTA_TRANSACTIONS]++;
        used[QUOTA_MEMORY] += txn->memory;
    }
    list_for_each_entry(message, message_after, &conn->out, struct message, link)
    {
        used[QUOTA_OUTSTANDING] += !message->event;
        used[QUOTA_MEMORY] += message->len;
    }
}

static void visit_conns(const struct list *conns)
{
    const struct conn *conn, *after;

    list_for_each_entry(conn, after, conns, struct conn, link)
    {
        visit_conn(conn);
    }
}

/* Compares what was counted, and forgets it. */
static unsigned int compare(struct quota *quota)
{
    unsigned int bad = 0;

    for (unsigned int item = 0; item < QUOTA_COUNTED; item++) {
        bad += quota->counted[item] != quota->used[item];
        quota->counted[item] = 0;
    }
    return bad;
}

int store_check(struct store *store)
{
    struct census census = {.domains = &store->domains};
    int err = visit_all(&census, tree_root(&store->tree));

    visit_conns(&store->conns);
    visit_conns(&store->retired);
    for (unsigned int i = 0; i < store->domains.end; i++) {
        struct domain *domain = domain_find(&store->domains, (uint16_t)i);

        census.bad += domain != NULL ? compare(&domain->quota) : 0;
    }
    return err != 0 ? err : (int)(census.bad & INT32_MAX);
}
