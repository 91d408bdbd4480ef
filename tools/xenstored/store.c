/* SPDX-License-Identifier: Apache-2.0 */
#include "store_op.h"

#include <errno.h>
#include <string.h>

int store_init(struct store *store, const struct store_edge *edge)
{
    struct perm dom0 = {.domid = DOMID_DOM0};
    struct perm_set *perms;

    memset(store, 0, sizeof(*store));
    list_init(&store->conns);
    list_init(&store->retired);
    list_init(&store->events);
    store->edge = edge;
    if (pool_init() != 0) {
        return -ENOMEM;
    }
    domain_table_init(&store->domains);
    if (table_init(&store->env.perms) == 0 && table_init(&store->watches) == 0 &&
        table_init(&store->pending) == 0 && domain_need(&store->domains, DOMID_DOM0) != NULL) {
        perms = perm_intern(&store->env.perms, &dom0, 1);
        if (perms != NULL && tree_init(&store->tree, &store->env, perms) == 0) {
            store->introduce_perms = perms; /* takes over the reference */
            store->release_perms = perm_get(perms);
            domain_find(&store->domains, DOMID_DOM0)->introduced = true;
            return 0;
        }
        if (perms != NULL) {
            perm_put(&store->env.perms, perms);
        }
    }
    table_free(&store->env.perms);
    table_free(&store->watches);
    table_free(&store->pending);
    domain_table_free(&store->domains);
    return -ENOMEM;
}

void store_free(struct store *store)
{
    struct conn *conn, *after;

    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        conn_free(conn);
    }
    store_collect(store);
    watch_forget(&store->events);
    tree_free(&store->tree);
    perm_put(&store->env.perms, store->introduce_perms);
    perm_put(&store->env.perms, store->release_perms);
    table_free(&store->env.perms);
    table_free(&store->watches);
    table_free(&store->pending);
    domain_table_free(&store->domains);
    mem_free(store->spare);
    mem_free(store->spare_in);
}

uint64_t node_size(size_t value_len, size_t perms, size_t names)
{
    /* XEN-ABI: 4.17 measures its record of a node: a head of 24 bytes, 8 for each permission. */
    return 24 + 8 * perms + value_len + names;
}

int store_charge_check(struct store *store, const struct conn *conn, const struct charges *charges,
                       const struct charges *before)
{
    bool free = conn == NULL || conn->domain->privileged;

    for (size_t i = 0; i < charges->count; i++) {
        const struct charge *c = &charges->entry[i];
        struct domain *domain = domain_need(&store->domains, c->domid);
        int64_t nodes = c->nodes + (before != NULL ? charged(before, c->domid).nodes : 0);
        int64_t bytes = c->bytes + (before != NULL ? charged(before, c->domid).bytes : 0);

        if (domain == NULL) {
            return -ENOMEM;
        }
        if (!free && c->nodes > 0 && nodes > 0 &&
            !quota_fits(&domain->quota, QUOTA_NODES, (uint64_t)nodes)) {
            return -ENOSPC;
        }
        if (!free && c->bytes > 0 && bytes > 0 &&
            !quota_fits(&domain->quota, QUOTA_MEMORY, (uint64_t)bytes)) {
            return -ENOMEM;
        }
    }
    return 0;
}

static void charge_item(struct quota *quota, enum quota_item item, int64_t amount)
{
    if (amount >= 0) {
        quota_add(quota, item, (uint64_t)amount);
    } else {
        quota_sub(quota, item, (uint64_t)-amount);
    }
}

void store_charge(struct store *store, const struct charges *charges)
{
    for (size_t i = 0; i < charges->count; i++) {
        const struct charge *c = &charges->entry[i];
        struct domain *domain = domain_find(&store->domains, c->domid);

        if (domain != NULL) {
            charge_item(&domain->quota, QUOTA_NODES, c->nodes);
            charge_item(&domain->quota, QUOTA_MEMORY, c->bytes);
            domain_trim(&store->domains, domain);
        }
    }
}

void op_start(struct op *op, struct store *store, struct conn *conn, struct txn *txn)
{
    op->store = store;
    op->conn = conn;
    op->txn = txn;
    op->tree = &store->tree;
    if (txn != NULL) {
        txn_request(store, txn);
        op->tree = &txn->tree;
    }
    if (conn != NULL) {
        domain_who(&store->domains, conn->domain, &op->who);
    } else {
        op->who = (struct perm_who){.privileged = true};
    }
    op->charges = (struct charges){.entry = NULL};
    list_init(&op->events);
}

int op_end(struct op *op, int err)
{
    if (err != 0) {
        watch_forget(&op->events);
        if (op->txn != NULL) {
            txn_request_failed(op->txn);
        }
    } else if (op->txn == NULL) {
        store_charge(op->store, &op->charges);
        list_splice_tail(&op->store->events, &op->events);
    } else {
        for (size_t i = 0; i < op->charges.count; i++) {
            const struct charge *c = &op->charges.entry[i];

            charge(&op->txn->charges, c->domid, c->nodes, c->bytes);
        }
    }
    charges_free(&op->charges);
    return err;
}

