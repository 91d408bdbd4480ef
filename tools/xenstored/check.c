/* SPDX-License-Identifier: Apache-2.0 */
/* Counts everything anew and compares with what the store has kept count of. */
#include "store.h"

struct census {
    const struct domain_table *domains;
    unsigned int bad;
};

static void count(struct census *census, uint16_t domid, enum quota_item item, uint64_t amount)
{
    struct domain *domain = domain_find(census->domains, domid);

    if (domain != NULL) {
        domain->quota.counted[item] += amount;
    } else {
        census->bad++; /* nobody is charged */
    }
}

static int visit(void *arg, const char *path, size_t len, const struct node *node)
{
    struct census *census = arg;
    uint16_t owner = node->perms->entry[0].domid;
    const struct kids *kids = node->kids;

    if (len != 1) {
        count(census, owner, QUOTA_NODES, 1);
        count(census, owner, QUOTA_MEMORY, node_charge(node));
        census->bad += !path_valid(path, len, 0);
    }
    if (kids != NULL) {
        struct trie_iter iter;
        const struct node *kid;
        uint32_t kid_count = 0, names = 0;

        trie_iter_start(&iter, kids->top);
        while ((kid = trie_iter_next(&iter)) != NULL) {
            kid_count++;
            names += (uint32_t)kid->name_len + 1;
            census->bad += trie_find(kids->top, hash_bytes(kid->data, kid->name_len), kid->data,
                                     kid->name_len) != kid;
        }
        census->bad += kid_count != kids->count || names != kids->names;
    }
    return 0;
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
    int err = tree_walk(store->tree.root, "/", 1, visit, &census);

    visit_conns(&store->conns);
    visit_conns(&store->retired);
    for (unsigned int i = 0; i < store->domains.end; i++) {
        struct domain *domain = domain_find(&store->domains, (uint16_t)i);

        census.bad += domain != NULL ? compare(&domain->quota) : 0;
    }
    return err != 0 ? err : (int)(census.bad & INT32_MAX);
}
