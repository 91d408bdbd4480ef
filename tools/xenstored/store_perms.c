/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions, of nodes and of the special paths. */
#include "store_op.h"

#include <errno.h>
#include <string.h>

/* Puts the serials of now into the entries and checks them. */
static int fill_perms(struct op *op, struct perm *perm, size_t count)
{
    if (count == 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        int err = store_know(op->store, perm[i].domid);

        if (err == -ENOMEM) {
            return err;
        }
        perm[i].serial = domain_serial(&op->store->domains, perm[i].domid);
    }
    return 0;
}

struct perm_set **store_special(struct store *store, const char *path)
{
    if (strcmp(path, "@introduceDomain") == 0) {
        return &store->introduce_perms;
    }
    return strcmp(path, "@releaseDomain") == 0 ? &store->release_perms : NULL;
}

static int set_special(struct op *op, const char *path, struct perm *perm, size_t count)
{
    struct perm_set **slot = store_special(op->store, path), *set;
    int err = fill_perms(op, perm, count);

    if (slot == NULL || err != 0) {
        return slot == NULL ? -EINVAL : err;
    }
    if (!perm_allows(*slot, &op->who, PERM_OWNER)) {
        return -EACCES;
    }
    if (!op->who.privileged && perm[0].domid != (*slot)->entry[0].domid) {
        return -EPERM;
    }
    set = perm_intern(&op->store->env.perms, perm, count);
    if (set == NULL) {
        return -ENOMEM;
    }
    perm_put(&op->store->env.perms, *slot);
    *slot = set;
    journal_special(op->store, path, set);
    return 0;
}

static int set_perms(struct op *op, const struct node *node, const char *path, size_t len,
                     struct perm *perm, size_t count)
{
    const struct perm *owner = &node_perms(node)->entry[0];
    struct perm_set *set;
    int err = fill_perms(op, perm, count);

    if (err != 0 || (!op->who.privileged && perm[0].domid != owner->domid)) {
        return err != 0 ? err : -EPERM;
    }
    if (perm[0].domid != owner->domid && store_know(op->store, perm[0].domid) != 0) {
        return -ENOENT; /* nobody owns what a domain that does not exist would own */
    }
    if (!op_size_fits(op, node->value_len, count, op_names(node))) {
        return -ENOSPC;
    }
    set =
        charge_room(&op->charges, 2) == 0 ? perm_intern(&op->store->env.perms, perm, count) : NULL;
    if (set == NULL) {
        return -ENOMEM;
    }
    if (perm[0].domid != owner->domid && len != 1) {
        charge(&op->charges, owner->domid, -1, -(int64_t)node_charge(node));
        charge(&op->charges, perm[0].domid, 1, (int64_t)node_charge(node));
    }
    err = op_prepare(op, path, len, ACCESS_NODE | ACCESS_PERMS, set, node_perms(node));
    if (err == 0) {
        err = op_ready(op);
    }
    if (err == 0) {
        err = tree_set_perms(op->tree, path, len, set, ++op->store->gen);
    }
    if (err == 0 && op->txn == NULL) {
        journal_node(op->store, path, len, set, NULL, JOURNAL_SAME);
    }
    perm_put(&op->store->env.perms, set);
    return err;
}

int store_set_perms(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                    size_t len, struct perm *perm, size_t count)
{
    struct op op;
    struct node *node;
    size_t found;
    int err;

    op_start(&op, store, conn, path_special(path) ? NULL : txn);
    if (!op.who.privileged && !quota_fits(&conn->domain->quota, QUOTA_PERMS, count)) {
        return op_end(&op, -ENOSPC);
    }
    if (path_special(path)) {
        return op_end(&op, set_special(&op, path, perm, count));
    }
    err = op_look(&op, path, len, PERM_WRITE | PERM_OWNER, &node, &found);
    if (err == 0) {
        err = set_perms(&op, node, path, len, perm, count);
    }
    return op_end(&op, err);
}

int store_get_perms(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                    size_t len, const struct perm_set **out)
{
    const struct node *node;
    int err;

    if (path_special(path)) {
        struct perm_set **slot = store_special(store, path);
        struct perm_who who;

        domain_who(&store->domains, conn->domain, &who);
        if (slot == NULL) {
            return -EINVAL;
        }
        *out = *slot;
        return perm_allows(*slot, &who, PERM_READ) ? 0 : -EACCES;
    }
    err = store_get(store, conn, txn, path, len, PERM_READ, &node);
    *out = err == 0 ? node_perms(node) : NULL;
    return err;
}

int store_special_event(struct store *store, const char *path)
{
    struct perm_set **slot = store_special(store, path);
    struct watch_readers readers = {.node = slot != NULL ? *slot : NULL};

    return watch_collect(store, path, strlen(path), true, &readers, &store->events);
}
