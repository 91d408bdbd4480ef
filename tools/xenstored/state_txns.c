/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of transactions in a state that is loaded: they come last, when all else is there. */
#include <errno.h>
#include <string.h>

#include "state_load.h"

int load_put_off(struct load *load, struct view record)
{
    if (load->pending_count == load->pending_room) {
        size_t room = 2 * load->pending_room + 16;
        struct view *pending = mem_resize(load->pending, room * sizeof(*pending));

        if (pending == NULL) {
            return -ENOMEM;
        }
        load->pending = pending;
        load->pending_room = room;
    }
    load->pending[load->pending_count++] = record;
    return 0;
}

static struct txn *txn_of(struct load *load, const struct loaded_node *node)
{
    struct conn *conn, *after;

    list_for_each_entry(conn, after, &load->store->conns, struct conn, link)
    {
        if (conn->id == node->body.connection) {
            return txn_find(conn, node->body.transaction);
        }
    }
    return NULL;
}

/* The flags of an access, of a stranger's as far as they can be told. */
static unsigned int flags_of(const struct loaded_node *node, bool in_store)
{
    unsigned int access = node->body.access, flags = 0;

    if ((access & STATE_OURS) != 0) {
        return access >> STATE_ACCESS_SHIFT;
    }
    if ((access & STATE_READ) != 0) {
        flags |= ACCESS_NODE | ACCESS_KIDS;
    }
    if ((access & STATE_WRITTEN) != 0) {
        flags |=
            ACCESS_NODE | ACCESS_EVENT | (in_store ? ACCESS_VALUE | ACCESS_PERMS : ACCESS_MADE);
    }
    if (node->body.perms == 0) {
        flags |= ACCESS_NODE | ACCESS_KIDS | ACCESS_GONE | ACCESS_EVENT;
    }
    return flags;
}

/* First, what the transaction took away. */
static int pending_gone(struct load *load, struct txn *txn, const struct loaded_node *node)
{
    const struct node *base = tree_find(&txn->base, node->path, node->len);
    unsigned int flags = flags_of(node, base != NULL);

    if (node->len == 1 || tree_find(&txn->tree, node->path, node->len) == NULL ||
        (node->body.perms != 0 && (flags & ACCESS_GONE) == 0)) {
        return 0;
    }
    return tree_remove(&txn->tree, node->path, node->len, ++load->store->gen);
}

static int set_pending(struct load *load, struct txn *txn, const struct loaded_node *node)
{
    struct tree *tree = &txn->tree;
    uint64_t gen = ++load->store->gen;
    const struct node *there = tree_find(tree, node->path, node->len);
    int err;

    if (there == NULL) {
        return tree_add(tree, node->path, node->len, node->value, node->body.value_len, load->perms,
                        gen);
    }
    if (node_perms(there) == load->perms && there->value_len == node->body.value_len &&
        memcmp(node_value(there), node->value, node->body.value_len) == 0) {
        return 0;
    }
    err = tree_set_value(tree, node->path, node->len, node->value, node->body.value_len, gen);
    return err == 0 ? tree_set_perms(tree, node->path, node->len, load->perms, gen) : err;
}

/* What the change of one node costs when it is committed. */
static int charge_pending(struct txn *txn, const struct loaded_node *node)
{
    const struct node *before = tree_find(&txn->base, node->path, node->len);
    const struct node *after = tree_find(&txn->tree, node->path, node->len);

    if (node->len == 1 || before == after) {
        return 0;
    }
    if (charge_room(&txn->charges, 2) != 0) {
        return -ENOMEM;
    }
    if (before != NULL) {
        charge(&txn->charges, node_perms(before)->entry[0].domid, -1,
               -(int64_t)node_charge(before));
    }
    if (after != NULL) {
        charge(&txn->charges, node_perms(after)->entry[0].domid, 1, (int64_t)node_charge(after));
    }
    return 0;
}

static int note_pending(struct load *load, struct txn *txn, const struct loaded_node *node)
{
    const struct node *base = tree_find(&txn->base, node->path, node->len);
    unsigned int flags = flags_of(node, base != NULL);
    struct perm_set *old =
        base != NULL && (flags & (ACCESS_GONE | ACCESS_PERMS)) != 0 ? node_perms(base) : NULL;

    if ((node->body.access & STATE_OURS) != 0 && (node->body.access & STATE_DOOMED) != 0) {
        txn->doomed = true;
    }
    return txn_note(load->store, txn, node->path, node->len, flags, old);
}

/* One of three passes over what transactions changed. */
static int pending_pass(struct load *load, size_t i, int pass)
{
    struct view view = load->pending[i];
    struct loaded_node node;
    int err = load_parse(load, &view, &node);
    struct txn *txn = err == 0 ? txn_of(load, &node) : NULL;

    if (txn == NULL || node.path[0] != '/' || !path_valid(node.path, node.len, 0)) {
        return load_bad(load, "a node of no transaction");
    }
    if (pass == 0) {
        txn_begin(load->store, txn);
        return pending_gone(load, txn, &node);
    }
    if (pass == 1) {
        if (node.body.perms == 0) {
            return 0;
        }
        err = load_perms(load, &node);
        return err == 0 ? set_pending(load, txn, &node) : err;
    }
    err = charge_pending(txn, &node);
    return err == 0 ? note_pending(load, txn, &node) : err;
}

int load_pending(struct load *load)
{
    int err = 0;

    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < load->pending_count && err == 0; i++) {
            err = pending_pass(load, i, pass);
        }
    }
    return err;
}
