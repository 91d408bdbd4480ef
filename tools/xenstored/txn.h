/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions. The first request in one takes a snapshot; what it reads and writes of it is noted
 * per node, with the generation that was seen. A commit goes through if what was noted is still so
 * in the store: then the changes are repeated on a new version of the tree, and only when that is
 * whole does it become the store's. Two transactions that add different children to one node do not
 * conflict.
 */
#pragma once

#include "charge.h"
#include "list.h"
#include "tree.h"

struct conn;
struct store;

#define ACCESS_NODE  0x01u /* the node's value or permissions, or that there is none, mattered */
#define ACCESS_KIDS  0x02u /* the list of its children mattered */
#define ACCESS_VALUE 0x04u /* value was set */
#define ACCESS_PERMS 0x08u /* permissions were set */
#define ACCESS_MADE  0x10u /* created here */
#define ACCESS_GONE  0x20u /* removed here, at least once */
#define ACCESS_EVENT 0x40u /* watches hear of it */
#define ACCESS_EXACT 0x80u /* only watches of this very path */

struct access {
    struct list link; /* in txn.accesses, oldest first; a node counts from when it was made */
    struct table_link by_path;
    uint64_t gen, kids_gen;     /* in the snapshot, as far as noted; ACCESS_NONE: no such node */
    struct perm_set *old_perms; /* who may hear that the node went; NULL: see the node */
    uint32_t request;           /* the last that noted anything here */
    uint16_t before;            /* flags before it */
    uint16_t flags, len;
    char path[]; /* no NUL */
};

#define ACCESS_NONE UINT64_MAX

struct txn {
    struct list link; /* in conn.txns */
    struct conn *conn;
    uint32_t id;
    bool begun;             /* there is a snapshot */
    bool doomed;            /* a commit will answer EAGAIN, whatever it finds */
    struct tree base, tree; /* as it began, as it is now */
    struct table by_path;
    struct list accesses;
    struct charges charges;
    uint32_t request;     /* counts them, so that what one that fails has noted can be taken back */
    bool request_changes; /* it has noted more than what it saw */
    uint64_t memory;      /* bytes charged to the connection's domain */
    int64_t since;        /* when it was started, in seconds */
};

/* -ENOSPC: too many; -ENOMEM. */
int txn_start(struct store *store, struct conn *conn, int64_t now, struct txn **out) must_check;
struct txn *txn_find(const struct conn *conn, uint32_t id);
void txn_free(struct store *store, struct txn *txn);
/* Takes the snapshot, if that did not happen yet. */
void txn_begin(struct store *store, struct txn *txn);

/* A request begins. It takes the snapshot, if that did not happen yet. */
void txn_request(struct store *store, struct txn *txn);
/* It failed: it has seen what it has seen, and changed nothing. */
void txn_request_failed(struct txn *txn);

/* Notes what a request did to a node. -ENOSPC: more nodes than the quota allows; -ENOMEM. */
int txn_note(struct store *store, struct txn *txn, const char *path, size_t len, unsigned int flags,
             struct perm_set *old_perms) must_check;
/*
 * Commits; the caller frees the transaction in any case. -EAGAIN: a conflict; -ENOSPC: over a
 * quota; -ENOMEM; then nothing happened.
 */
int txn_commit(struct store *store, struct txn *txn) must_check;
/* Whether what was noted is still so in the store. */
bool txn_valid(const struct store *store, const struct txn *txn);
