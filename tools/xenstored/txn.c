/* SPDX-License-Identifier: Apache-2.0 */
#include "txn.h"

#include <errno.h>
#include <string.h>

#include "store.h"

int txn_start(struct store *store, struct conn *conn, int64_t now, struct txn **out)
{
    struct quota *quota = &conn->domain->quota;
    struct txn *txn;

    (void)store;
    if (!quota_fits(quota, QUOTA_TRANSACTIONS, 1)) {
        return -ENOSPC;
    }
    txn = mem_zalloc(sizeof(*txn));
    if (txn == NULL || table_init(&txn->by_path) != 0) {
        mem_free(txn);
        return -ENOMEM;
    }
    list_init(&txn->accesses);
    txn->conn = conn;
    do {
        txn->id = ++conn->next_txn;
    } while (txn->id == 0 || txn_find(conn, txn->id) != NULL);
    txn->since = now;
    quota_add(quota, QUOTA_TRANSACTIONS, 1);
    list_add_tail(&conn->txns, &txn->link);
    *out = txn;
    return 0;
}

struct txn *txn_find(const struct conn *conn, uint32_t id)
{
    struct txn *txn, *after;

    list_for_each_entry(txn, after, &conn->txns, struct txn, link)
    {
        if (txn->id == id) {
            return txn;
        }
    }
    return NULL;
}

void txn_free(struct store *store, struct txn *txn)
{
    struct quota *quota = &txn->conn->domain->quota;
    struct access *access, *after;

    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        if (access->old_perms != NULL) {
            perm_put(&store->env.perms, access->old_perms);
        }
        mem_free(access);
    }
    table_free(&txn->by_path);
    if (txn->begun) {
        tree_free(&txn->base);
        tree_free(&txn->tree);
    }
    quota_sub(quota, QUOTA_TRANSACTIONS, 1);
    quota_sub(quota, QUOTA_MEMORY, txn->memory);
    list_del(&txn->link);
    charges_free(&txn->charges);
    mem_free(txn);
}

void txn_begin(struct store *store, struct txn *txn)
{
    if (!txn->begun) {
        tree_share(&txn->base, &store->tree);
        tree_share(&txn->tree, &store->tree);
        txn->begun = true;
    }
}

void txn_request(struct store *store, struct txn *txn)
{
    txn_begin(store, txn);
    txn->request++;
    txn->request_changes = false;
}

void txn_request_failed(struct txn *txn)
{
    struct access *access, *after;

    if (!txn->request_changes) {
        return;
    }
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        if (access->request == txn->request) {
            access->flags = access->before | (access->flags & (ACCESS_NODE | ACCESS_KIDS));
        }
    }
}

static struct access *find(const struct txn *txn, const char *path, size_t len, uint64_t hash)
{
    struct table_link *link;

    for (link = table_first(&txn->by_path, hash); link != NULL; link = table_next(link)) {
        struct access *access = container_of(link, struct access, by_path);

        if (access->len == len && memcmp(access->path, path, len) == 0) {
            return access;
        }
    }
    return NULL;
}

static struct access *make(struct txn *txn, const char *path, size_t len, uint64_t hash, int *err)
{
    struct quota *quota = &txn->conn->domain->quota;
    const struct node *node = tree_find(&txn->base, path, len);
    size_t bytes = sizeof(struct access) + len;
    uint32_t limit = quota_limit(quota, QUOTA_TXN_NODES);
    struct access *access;

    if (quota->bound && limit != 0 && txn->by_path.count >= limit) {
        *err = -ENOSPC;
        return NULL;
    }
    access = quota_fits(quota, QUOTA_MEMORY, bytes) ? mem_alloc(bytes) : NULL;
    if (access == NULL) {
        *err = -ENOMEM;
        return NULL;
    }
    quota_add(quota, QUOTA_MEMORY, bytes);
    txn->memory += bytes;
    access->gen = node != NULL ? node->gen : ACCESS_NONE;
    access->kids_gen = node != NULL ? node_kids_gen(node) : ACCESS_NONE;
    access->old_perms = NULL;
    access->request = txn->request;
    access->before = 0;
    access->flags = 0;
    access->len = (uint16_t)len;
    memcpy(access->path, path, len);
    list_add_tail(&txn->accesses, &access->link);
    table_add(&txn->by_path, &access->by_path, hash);
    return access;
}

int txn_note(struct store *store, struct txn *txn, const char *path, size_t len, unsigned int flags,
             struct perm_set *old_perms)
{
    uint64_t hash = hash_bytes(path, len);
    struct access *access = find(txn, path, len, hash);
    int err = 0;

    if (access == NULL) {
        access = make(txn, path, len, hash, &err);
        if (access == NULL) {
            return err;
        }
    }
    if (access->request != txn->request) {
        access->request = txn->request;
        access->before = access->flags;
    }
    txn->request_changes |= (flags & ~(ACCESS_NODE | ACCESS_KIDS)) != 0;
    if ((flags & ACCESS_EVENT) != 0) {
        /* What was to be told widely stays so. */
        if ((flags & ACCESS_EXACT) != 0 && (access->flags & ACCESS_EVENT) != 0 &&
            (access->flags & ACCESS_EXACT) == 0) {
            flags &= ~ACCESS_EXACT;
        } else if ((flags & ACCESS_EXACT) == 0) {
            access->flags &= (uint16_t)~ACCESS_EXACT;
        }
    }
    if ((flags & ACCESS_MADE) != 0) {
        /* Children are made again in the order that they have here. */
        list_del(&access->link);
        list_add_tail(&txn->accesses, &access->link);
    }
    access->flags |= (uint16_t)flags;
    if (old_perms != NULL && access->old_perms == NULL) {
        access->old_perms = perm_get(old_perms);
    }
    (void)store;
    return 0;
}

