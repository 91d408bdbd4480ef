/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: each change of the store as a record in memory that outlives the process.
 *
 * Records are written behind `at` as changes are made, and count from journal_commit() on, which
 * publishes all of them at once by one store into the file: a process that is killed between two
 * instructions leaves what was committed and nothing else. The word says how long the journal is
 * and carries a checksum of it. Nothing may leave the process before what it tells is committed:
 * conn.c commits before it writes.
 *
 * Where records do not fit, the journal is `full`, and the commit asks the edge for a checkpoint:
 * the whole state, with an empty journal behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"

struct conn;
struct domain;
struct message;
struct perm_set;
struct store;
struct watch;

enum journal_type {
    JOURNAL_NODE = 1, /* is there, with this value and these permissions, as far as given */
    JOURNAL_REMOVE,
    JOURNAL_SPECIAL, /* permissions of @introduceDomain, ... */
    JOURNAL_KNOW,    /* a domain was first spoken of: its number has another serial */
    JOURNAL_DOMAIN,  /* struct journal_domain: what is known of it now */
    JOURNAL_GONE,
    JOURNAL_LIMITS, /* of the store: struct quota_limits */
    JOURNAL_WATCH,  /* of a domain: path, token */
    JOURNAL_UNWATCH,
    JOURNAL_FORGET, /* a domain's connection has no watches and transactions any more */
    JOURNAL_RESET,  /* ... nothing at all */
    JOURNAL_RING,   /* a domain's connection: both indexes of its ring */
    JOURNAL_IN,     /* these bytes came in; `more`: the index behind them */
    JOURNAL_DONE,   /* the first `more` bytes that came in were a request, which is answered */
    JOURNAL_OUT,    /* this message waits to go out; `more`: the index behind what went out */
    JOURNAL_START,  /* a transaction, `more`, of a domain */
    JOURNAL_END,
    JOURNAL_TYPES,
};

#define JOURNAL_SAME UINT32_MAX /* value_len: the value is not changed */

/* Then: `perms` entries of struct state_perm; the path; the value; zeros up to 8 bytes. */
struct journal_record {
    uint16_t type, domid;
    uint16_t path_len, perms; /* no permissions: they are not changed */
    uint32_t value_len;
    uint32_t more; /* JOURNAL_WATCH: depth and strip; others: see above */
};

struct journal {
    uint8_t *base; /* NULL: nothing is kept */
    size_t size, at, done;
    uint64_t sum;     /* of base[0..done) */
    uint64_t *commit; /* in the file */
    bool full;
};

/* An empty journal in `size` bytes. */
void journal_start(struct journal *journal, void *base, size_t size, uint64_t *commit);
/* Goes on from a sum; len is a multiple of 8. */
uint64_t journal_sum(uint64_t sum, const void *data, size_t len);
uint64_t journal_word(uint64_t sum, size_t len);
/* Bytes that a word says are there; SIZE_MAX: the word and they are not as they were written. */
size_t journal_check(const void *base, size_t size, uint64_t word);

void journal_node(struct store *store, const char *path, size_t len, const struct perm_set *perms,
                  const void *value, uint32_t value_len);
void journal_remove(struct store *store, const char *path, size_t len);
void journal_special(struct store *store, const char *path, const struct perm_set *perms);
/* JOURNAL_KNOW, JOURNAL_GONE. */
void journal_plain(struct store *store, enum journal_type type, uint16_t domid);
void journal_domain(struct store *store, const struct domain *domain);
void journal_limits(struct store *store);
/* JOURNAL_WATCH, JOURNAL_UNWATCH. Of domains' rings only: other clients come back and ask again. */
void journal_watch(struct store *store, enum journal_type type, const struct watch *watch);

/*
 * Of domains' rings only, too. Bytes that are taken off a ring are in the journal first; what a
 * request changes and its reply are one group with the note that it is done. So after a crash each
 * request of a ring was carried out and answered once, or is still to be.
 */
void journal_ring(const struct conn *conn);
void journal_in(const struct conn *conn, size_t len);
void journal_done(const struct conn *conn, size_t len);
void journal_out(const struct conn *conn, const struct message *message);
/* JOURNAL_FORGET, JOURNAL_RESET; JOURNAL_START, JOURNAL_END with a transaction's number. */
void journal_conn(const struct conn *conn, enum journal_type type, uint32_t more);
/* What a checkpoint does not say: of each ring its indexes and its open transactions. */
void journal_rings(struct store *store);

/* Whether there is something to commit. */
static inline bool journal_waits(const struct journal *journal)
{
    return journal->at != journal->done || journal->full;
}
void journal_commit(struct store *store);

/*
 * Repeats base[0..len) on a store that is as it was when the journal began. -EINVAL: that makes no
 * sense; -ENOMEM.
 */
int journal_replay(struct store *store, const void *base, size_t len) must_check;
