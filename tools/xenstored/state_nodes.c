/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of a state that is loaded: of the store, and of transactions. */
#include <errno.h>
#include <string.h>

#include "state_load.h"

struct loaded_node {
    struct state_node body;
    const uint8_t *perms;
    const char *path, *value;
    size_t len; /* of the path, without NUL */
};

static int parse(struct load *load, struct view *view, struct loaded_node *node)
{
    if (!take(view, &node->body, sizeof(node->body)) || node->body.perms > STORE_PERMS_MAX ||
        node->body.value_len > XENSTORE_PAYLOAD_MAX) {
        return load_bad(load, "node");
    }
    node->perms = take_bytes(view, node->body.perms * sizeof(struct state_perm));
    node->path = take_text(view, node->body.path_len);
    node->value = (const char *)take_bytes(view, node->body.value_len);
    if (node->perms == NULL || node->path == NULL || node->value == NULL) {
        return load_bad(load, "node");
    }
    node->len = (size_t)node->body.path_len - 1;
    return path_valid(node->path, node->len, 0) ? 0 : load_bad(load, "path of a node");
}

static int parse_perm(struct load *load, const struct state_perm *from, struct perm *to)
{
    char text[3] = {(char)from->letter, '0', '\0'};

    if (perm_parse(text, to) != 0) {
        return load_bad(load, "permissions");
    }
    to->domid = from->domid;
    if ((from->flags & STATE_STALE) != 0) {
        to->serial = UINT32_MAX;
    } else {
        to->serial = load->store->domains.serial[to->domid];
        load->named[to->domid / 8] |= (uint8_t)(1u << to->domid % 8);
    }
    return 0;
}

/* The permissions of a node, as load->perms. */
static int load_perms(struct load *load, const struct loaded_node *node)
{
    size_t len = node->body.perms * sizeof(struct state_perm);
    struct perm perm[STORE_PERMS_MAX];
    struct perm_set *set;

    if (node->body.perms == 0) {
        return load_bad(load, "a node without permissions");
    }
    if (load->perms != NULL && load->last_perms_len == len &&
        memcmp(load->last_perms, node->perms, len) == 0) {
        return 0;
    }
    for (size_t i = 0; i < node->body.perms; i++) {
        struct state_perm entry;
        int err;

        memcpy(&entry, node->perms + i * sizeof(entry), sizeof(entry));
        err = parse_perm(load, &entry, &perm[i]);
        if (err != 0) {
            return err;
        }
    }
    set = perm_intern(&load->store->env.perms, perm, node->body.perms);
    load->owner = load_domain(load, perm[0].domid);
    if (set == NULL || load->owner == NULL) {
        if (set != NULL) {
            perm_put(&load->store->env.perms, set);
        }
        return -ENOMEM;
    }
    if (load->perms != NULL) {
        perm_put(&load->store->env.perms, load->perms);
    }
    load->perms = set;
    load->last_perms = node->perms;
    load->last_perms_len = len;
    return 0;
}

static int push(struct load *load, struct node *node, size_t len)
{
    if (load->depth == load->room) {
        size_t room = 2 * load->room + 16;
        struct level *level = mem_resize(load->level, room * sizeof(*level));

        if (level == NULL) {
            return -ENOMEM;
        }
        load->level = level;
        load->room = room;
    }
    load->level[load->depth++] = (struct level){node, len};
    return 0;
}

/* The parent of a node: nearly always it is on the way to the node before. */
static int find_parent(struct load *load, const struct loaded_node *node, struct node **out)
{
    size_t len = path_parent(node->path, node->len);

    while (load->depth != 0 && load->level[load->depth - 1].len > len) {
        load->depth--;
    }
    if (load->depth != 0 && load->level[load->depth - 1].len == len &&
        memcmp(load->last, node->path, len) == 0) {
        *out = load->level[load->depth - 1].node;
        return 0;
    }
    load->depth = 0;
    *out = load->nodes ? tree_find(&load->store->tree, node->path, len) : NULL;
    return *out != NULL ? push(load, *out, len) : load_bad(load, "a node without a parent");
}

static int load_root(struct load *load, const struct loaded_node *node)
{
    struct store *store = load->store;
    struct node *root;

    if (load->nodes) {
        return load_bad(load, "two roots");
    }
    root = node_set_value(&store->env, &store->tree.root, node->value, node->body.value_len);
    if (root == NULL) {
        return -ENOMEM;
    }
    perm_put(&store->env.perms, root->perms);
    root->perms = perm_get(load->perms);
    root->gen = ++store->gen;
    load->nodes = true;
    load->found->nodes++;
    load->depth = 0;
    load->last = node->path;
    return push(load, root, 1);
}

static int load_special(struct load *load, const struct loaded_node *node)
{
    struct store *store = load->store;
    struct perm_set **slot = NULL;

    if (strcmp(node->path, "@introduceDomain") == 0) {
        slot = &store->introduce_perms;
    } else if (strcmp(node->path, "@releaseDomain") == 0) {
        slot = &store->release_perms;
    }
    if (slot != NULL) {
        perm_put(&store->env.perms, *slot);
        *slot = perm_get(load->perms);
    }
    return 0;
}

static int load_ordinary(struct load *load, const struct loaded_node *loaded)
{
    struct node *parent, *node;
    size_t start;
    int err = find_parent(load, loaded, &parent);

    if (err != 0) {
        return err;
    }
    start = load->level[load->depth - 1].len;
    start = start == 1 ? 1 : start + 1;
    err = tree_append(&load->store->tree, parent, loaded->path + start, loaded->len - start,
                      loaded->value, loaded->body.value_len, load->perms, load->store->gen, &node);
    if (err != 0) {
        return err == -EEXIST ? load_bad(load, "the same node twice") : err;
    }
    quota_add(&load->owner->quota, QUOTA_NODES, 1);
    quota_add(&load->owner->quota, QUOTA_MEMORY, node_charge(node));
    load->found->nodes++;
    load->last = loaded->path;
    return push(load, node, loaded->len);
}

static int put_off(struct load *load, struct view record)
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

int load_node(struct load *load, struct view *view)
{
    struct view whole = *view;
    struct loaded_node node;
    int err = parse(load, view, &node);

    if (err != 0) {
        return err;
    }
    if (node.body.connection != 0) {
        return put_off(load, whole);
    }
    err = load_perms(load, &node);
    if (err != 0) {
        return err;
    }
    if (path_special(node.path)) {
        return load_special(load, &node);
    }
    return node.len == 1 ? load_root(load, &node) : load_ordinary(load, &node);
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
    if (there->perms == load->perms && there->value_len == node->body.value_len &&
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
        charge(&txn->charges, before->perms->entry[0].domid, -1, -(int64_t)node_charge(before));
    }
    if (after != NULL) {
        charge(&txn->charges, after->perms->entry[0].domid, 1, (int64_t)node_charge(after));
    }
    return 0;
}

static int note_pending(struct load *load, struct txn *txn, const struct loaded_node *node)
{
    const struct node *base = tree_find(&txn->base, node->path, node->len);
    unsigned int flags = flags_of(node, base != NULL);
    struct perm_set *old =
        base != NULL && (flags & (ACCESS_GONE | ACCESS_PERMS)) != 0 ? base->perms : NULL;

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
    int err = parse(load, &view, &node);
    struct txn *txn = err == 0 ? txn_of(load, &node) : NULL;

    if (txn == NULL || path_special(node.path)) {
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

void load_nodes_free(struct load *load)
{
    if (load->perms != NULL) {
        perm_put(&load->store->env.perms, load->perms);
    }
    mem_free(load->level);
    mem_free(load->pending);
}
