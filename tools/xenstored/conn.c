/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <string.h>

#include "store.h"
#include "wire.h"

struct conn *conn_new(struct store *store, struct domain *domain, enum conn_kind kind,
                      const struct conn_ops *ops)
{
    struct conn *conn = mem_zalloc(sizeof(*conn));

    if (conn != NULL) {
        conn->store = store;
        conn->domain = domain;
        conn->ops = ops;
        conn->kind = kind;
        conn->fd = -1;
        do {
            conn->id = ++store->next_conn;
        } while (conn->id == 0);
        list_init(&conn->flush);
        list_init(&conn->out);
        list_init(&conn->watches);
        list_init(&conn->txns);
        list_add_tail(&store->conns, &conn->link);
    }
    return conn;
}

/* Takes a message off its list, and with it what it was charged. */
static void drop(struct conn *conn, struct message *message)
{
    struct quota *quota = &conn->domain->quota;

    if (message->event) {
        table_del(&conn->store->pending, &message->pending);
    }
    if (!message->event) {
        quota_sub(quota, QUOTA_OUTSTANDING, 1);
    }
    quota_sub(quota, QUOTA_MEMORY, message->len);
    list_del(&message->link);
    mem_free(message);
}

void conn_reset(struct conn *conn)
{
    struct store *store = conn->store;
    struct message *message, *message_after;
    struct watch *watch, *watch_after;
    struct txn *txn, *txn_after;

    list_for_each_entry(message, message_after, &store->events, struct message, link)
    {
        if (message->conn == conn) {
            list_del(&message->link);
            mem_free(message);
        }
    }
    list_for_each_entry(message, message_after, &conn->out, struct message, link)
    {
        drop(conn, message);
    }
    list_for_each_entry(watch, watch_after, &conn->watches, struct watch, link)
    {
        watch_del(store, watch);
    }
    list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
    {
        txn_free(store, txn);
    }
    journal_conn(conn, JOURNAL_RESET, 0);
    mem_free(conn->in);
    conn->in = NULL;
    conn->in_start = conn->in_end = 0;
    conn->waiting = false;
}

void conn_free(struct conn *conn)
{
    conn_reset(conn);
    list_del(&conn->link);
    list_del(&conn->flush);
    mem_free(conn->owner);
    mem_free(conn);
}

void conn_retire(struct conn *conn)
{
    conn->broken = true;
    list_del(&conn->link);
    list_add_tail(&conn->store->retired, &conn->link);
}

void conn_broken(struct conn *conn, int err)
{
    if (!conn->broken) {
        conn->broken = true;
        conn->ops->broken(conn, err);
    }
}

struct message *message_new(size_t len)
{
    struct message *message = mem_alloc(sizeof(*message) + sizeof(struct xsd_sockmsg) + len);

    if (message != NULL) {
        list_init(&message->link);
        message->conn = NULL;
        message->event = false;
        message->len = (uint32_t)(sizeof(struct xsd_sockmsg) + len);
        message->sent = 0;
    }
    return message;
}

static inline void commit(struct conn *conn)
{
    if (journal_waits(&conn->store->journal)) {
        journal_commit(conn->store);
    }
}

/* Writes a message as far as that goes. Returns whether it is all out. */
static bool send(struct conn *conn, struct message *message)
{
    commit(conn);
    while (message->sent < message->len) {
        ssize_t n =
            conn->ops->write(conn, message->data + message->sent, message->len - message->sent);

        if (n < 0) {
            conn_broken(conn, (int)n);
        }
        if (n <= 0) {
            return false;
        }
        message->sent += (uint32_t)n;
        conn->sent_pos += (uint32_t)n;
    }
    return true;
}

void conn_flush(struct conn *conn)
{
    while (conn_wants_out(conn)) {
        struct message *message = list_entry(conn->out.next, struct message, link);

        if (!send(conn, message)) {
            break;
        }
        drop(conn, message);
    }
    if (!conn->broken) {
        conn->ops->wants(conn);
    }
}

void conn_enqueue(struct conn *conn, struct message *message)
{
    message->conn = conn;
    list_add_tail(&conn->out, &message->link);
    quota_add(&conn->domain->quota, QUOTA_MEMORY, message->len);
    if (!message->event) {
        quota_add(&conn->domain->quota, QUOTA_OUTSTANDING, 1);
    }
}

static void queue(struct conn *conn, struct message *message)
{
    bool first = list_empty(&conn->out);

    conn_enqueue(conn, message);
    if (first && !message->event) {
        conn_flush(conn);
    }
}

void conn_queue(struct conn *conn, struct message *message)
{
    if (conn->kind == CONN_RING) {
        journal_out(conn, message);
    }
    queue(conn, message);
}

bool conn_skip(struct conn *conn, uint32_t len)
{
    while (len != 0 && !list_empty(&conn->out)) {
        struct message *message = list_entry(conn->out.next, struct message, link);
        uint32_t left = message->len - message->sent, n = len < left ? len : left;

        message->sent += n;
        len -= n;
        if (message->sent == message->len) {
            drop(conn, message);
        }
    }
    return len == 0;
}

