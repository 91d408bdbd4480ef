/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of a state that is loaded. They come parents first, and nearly always each is below the one
 * before or below one that that one is below: so the way to the last one is kept, and the children
 * of each node on it, until it ends; then they are hung up together.
 */
#include <errno.h>
#include <string.h>

#include "state_load.h"

static inline int parse(struct load *load, struct view *view, struct loaded_node *node)
{
    const struct state_node *body = &node->body;
    const uint8_t *at;
    size_t perms_len;

    if (!take(view, &node->body, sizeof(node->body)) || body->perms > STORE_PERMS_MAX ||
        body->value_len > XENSTORE_PAYLOAD_MAX || body->path_len < 2 ||
        body->path_len > PATH_ABS_MAX + 1) {
        return load_bad(load, "node");
    }
    perms_len = body->perms * sizeof(struct state_perm);
    at = take_bytes(view, perms_len + body->path_len + body->value_len);
    if (at == NULL || at[perms_len + body->path_len - 1] != '\0') {
        return load_bad(load, "node");
    }
    node->perms = at;
    node->path = (const char *)at + perms_len;
    node->value = node->path + body->path_len;
    node->len = (size_t)body->path_len - 1;
    return 0;
}

int load_parse(struct load *load, struct view *view, struct loaded_node *node)
{
    return parse(load, view, node);
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
        to->serial = domain_serial(&load->store->domains, to->domid);
        load->named[to->domid / 8] |= (uint8_t)(1u << to->domid % 8);
    }
    return 0;
}

/* Charges what was counted of the owner of the last nodes. */
static void charge_owner(struct load *load)
{
    if (load->owned != 0) {
        quota_add(&load->owner->quota, QUOTA_NODES, load->owned);
        quota_add(&load->owner->quota, QUOTA_MEMORY, load->owned_bytes);
        load->owned = load->owned_bytes = 0;
    }
}

static int set_perms(struct load *load, const struct perm *perm, size_t count)
{
    struct perm_set *set = perm_intern(&load->store->env.perms, perm, count);
    struct domain *owner = load_domain(load, perm[0].domid);

    if (set == NULL || owner == NULL) {
        if (set != NULL) {
            perm_put(&load->store->env.perms, set);
        }
        return -ENOMEM;
    }
    charge_owner(load);
    if (load->perms != NULL) {
        perm_put(&load->store->env.perms, load->perms);
    }
    load->perms = set;
    load->owner = owner;
    return 0;
}

/* Other permissions than those of the node before. */
static int change_perms(struct load *load, const struct loaded_node *node)
{
    struct perm perm[STORE_PERMS_MAX];
    int err = 0;

    if (node->body.perms == 0) {
        return load_bad(load, "a node without permissions");
    }
    for (size_t i = 0; i < node->body.perms && err == 0; i++) {
        struct state_perm entry;

        memcpy(&entry, node->perms + i * sizeof(entry), sizeof(entry));
        err = parse_perm(load, &entry, &perm[i]);
    }
    if (err == 0) {
        err = set_perms(load, perm, node->body.perms);
    }
    if (err == 0) {
        load->last_perms = node->perms;
        load->last_perms_len = node->body.perms * sizeof(struct state_perm);
    }
    return err;
}

/* Most nodes have one entry. */
static bool same_perms(const uint8_t *a, const uint8_t *b, size_t len)
{
    return memcmp(a, b, sizeof(struct state_perm)) == 0 &&
           (len == sizeof(struct state_perm) || memcmp(a, b, len) == 0);
}

static inline int node_permissions(struct load *load, const struct loaded_node *node)
{
    size_t len = node->body.perms * sizeof(struct state_perm);

    return len != 0 && load->last_perms_len == len && same_perms(load->last_perms, node->perms, len)
               ? 0
               : change_perms(load, node);
}

int load_perms(struct load *load, const struct loaded_node *node)
{
    return node_permissions(load, node);
}

static int push(struct load *load, struct node *node, size_t len)
{
    if (load->depth == load->room) {
        size_t room = 2 * load->room + 16;
        struct loaded_level *level = mem_resize(load->level, room * sizeof(*level));

        if (level == NULL) {
            return -ENOMEM;
        }
        load->level = level;
        load->room = room;
    }
    load->level[load->depth++] = (struct loaded_level){
        .node = node, .len = len, .first = load->kids, .late = node_kids(node) != NULL};
    return 0;
}

/* There are no more children of the last node on the way. */
static int pop(struct load *load)
{
    const struct loaded_level *level = &load->level[--load->depth];
    size_t count = load->kids - level->first;
    int err;

    if (count == 0) {
        return 0;
    }
    err = kids_build(level->node, load->kid + level->first, (uint32_t)count, load->store->gen);
    if (err == 0) {
        load->kids = level->first;
    }
    return err == -EEXIST ? load_bad(load, "the same node twice") : err;
}

static int pop_to(struct load *load, size_t len)
{
    int err = 0;

    while (err == 0 && load->depth != 0 && load->level[load->depth - 1].len > len) {
        err = pop(load);
    }
    return err;
}

