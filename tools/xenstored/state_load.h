/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files that load a state share. */
#pragma once

#include <string.h>

#include "state.h"

/* Bytes that are not read yet. */
struct view {
    const uint8_t *at;
    size_t len;
};

/* A node on the way to the last one that was loaded, and the length of its path. */
struct loaded_level {
    struct node *node;
    size_t len;
    size_t first; /* its children, from here on in kid[], are hung up together when all are there */
    bool late;    /* it has got children already: one by one */
};

struct load {
    struct store *store;
    const struct state_hooks *hooks;
    struct state_found *found;
    struct conn *conn;           /* the last one spoken of */
    bool global, nodes, domains; /* seen so far */
    uint32_t expected;           /* how many nodes there were; 0: it is not said */
    uint8_t named[DOMAINS / 8];  /* domains in permissions that are valid */

    struct loaded_level *level; /* each is above the next */
    size_t depth, room;
    struct new_kid *kid;
    size_t kids, kid_room;
    const char *last;          /* path of the last node */
    size_t last_len;           /* and its length */
    struct node *last_node;    /* it is on the way when it has a child */
    const uint8_t *last_perms; /* its permissions: often the next has them, too */
    size_t last_perms_len;
    struct perm_set *perms; /* the same, with a reference */
    struct domain *owner;
    uint64_t owned, owned_bytes; /* nodes that it is not charged for yet */

    struct view *pending; /* records of nodes in transactions */
    size_t pending_count, pending_room;
};

int load_bad(struct load *load, const char *why);

/* Each takes n bytes off; false or NULL: there are fewer. */
static inline const uint8_t *take_bytes(struct view *view, size_t n)
{
    const uint8_t *at = view->at;

    if (n > view->len) {
        return NULL;
    }
    view->at += n;
    view->len -= n;
    return at;
}

static inline bool take(struct view *view, void *to, size_t n)
{
    const uint8_t *at = take_bytes(view, n);

    if (at != NULL) {
        memcpy(to, at, n);
    }
    return at != NULL;
}

/* n bytes, whose last and no other is a NUL. */
const char *take_text(struct view *view, size_t n);
/* The record of a domain, to which no limit applies while a state is loaded. */
struct domain *load_domain(struct load *load, uint16_t domid) must_check;

int load_quota(struct load *load, struct view *view) must_check;
int load_domain_data(struct load *load, struct view *view) must_check;
/* A stranger does not say which domains it knows: those that are spoken of, and exist. */
int load_known(struct load *load) must_check;
/* Limits apply from here on. */
void load_domains_end(struct load *load);

/* A node's record, taken apart. */
struct loaded_node {
    struct state_node body;
    const uint8_t *perms;
    const char *path, *value;
    size_t len; /* of the path, without NUL */
};
/* Everything is within its bounds, and the path ends with a NUL; what else is in it is not known.
 */
int load_parse(struct load *load, struct view *view, struct loaded_node *node) must_check;
/* The permissions of a node, as load->perms. */
int load_perms(struct load *load, const struct loaded_node *node) must_check;

/* A node; one of a transaction is put off until load_pending(). */
int load_node(struct load *load, struct view *view) must_check;
/* There are no more nodes of the store. */
int load_nodes_end(struct load *load) must_check;
int load_put_off(struct load *load, struct view record) must_check;
int load_pending(struct load *load) must_check;
void load_nodes_free(struct load *load);