bool txn_valid(const struct store *store, const struct txn *txn)
{
    struct access *access, *after;

    if (txn->doomed) {
        return false;
    }
    if (!txn->begun || store->tree.root == txn->base.root) {
        return true;
    }
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        const struct node *node = tree_find(&store->tree, access->path, access->len);
        uint64_t gen = node != NULL ? node->gen : ACCESS_NONE;
        uint64_t kids_gen = node != NULL ? node_kids_gen(node) : ACCESS_NONE;

        if (((access->flags & ACCESS_NODE) != 0 && gen != access->gen) ||
            ((access->flags & ACCESS_KIDS) != 0 && kids_gen != access->kids_gen)) {
            return false;
        }
    }
    return true;
}

/* Repeats one change of the transaction on `tree`. */
static int repeat(struct tree *tree, const struct txn *txn, const struct access *access,
                  uint64_t gen)
{
    const struct node *node = tree_find(&txn->tree, access->path, access->len);
    int err = 0;

    if ((access->flags & (ACCESS_VALUE | ACCESS_PERMS | ACCESS_MADE)) == 0 || node == NULL) {
        return 0;
    }
    if (tree_find(tree, access->path, access->len) == NULL) {
        return tree_add(tree, access->path, access->len, node_value(node), node->value_len,
                        node_perms(node), gen);
    }
    if ((access->flags & (ACCESS_VALUE | ACCESS_MADE)) != 0) {
        err =
            tree_set_value(tree, access->path, access->len, node_value(node), node->value_len, gen);
    }
    if (err == 0 && (access->flags & (ACCESS_PERMS | ACCESS_MADE)) != 0) {
        err = tree_set_perms(tree, access->path, access->len, node_perms(node), gen);
    }
    return err;
}

/* The tree that the store has after the commit, as one of its own. */
static int result(struct store *store, const struct txn *txn, struct tree *out)
{
    struct access *access, *after;
    int err = 0;

    if (store->tree.root == txn->base.root) {
        tree_share(out, &txn->tree);
        return 0;
    }
    tree_share(out, &store->tree);
    store->gen++;
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        if (err == 0 && (access->flags & ACCESS_GONE) != 0 &&
            tree_find(out, access->path, access->len) != NULL) {
            err = tree_remove(out, access->path, access->len, store->gen);
        }
    }
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        if (err == 0) {
            err = repeat(out, txn, access, store->gen);
        }
    }
    if (err != 0) {
        tree_free(out);
    }
    return err;
}

static int collect(struct store *store, const struct txn *txn, const struct tree *tree,
                   struct list *events)
{
    struct access *access, *after;

    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        const struct node *node;
        struct watch_readers readers = {.old = access->old_perms};

        if ((access->flags & ACCESS_EVENT) == 0) {
            continue;
        }
        node = tree_find(tree, access->path, access->len);
        if (node == NULL && access->gen == ACCESS_NONE) {
            continue; /* XEN-ABI: what came and went within the transaction is told to nobody */
        }
        if (node != NULL) { /* XEN-ABI: who may read its parent hears nothing of one that is gone */
            readers.node = node_perms(node);
            readers.tree = tree;
        }
        if (watch_collect(store, access->path, access->len, (access->flags & ACCESS_EXACT) != 0,
                          &readers, events) != 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* What result() does, for the journal; the store's tree is still the old one. */
static void journal(struct store *store, const struct txn *txn)
{
    struct access *access, *after;

    if (store->journal.base == NULL) {
        return;
    }
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        if ((access->flags & ACCESS_GONE) != 0) {
            journal_remove(store, access->path, access->len);
        }
    }
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        const struct node *node = tree_find(&txn->tree, access->path, access->len);

        if ((access->flags & (ACCESS_VALUE | ACCESS_PERMS | ACCESS_MADE)) != 0 && node != NULL) {
            journal_node(store, access->path, access->len, node_perms(node), node_value(node),
                         node->value_len);
        }
    }
}

int txn_commit(struct store *store, struct txn *txn)
{
    struct tree tree;
    struct list events;
    int err;

    if (!txn_valid(store, txn)) {
        store->conflicts++;
        return -EAGAIN;
    }
    if (!txn->begun) {
        return 0;
    }
    err = store_charge_check(store, txn->conn, &txn->charges, NULL);
    if (err == 0) {
        err = result(store, txn, &tree);
    }
    if (err != 0) {
        return err;
    }
    list_init(&events);
    err = collect(store, txn, &tree, &events);
    if (err != 0) {
        tree_free(&tree);
        return err;
    }
    /* From here on nothing fails. */
    journal(store, txn);
    tree_free(&store->tree);
    store->tree = tree;
    store_charge(store, &txn->charges);
    list_splice_tail(&store->events, &events);
    return 0;
}