static int op_note(struct op *op, const char *path, size_t len, unsigned int flags,
                   struct perm_set *old_perms)
{
    return op->txn != NULL ? txn_note(op->store, op->txn, path, len, flags, old_perms) : 0;
}

/* That there is nothing where the path leaves what exists, path[0..found), mattered. */
static int note_missing(struct op *op, const char *path, size_t len, size_t found)
{
    size_t end = found == 1 ? 1 : found + 1;

    while (end < len && path[end] != '/') {
        end++;
    }
    return op_note(op, path, end, ACCESS_NODE, NULL);
}

int op_look(struct op *op, const char *path, size_t len, unsigned int want, struct node **closest,
            size_t *found)
{
    int err = op_note(op, path, len, ACCESS_NODE, NULL);
    unsigned int access;

    *closest = tree_closest(op->tree, path, len, found);
    if (err != 0) {
        return err;
    }
    access = perm_access(node_perms(*closest), &op->who) & want;
    if (*found == len) {
        return access == want ? 0 : -EACCES;
    }
    if (!op->who.privileged) {
        err = op_note(op, path, *found, ACCESS_NODE, NULL);
        err = err == 0 ? note_missing(op, path, len, *found) : err;
    }
    /* XEN-ABI: any of what is wanted, on the nearest node above, is enough to know. */
    return err != 0 ? err : (access != 0 ? -ENOENT : -EACCES);
}

int store_get(struct store *store, struct conn *conn, struct txn *txn, const char *path, size_t len,
              unsigned int access, const struct node **out)
{
    struct op op;
    struct node *node;
    size_t found;
    int err;

    op_start(&op, store, conn, txn);
    err = op_look(&op, path, len, access, &node, &found);
    *out = node;
    return err;
}

int store_list(struct store *store, struct conn *conn, struct txn *txn, const char *path,
               size_t len, const struct node **out)
{
    int err = store_get(store, conn, txn, path, len, PERM_READ, out);

    return err == 0 && txn != NULL ? txn_note(store, txn, path, len, ACCESS_KIDS, NULL) : err;
}

bool op_size_fits(const struct op *op, size_t value_len, size_t perms, size_t names)
{
    return op->who.privileged || quota_fits(&op->conn->domain->quota, QUOTA_NODE_SIZE,
                                            node_size(value_len, perms, names) + 1);
}

size_t op_names(const struct node *node)
{
    const struct kids *kids = node_kids(node);

    return kids != NULL ? kids->names : 0;
}

int op_prepare(struct op *op, const char *path, size_t len, unsigned int flags,
               const struct perm_set *perms, struct perm_set *old_perms)
{
    struct watch_readers readers = {.old = old_perms, .node = perms, .tree = op->tree};

    if (op->txn != NULL) {
        return op_note(op, path, len, flags | ACCESS_EVENT, old_perms);
    }
    return watch_collect(op->store, path, len, (flags & ACCESS_EXACT) != 0, &readers, &op->events);
}

int op_ready(struct op *op)
{
    struct charges *before = op->txn != NULL ? &op->txn->charges : NULL;
    int err = store_charge_check(op->store, op->conn, &op->charges, before);

    return err == 0 && before != NULL ? charge_room(before, op->charges.count) : err;
}

/* The nodes that are missing on the way to path[0..len), the last included, are noted and charged.
 */
static int prepare_new(struct op *op, const char *path, size_t found, size_t len, size_t value_len,
                       const struct perm_set *perms)
{
    size_t at = found == 1 ? 1 : found + 1, start = at;
    int err = charge_room(&op->charges, 1);

    if (err == 0) {
        err = op_note(op, path, found, ACCESS_NODE, NULL);
    }
    for (; err == 0 && at <= len; at++) {
        if (at == len || path[at] == '/') {
            charge(&op->charges, perms->entry[0].domid, 1,
                   (int64_t)(NODE_CHARGE + at - start + (at == len ? value_len : 0)));
            err = op_note(op, path, at, ACCESS_NODE | ACCESS_MADE, NULL);
            start = at + 1;
        }
    }
    return err;
}

/* Permissions of a new node: its parent's, but who makes it owns it, unless that is privileged. */
static struct perm_set *inherit(struct op *op, struct perm_set *parent)
{
    struct perm entry[STORE_PERMS_MAX];

    if (op->who.privileged ||
        (parent->entry[0].domid == op->who.domid && parent->entry[0].serial == op->who.serial)) {
        return perm_get(parent);
    }
    memcpy(entry, parent->entry, parent->count * sizeof(entry[0]));
    entry[0].domid = op->who.domid;
    entry[0].serial = op->who.serial;
    return perm_intern(&op->store->env.perms, entry, parent->count);
}