/* Somewhere else: everything so far is hung up, and the node is looked for. */
static int go_elsewhere(struct load *load, const char *path, size_t len)
{
    struct node *node;
    int err = pop_to(load, 0);

    if (err != 0) {
        return err;
    }
    if (!load->nodes || !path_valid(path, len, 0) ||
        tree_find(&load->store->tree, path, len) == NULL) {
        return load_bad(load, "a node without a parent");
    }
    node = tree_make_inner(&load->store->tree, path, len);
    return node != NULL ? push(load, node, len) : -ENOMEM;
}

/* The last node has a child. */
static int go_below(struct load *load)
{
    struct new_kid *kid = load->kids != 0 ? &load->kid[load->kids - 1] : NULL;
    struct node *node = load->last_node;

    if (kid != NULL && kid->node == pool_ref(node)) {
        node = node_make_inner(&load->store->env, &kid->node);
    } else {
        node = tree_make_inner(&load->store->tree, load->last, load->last_len);
    }
    return node != NULL ? push(load, node, load->last_len) : -ENOMEM;
}

/* Makes the node at path[0..len) the last one on the way. */
static int go_to(struct load *load, const char *path, size_t len)
{
    int err;

    if (load->last_len == len && memcmp(load->last, path, len) == 0) {
        return go_below(load);
    }
    err = load->depth != 0 && load->level[load->depth - 1].len > len ? pop_to(load, len) : 0;
    if (err != 0) {
        return err;
    }
    return load->depth != 0 && load->level[load->depth - 1].len == len &&
                   memcmp(load->last, path, len) == 0
               ? 0
               : go_elsewhere(load, path, len);
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
    perm_put(&store->env.perms, node_perms(root));
    root->perms = pool_ref(perm_get(load->perms));
    root->gen = ++store->gen;
    load->nodes = true;
    load->found->nodes++;
    load->last = node->path;
    load->last_len = 1;
    load->last_node = root;
    return 0;
}

static int load_special(struct load *load, const struct loaded_node *node)
{
    struct store *store = load->store;
    struct perm_set **slot = NULL;

    if (!path_valid(node->path, node->len, 0)) {
        return load_bad(load, "path of a node");
    }
    slot = store_special(store, node->path);
    if (slot != NULL) {
        perm_put(&store->env.perms, *slot);
        *slot = perm_get(load->perms);
    }
    return 0;
}

/* A child that is hung up later, with the others. */
static int gather(struct load *load, const char *name, size_t len, const struct loaded_node *loaded,
                  struct node **out)
{
    struct store *store = load->store;

    if (load->kids == load->kid_room) {
        size_t room = 2 * load->kid_room + 64;
        struct new_kid *kid = mem_resize(load->kid, room * sizeof(*kid));

        if (kid == NULL) {
            return -ENOMEM;
        }
        load->kid = kid;
        load->kid_room = room;
    }
    *out = node_new(&store->env, false, name, len, loaded->value, loaded->body.value_len,
                    load->perms, store->gen);
    if (*out == NULL) {
        return -ENOMEM;
    }
    load->kid[load->kids++] = (struct new_kid){hash_bytes(name, len), pool_ref(*out)};
    return 0;
}

static int load_ordinary(struct load *load, const struct loaded_node *loaded)
{
    size_t start = path_name(loaded->path, loaded->len), len = loaded->len - start;
    struct loaded_level *parent;
    struct node *node;
    int err;

    if (start == 0) {
        return load_bad(load, "path of a node");
    }
    err = go_to(load, loaded->path, start == 1 ? 1 : start - 1);
    if (err != 0) {
        return err;
    }
    parent = &load->level[load->depth - 1];
    if (parent->late) {
        err =
            tree_append(&load->store->tree, parent->node, loaded->path + start, len, loaded->value,
                        loaded->body.value_len, load->perms, load->store->gen, &node);
    } else {
        err = gather(load, loaded->path + start, len, loaded, &node);
    }
    if (err != 0) {
        return err == -EEXIST ? load_bad(load, "the same node twice") : err;
    }
    load->owned++;
    load->owned_bytes += node_charge(node);
    load->found->nodes++;
    load->last = loaded->path;
    load->last_len = loaded->len;
    load->last_node = node;
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
        return load_put_off(load, whole);
    }
    err = node_permissions(load, &node);
    if (err != 0) {
        return err;
    }
    if (node.path[0] == '@') {
        return load_special(load, &node);
    }
    return node.len == 1 && node.path[0] == '/' ? load_root(load, &node)
                                                : load_ordinary(load, &node);
}

int load_nodes_end(struct load *load)
{
    charge_owner(load);
    return pop_to(load, 0);
}

void load_nodes_free(struct load *load)
{
    for (size_t i = 0; i < load->kids; i++) {
        if (load->kid[i].node != 0) {
            node_put(&load->store->env, node_at(load->kid[i].node));
        }
    }
    if (load->perms != NULL) {
        perm_put(&load->store->env.perms, load->perms);
    }
    mem_free(load->level);
    mem_free(load->kid);
    mem_free(load->pending);
}
