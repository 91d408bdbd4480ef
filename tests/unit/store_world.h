/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store without sockets and rings: clients are pairs of buffers. A payload is written with `|`
 * for each NUL, and so are replies and events.
 */
#pragma once

#include "unit.h"

#include "xenstored/store.h"
#include "xenstored/wire.h"

#define WORLD_BYTES (256u * 1024u)

struct client {
    struct conn *conn;
    uint8_t *in, *out;
    size_t in_len, in_at;
    size_t out_len; /* bytes that came and were not looked at yet */
    size_t room;    /* bytes that it still takes */
    bool broken;
    uint32_t next_req;
    char events[16384]; /* each as path|token|, with a blank between them */
    char reply[2 * XENSTORE_PAYLOAD_MAX];
};

struct world {
    struct store store;
    struct client *boss; /* privileged, a socket */
    enum domain_state state[64];
};

extern struct world world;

void world_start(void);
/* Fails the test if anything is left allocated, or the store is not consistent. */
void world_end(void);
int world_setup(void **state);
int world_teardown(void **state);

/* A client of a domain, which is introduced if it was not. */
struct client *world_guest(uint16_t domid);
/* One more privileged client. */
struct client *world_socket(void);
/* The client is gone. */
void world_hang_up(struct client *client);

/* Sends a request; world_run() handles it. */
void world_send(struct client *client, uint32_t type, uint32_t tx, const char *text);
void world_send_bytes(struct client *client, uint32_t type, uint32_t tx, const void *payload,
                      size_t len);
/* Gives the client turns until it has nothing to do. */
void world_run(struct client *client);
/*
 * A request and its reply: "!ENOENT" for an error, else the payload; NULL: none came. Events go to
 * client->events.
 */
const char *world_ask(struct client *client, uint32_t type, uint32_t tx, const char *text);
/* As world_ask(), formatted. */
const char *world_askf(struct client *client, uint32_t type, uint32_t tx, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Starts a transaction. */
uint32_t world_txn(struct client *client);
/* The events since the last call. */
const char *world_events(struct client *client);

/* All that can be seen of the store, as text, to be freed: nodes, quotas, watches, transactions. */
char *world_dump(void);

#define assert_reply(client, type, tx, text, expected)                                             \
    assert_string_equal(world_ask(client, type, tx, text), expected)