void conn_reply(struct conn *conn, const struct xsd_sockmsg *request, uint32_t type, size_t len)
{
    struct store *store = conn->store;
    struct message *reply = store->spare;
    struct xsd_sockmsg header = {
        .type = type, .req_id = request->req_id, .tx_id = request->tx_id, .len = (uint32_t)len};

    if (conn->broken) {
        return;
    }
    memcpy(reply->data, &header, sizeof(header));
    reply->len = (uint32_t)(sizeof(header) + len);
    reply->sent = 0;
    if (conn->kind == CONN_RING) {
        journal_out(conn, reply);
    }
    /* A checkpoint must find a reply to a ring among the messages that wait. */
    if (list_empty(&conn->out) && !(store->journal.full && conn->kind == CONN_RING) &&
        send(conn, reply)) {
        return;
    }
    if (!conn->broken) {
        struct message *shorter = mem_resize(reply, sizeof(*reply) + reply->len);

        store->spare = NULL;
        queue(conn, shorter != NULL ? shorter : reply);
    }
}

bool conn_wants_in(const struct conn *conn)
{
    const struct quota *quota = &conn->domain->quota;

    return !conn->broken && !conn->waiting && quota_fits(quota, QUOTA_OUTSTANDING, 1) &&
           quota_fits(quota, QUOTA_MEMORY, 1);
}

/* Buffers that a request needs, so that it cannot fail half way for want of them. */
static bool have_buffers(struct conn *conn)
{
    struct store *store = conn->store;

    if (store->spare == NULL) {
        store->spare = message_new(XENSTORE_PAYLOAD_MAX);
    }
    if (conn->in == NULL) {
        conn->in = store->spare_in != NULL ? store->spare_in : mem_alloc(CONN_IN_MAX);
        store->spare_in = NULL;
        conn->in_start = conn->in_end = 0;
    }
    return store->spare != NULL && conn->in != NULL;
}

/* The bytes of the request at the start of the buffer, as far as that is known yet. */
static size_t request_bytes(const struct conn *conn)
{
    struct xsd_sockmsg header;

    if (conn->in_end - conn->in_start < sizeof(header)) {
        return sizeof(header);
    }
    memcpy(&header, conn->in + conn->in_start, sizeof(header));
    return header.len <= XENSTORE_PAYLOAD_MAX ? sizeof(header) + header.len : 0;
}

bool conn_has_request(const struct conn *conn)
{
    return conn->in != NULL && request_bytes(conn) <= conn->in_end - conn->in_start;
}

/* Reads more bytes. Returns whether there were any. */
static bool fill(struct conn *conn)
{
    ssize_t n;

    if (conn->in_start != 0) {
        memmove(conn->in, conn->in + conn->in_start, conn->in_end - conn->in_start);
        conn->in_end -= conn->in_start;
        conn->in_start = 0;
    }
    n = conn->ops->read(conn, conn->in + conn->in_end, CONN_IN_MAX - conn->in_end);
    if (n < 0) {
        conn_broken(conn, (int)n);
    }
    if (n <= 0) {
        return false;
    }
    conn->in_end += (uint32_t)n;
    conn->in_pos += (uint32_t)n;
    if (conn->kind == CONN_RING) {
        journal_in(conn, (size_t)n);
        journal_commit(conn->store);
    }
    if (conn->ops->took != NULL) {
        conn->ops->took(conn, (size_t)n);
    }
    return true;
}

static void give_back(struct conn *conn)
{
    if (conn->in_start == conn->in_end && conn->in != NULL) {
        if (conn->store->spare_in == NULL) {
            conn->store->spare_in = conn->in;
        } else {
            mem_free(conn->in);
        }
        conn->in = NULL;
    }
}

bool conn_turn(struct conn *conn)
{
    struct xsd_sockmsg header;
    bool more = false;
    size_t bytes;

    if (!conn_wants_in(conn)) {
        return false;
    }
    if (!have_buffers(conn)) {
        give_back(conn);
        return true;
    }
    bytes = request_bytes(conn);
    if (bytes != 0 && conn->in_end - conn->in_start < bytes) {
        more = fill(conn) && conn->kind == CONN_RING;
        bytes = request_bytes(conn);
    }
    if (bytes == 0) {
        conn_broken(conn, -EMSGSIZE);
    }
    if (!conn->broken && conn->in_end - conn->in_start >= bytes && bytes >= sizeof(header)) {
        uint8_t *start = conn->in + conn->in_start;

        memcpy(&header, start, sizeof(header));
        conn->in_start += (uint32_t)bytes;
        if (conn->kind == CONN_RING) {
            journal_done(conn, bytes);
        }
        wire_request(conn, &header, (char *)start + sizeof(header));
        commit(conn);
        /* A reset connection has no buffer any more. */
        more = more || conn_has_request(conn);
    }
    give_back(conn);
    return more && !conn->broken;
}
