/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches, found by the hash of their whole path: an event looks up its path and each prefix of it,
 * however many other watches there are.
 */
#pragma once

#include "list.h"
#include "node.h"
#include "tree.h"

struct conn;
struct store;

struct watch {
    struct table_link by_path; /* in store.watches */
    struct list link;          /* in conn.watches */
    struct conn *conn;
    uint32_t depth;    /* how far below the path it looks; WATCH_DEEP: all the way */
    uint16_t path_len; /* absolute path, without NUL */
    uint16_t strip;    /* bytes of the path that a relative watch is not told */
    uint16_t token_len;
    char data[]; /* path and token, each with a NUL */
};

#define WATCH_DEEP UINT32_MAX

static inline const char *watch_path(const struct watch *watch)
{
    return watch->data;
}

static inline const char *watch_token(const struct watch *watch)
{
    return watch->data + watch->path_len + 1;
}

/*
 * Registers a watch for a connection, charging its domain. -EEXIST: it has one with that path and
 * token. -E2BIG: too many. -ENOMEM. `path` is absolute or special.
 */
int watch_add(struct store *store, struct conn *conn, const char *path, size_t len, size_t strip,
              const char *token, uint32_t depth, struct watch **out) must_check;
struct watch *watch_find(struct store *store, struct conn *conn, const char *path, size_t len,
                         const char *token);
void watch_del(struct store *store, struct watch *watch);

/*
 * Who may hear of a change: who could read the node before it, may read it now, or may read its
 * parent in `tree`. Each may be NULL.
 */
struct watch_readers {
    const struct perm_set *old, *node;
    const struct tree *tree;
};

/*
 * Prepares the event messages for a change of a path, as messages on `events`. `exact`: for watches
 * of that very path only. What changes the tree calls this first, and watch_send() afterwards.
 */
int watch_collect(struct store *store, const char *path, size_t len, bool exact,
                  const struct watch_readers *readers, struct list *events) must_check;
/* An event for one watch, whoever may see it. */
int watch_prepare(struct watch *watch, const char *path, size_t len,
                  struct list *events) must_check;
/* Queues the messages of `events`, or forgets them. */
void watch_send(struct store *store, struct list *events);
void watch_forget(struct list *events);
