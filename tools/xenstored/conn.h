/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: the bytes that come in until they are a request, and the messages that wait to go
 * out. A connection knows nothing of sockets and rings but the two functions that move its bytes.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/io/xs_wire.h>

#include "domain.h"
#include "list.h"
#include "watch.h"

struct store;
struct conn;
struct txn;

#define CONN_IN_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

/* A message on its way to the client; `len` counts the header, which `data` begins with. */
struct message {
    struct list link;
    struct conn *conn;
    struct table_link pending; /* in store.pending, if `event` and queued */
    bool event;
    uint32_t len, sent;
    uint8_t data[];
};

/* Bytes moved; 0: none now; negative errno: the connection is broken. */
struct conn_ops {
    ssize_t (*read)(struct conn *conn, void *to, size_t room);
    ssize_t (*write)(struct conn *conn, const void *from, size_t len);
    /* The bytes that read() gave are in the journal: the client may forget them. NULL: it did. */
    void (*took)(struct conn *conn, size_t len);
    /* conn_broken() was called; the owner closes or cuts off, and later calls conn_free(). */
    void (*broken)(struct conn *conn, int err);
    /* What the connection waits for may have changed: see conn_wants_in() and conn_wants_out(). */
    void (*wants)(struct conn *conn);
};

enum conn_kind {
    CONN_RING,
    CONN_SOCKET,
};

struct conn {
    struct list link;  /* in store.conns */
    struct list flush; /* in a list of watch_send(), while events are queued */
    struct store *store;
    struct domain *domain;
    const struct conn_ops *ops;
    uint32_t id;
    uint32_t next_txn;
    enum conn_kind kind;
    int fd;
    bool broken;  /* nothing more is read or written */
    bool waiting; /* for an answer that comes later: nothing more is read until then */
    uint8_t *in;  /* CONN_IN_MAX bytes, while something is in it */
    uint32_t in_start, in_end;
    uint32_t in_pos, sent_pos; /* of a ring: its indexes behind what came in and what went out */
    struct list out;           /* struct message */
    struct list watches;
    struct list txns;
    void *owner; /* the edge's own, freed with the connection; NULL in tests */
};

struct conn *conn_new(struct store *store, struct domain *domain, enum conn_kind kind,
                      const struct conn_ops *ops) must_check;
/* Drops all that the connection has: watches, transactions, bytes in and out, charges. */
void conn_reset(struct conn *conn);
void conn_free(struct conn *conn);
/* Breaks the connection; store_collect() frees it, when no request is being handled. */
void conn_retire(struct conn *conn);
void conn_broken(struct conn *conn, int err);

/*
 * Takes in what there is, and handles at most one request. Returns whether another one may be
 * waiting in the buffer: then it wants to be called again, after others had their turn.
 */
bool conn_turn(struct conn *conn);
/* Sends what it can of the messages that wait. */
void conn_flush(struct conn *conn);
static inline bool conn_wants_out(const struct conn *conn)
{
    return !conn->broken && !list_empty(&conn->out);
}
bool conn_wants_in(const struct conn *conn);
/* Whether a whole request is in the buffer, or one that is too long. */
bool conn_has_request(const struct conn *conn);

/* A message with a header and room for a payload of `len` bytes; not yet charged or queued. */
struct message *message_new(size_t len) must_check;
/* Sends the reply whose payload is in store.spare, or queues it. */
void conn_reply(struct conn *conn, const struct xsd_sockmsg *request, uint32_t type, size_t len);
/* Takes bytes off the messages that wait: they went out already. False: so many do not wait. */
bool conn_skip(struct conn *conn, uint32_t len);
/* Queues a message and charges it, nothing else. */
void conn_enqueue(struct conn *conn, struct message *message);
/* Queues a message and charges it to the domain; a reply goes out at once if it is the first. */
void conn_queue(struct conn *conn, struct message *message);
