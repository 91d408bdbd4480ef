/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files that load a state share. */
#pragma once

#include "state.h"

/* Bytes that are not read yet. */
struct view {
    const uint8_t *at;
    size_t len;
};

/* A node on the way to the last one that was loaded, and the length of its path. */
struct level {
    struct node *node;
    size_t len;
};

struct load {
    struct store *store;
    const struct state_hooks *hooks;
    struct state_found *found;
    struct conn *conn;           /* the last one spoken of */
    bool global, nodes, domains; /* seen so far */
    uint8_t named[DOMAINS / 8];  /* domains in permissions that are valid */

    struct level *level; /* each is above the next */
    size_t depth, room;
    const char *last;          /* path of the last node */
    const uint8_t *last_perms; /* and its permissions: often the next has them, too */
    size_t last_perms_len;
    struct perm_set *perms; /* the same, with a reference */
    struct domain *owner;

    struct view *pending; /* records of nodes in transactions */
    size_t pending_count, pending_room;
};

int load_bad(struct load *load, const char *why);
/* Each takes n bytes off; false or NULL: there are fewer. */
bool take(struct view *view, void *to, size_t n);
const uint8_t *take_bytes(struct view *view, size_t n);
/* n bytes, whose last and no other is a NUL. */
const char *take_text(struct view *view, size_t n);
/* The record of a domain, to which no limit applies while a state is loaded. */
struct domain *load_domain(struct load *load, uint16_t domid) must_check;

/* A node; one of a transaction is put off until load_pending(). */
int load_node(struct load *load, struct view *view) must_check;
int load_pending(struct load *load) must_check;
void load_nodes_free(struct load *load);