static int create(struct op *op, const struct node *parent, const char *path, size_t found,
                  size_t len, const void *value, size_t value_len)
{
    size_t first = found == 1 ? 1 : found + 1, child = first;
    struct perm_set *perms = inherit(op, node_perms(parent));
    int err = 0;

    if (perms == NULL) {
        return -ENOMEM;
    }
    while (child < len && path[child] != '/') {
        child++;
    }
    if (!op_size_fits(op, parent->value_len, node_perms(parent)->count,
                      op_names(parent) + child - first + 1) ||
        !op_size_fits(op, value_len, perms->count, 0)) {
        err = -ENOSPC;
    }
    if (err == 0) {
        err = prepare_new(op, path, found, len, value_len, perms);
    }
    if (err == 0) {
        err = op_prepare(op, path, len, 0, perms, NULL);
    }
    if (err == 0) {
        err = op_ready(op);
    }
    if (err == 0) {
        err = tree_add(op->tree, path, len, value, value_len, perms, ++op->store->gen);
    }
    if (err == 0 && op->txn == NULL) {
        journal_node(op->store, path, len, perms, value, (uint32_t)value_len);
    }
    perm_put(&op->store->env.perms, perms);
    return err;
}

static int overwrite(struct op *op, const struct node *node, const char *path, size_t len,
                     const void *value, size_t value_len)
{
    int err = charge_room(&op->charges, 1);

    if (err == 0 && !op_size_fits(op, value_len, node_perms(node)->count, op_names(node))) {
        err = -ENOSPC;
    }
    if (err == 0 && len != 1) { /* the root is charged to nobody */
        charge(&op->charges, node_perms(node)->entry[0].domid, 0,
               (int64_t)value_len - (int64_t)node->value_len);
    }
    if (err == 0) {
        err = op_prepare(op, path, len, ACCESS_NODE | ACCESS_VALUE, node_perms(node), NULL);
    }
    if (err == 0) {
        err = op_ready(op);
    }
    if (err == 0) {
        err = tree_set_value(op->tree, path, len, value, value_len, ++op->store->gen);
    }
    if (err == 0 && op->txn == NULL) {
        journal_node(op->store, path, len, NULL, value, (uint32_t)value_len);
    }
    return err;
}

int store_write(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                size_t len, const void *value, size_t value_len)
{
    struct op op;
    struct node *node;
    size_t found;
    int err;

    op_start(&op, store, conn, txn);
    err = op_look(&op, path, len, PERM_WRITE, &node, &found);
    if (err == 0) {
        err = overwrite(&op, node, path, len, value, value_len);
    } else if (err == -ENOENT) {
        err = create(&op, node, path, found, len, value, value_len);
    }
    return op_end(&op, err);
}

int store_mkdir(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                size_t len)
{
    struct op op;
    struct node *node;
    size_t found;
    int err;

    op_start(&op, store, conn, txn);
    err = op_look(&op, path, len, PERM_WRITE, &node, &found);
    if (err == -ENOENT) {
        err = create(&op, node, path, found, len, "", 0);
    }
    return op_end(&op, err);
}

struct removal {
    struct op *op;
    size_t top_len;
};

static int prepare_removal(void *arg, const char *path, size_t len, const struct node *node)
{
    struct removal *removal = arg;
    struct op *op = removal->op;
    bool top = len == removal->top_len;
    int err = charge_room(&op->charges, 1);

    if (err == 0) {
        charge(&op->charges, node_perms(node)->entry[0].domid, -1, -(int64_t)node_charge(node));
        err =
            op_prepare(op, path, len,
                       ACCESS_NODE | ACCESS_KIDS | (top ? ACCESS_GONE : ACCESS_GONE | ACCESS_EXACT),
                       node_perms(node), node_perms(node));
    }
    return err;
}

static int remove_subtree(struct op *op, struct node *node, const char *path, size_t len)
{
    struct removal removal = {.op = op, .top_len = len};
    int err = tree_walk(node, path, len, prepare_removal, &removal);

    if (err == 0) {
        err = op_ready(op);
    }
    if (err == 0) {
        err = tree_remove(op->tree, path, len, ++op->store->gen);
    }
    if (err == 0 && op->txn == NULL) {
        journal_remove(op->store, path, len);
    }
    return err;
}

int store_remove(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                 size_t len)
{
    struct op op;
    struct node *node;
    size_t found;
    int err;

    op_start(&op, store, conn, txn);
    err = op_look(&op, path, len, PERM_WRITE, &node, &found);
    if (err == -ENOENT && found == path_parent(path, len)) {
        return op_end(&op, op_note(&op, path, found, ACCESS_NODE, NULL));
    }
    if (err == -ENOENT && note_missing(&op, path, len, found) != 0) {
        err = -ENOMEM; /* that the parent is not there mattered, too */
    }
    if (err == 0) {
        err = len == 1 ? -EINVAL : remove_subtree(&op, node, path, len);
    }
    return op_end(&op, err);
}
