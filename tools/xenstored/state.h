/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole state of a store as one stream of bytes: for live update, and for what is kept on disk.
 * The format is Xen's (docs/designs/xenstore-migration.md, versions 1 and 2), host byte order.
 *
 * What it has no field for goes where it leaves room: quotas of names that others ignore
 * (generation, number of nodes, what is known of a domain), and bits of a pending node's `access`
 * that others do not look at.
 */
#pragma once

#include "store.h"

#define STATE_IDENT       "xenstore" /* 8 bytes, no NUL */
#define STATE_VERSION_MAX 2u
#define STATE_BIG_ENDIAN  1u      /* flag of the header */
#define STATE_NO_TARGET   0x7ff4u /* DOMID_INVALID */
#define STATE_DEEP        0xffffu
#define STATE_STALE       1u /* flag of a permission: of a domain that is gone */
/* Bits of `access`: Xen's, ours, and from ACCESS_SHIFT on the flags of struct access. */
#define STATE_READ         1u
#define STATE_WRITTEN      2u
#define STATE_OURS         4u /* ours are valid */
#define STATE_DOOMED       8u /* the transaction will not be committed */
#define STATE_ACCESS_SHIFT 8

enum state_type {
    STATE_END,
    STATE_GLOBAL,
    STATE_CONNECTION,
    STATE_WATCH,
    STATE_TRANSACTION,
    STATE_NODE,
    STATE_GLOBAL_QUOTA,
    STATE_DOMAIN,
    STATE_WATCH_EXTENDED,
};

struct state_header {
    char ident[8];
    uint32_t version, flags; /* big endian */
};

/* Each record begins at a multiple of 8 bytes. */
struct state_record {
    uint32_t type, len;
};

struct state_global {
    int32_t listener, channels; /* file descriptors, or -1 */
};

struct state_connection {
    uint32_t id;
    uint16_t kind, fields; /* enum conn_kind */
    union {
        struct {
            uint16_t domid, target;
            uint32_t port; /* ours */
        } ring;
        struct {
            int32_t fd;
            uint32_t pad;
        } socket;
    };
    uint16_t in_len, partial_len; /* partial: what is left of a message that is half out */
    uint32_t out_len;             /* with that */
    /* data: in_len bytes, then out_len */
};

struct state_watch {
    uint32_t connection;
    uint16_t path_len, token_len; /* with their NULs */
    /* in STATE_WATCH_EXTENDED: uint16_t depth, pad; then path, token */
};

struct state_transaction {
    uint32_t connection, id;
};

struct state_perm {
    uint8_t letter, flags;
    uint16_t domid;
};

struct state_node {
    uint32_t connection, transaction; /* 0: not pending */
    uint16_t path_len, value_len;     /* path: with its NUL */
    uint16_t access, perms;
    /* perms entries of struct state_perm; path; value */
};

struct state_quota {
    uint16_t domain_values, global_values;
    /* uint32_t values; names with NULs */
};

struct state_domain {
    uint16_t domid, values;
    uint32_t features;
    /* uint32_t values; names with NULs */
};

struct bytes {
    uint8_t *data;
    size_t len, room;
};
void bytes_free(struct bytes *bytes);

/* What the core does not know. */
struct state_edge {
    uint32_t version;
    int listener, channels;
    /* Only what outlives this process: no sockets, no transactions. */
    bool checkpoint;
    /* The answer that a connection will find when the state is loaded: its own request's. */
    const struct conn *asker;
    struct xsd_sockmsg answer; /* a header; the payload is "OK" */
    /* Which of our ports a ring's connection uses. */
    uint32_t (*port)(const struct conn *conn);
};

int state_dump(struct store *store, const struct state_edge *edge, struct bytes *out) must_check;

/* Makes the connections of a state that is loaded, in whatever way the edge has; they may be NULL.
 */
struct state_hooks {
    int (*global)(struct store *store, int listener, int channels);
    /* Both give -errno or make a connection: conn_new(), and domain->conn. */
    int (*ring)(struct store *store, struct domain *domain, uint32_t port, struct conn **out);
    int (*socket)(struct store *store, int fd, struct conn **out);
};

struct state_found {
    int listener, channels;
    uint32_t version;
    size_t nodes, connections;
    const char *why; /* what is wrong with it */
};

/* A connection without an edge: nothing is read or written. */
struct conn *state_plain_conn(struct store *store, struct domain *domain,
                              enum conn_kind kind) must_check;

/*
 * Loads a state into a store that store_init() has just made. -EINVAL: it is not a whole, valid
 * state; -ENOMEM; or what a hook said. After an error the store is good for store_free() only.
 */
int state_load(struct store *store, const void *data, size_t len, const struct state_hooks *hooks,
               struct state_found *found) must_check;
