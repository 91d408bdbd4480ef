/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, watches, quotas and the frame of a state; nodes are in state_nodes.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state_load.h"

int load_bad(struct load *load, const char *why)
{
    load->found->why = why;
    return -EINVAL;
}

const char *take_text(struct view *view, size_t n)
{
    const char *text = (const char *)take_bytes(view, n);

    return text != NULL && n != 0 && memchr(text, '\0', n) == text + n - 1 ? text : NULL;
}

static struct conn *conn_by_id(struct load *load, uint32_t id)
{
    struct conn *conn, *after;

    if (load->conn != NULL && load->conn->id == id) {
        return load->conn;
    }
    list_for_each_entry(conn, after, &load->store->conns, struct conn, link)
    {
        if (conn->id == id) {
            load->conn = conn;
            return conn;
        }
    }
    return NULL;
}

static int load_global(struct load *load, struct view *view)
{
    struct state_global body;

    if (load->global || load->conn != NULL || !take(view, &body, sizeof(body))) {
        return load_bad(load, "global data");
    }
    load->global = true;
    load->found->listener = body.listener;
    load->found->channels = body.channels;
    if (load->hooks == NULL || load->hooks->global == NULL) {
        return 0;
    }
    load->found->why = "descriptors cannot be taken over";
    return load->hooks->global(load->store, body.listener, body.channels);
}

/* Without an edge, in tests: nothing is read or written. */
static ssize_t no_read(struct conn *conn, void *to, size_t room)
{
    (void)conn;
    (void)to;
    (void)room;
    return 0;
}

static ssize_t no_write(struct conn *conn, const void *from, size_t len)
{
    (void)conn;
    (void)from;
    (void)len;
    return 0;
}

static void no_broken(struct conn *conn, int err)
{
    (void)conn;
    (void)err;
}

static void no_wants(struct conn *conn)
{
    (void)conn;
}

static const struct conn_ops no_ops = {
    .read = no_read, .write = no_write, .broken = no_broken, .wants = no_wants};

struct conn *state_plain_conn(struct store *store, struct domain *domain, enum conn_kind kind)
{
    return conn_new(store, domain, kind, &no_ops);
}

static int make_ring(struct load *load, const struct state_connection *body, struct conn **out)
{
    struct domain *domain = load_domain(load, body->ring.domid);

    if (domain == NULL) {
        return -ENOMEM;
    }
    if (domain->conn != NULL) {
        return load_bad(load, "two rings of one domain");
    }
    domain->port = body->ring.port;
    domain->target = body->ring.target != STATE_NO_TARGET ? body->ring.target : body->ring.domid;
    if (load->hooks != NULL && load->hooks->ring != NULL) {
        int err = load->hooks->ring(load->store, domain, body->ring.port, out);

        if (err != 0) {
            load->found->why = "a ring cannot be connected";
            return err;
        }
    } else {
        *out = conn_new(load->store, domain, CONN_RING, &no_ops);
        domain->conn = *out;
    }
    domain->introduced = domain->known = true;
    return *out != NULL ? 0 : -ENOMEM;
}

static int make_socket(struct load *load, const struct state_connection *body, struct conn **out)
{
    if (load->hooks != NULL && load->hooks->socket != NULL) {
        int err = load->hooks->socket(load->store, body->socket.fd, out);

        if (err != 0) {
            load->found->why = "a socket cannot be taken over";
            return err;
        }
    } else {
        *out = conn_new(load->store, load_domain(load, DOMID_DOM0), CONN_SOCKET, &no_ops);
    }
    if (*out == NULL) {
        return -ENOMEM;
    }
    (*out)->fd = body->socket.fd;
    return 0;
}

/* The rest of a message: it still is one whose beginning is out. */
static int queue_rest(struct conn *conn, const uint8_t *data, size_t len)
{
    struct message *message = message_new(len);

    if (message == NULL) {
        return -ENOMEM;
    }
    memset(message->data, 0, sizeof(struct xsd_sockmsg));
    memcpy(message->data + sizeof(struct xsd_sockmsg), data, len);
    message->sent = sizeof(struct xsd_sockmsg);
    conn_enqueue(conn, message);
    return 0;
}

static int queue(struct load *load, struct conn *conn, const uint8_t *data, size_t len, bool event)
{
    struct message *message = message_new(len - sizeof(struct xsd_sockmsg));

    if (message == NULL) {
        return -ENOMEM;
    }
    memcpy(message->data, data, len);
    message->event = event;
    if (event) {
        table_add(&load->store->pending, &message->pending,
                  hash_bytes((const char *)data, len) + conn->id);
    }
    conn_enqueue(conn, message);
    return 0;
}

/* What waited to go out: perhaps the rest of a message, then whole ones. */
static int load_out(struct load *load, struct conn *conn, struct view *view, size_t partial)
{
    const uint8_t *data = take_bytes(view, partial);
    int err = 0;

    if (data == NULL || partial > CONN_IN_MAX) {
        return load_bad(load, "what waits to go out");
    }
    if (partial != 0) {
        err = queue_rest(conn, data, partial);
    }
    while (err == 0 && view->len != 0) {
        struct xsd_sockmsg header;

        if (view->len < sizeof(header)) {
            return load_bad(load, "a message that waits");
        }
        memcpy(&header, view->at, sizeof(header));
        data = header.len <= XENSTORE_PAYLOAD_MAX ? take_bytes(view, sizeof(header) + header.len)
                                                  : NULL;
        if (data == NULL) {
            return load_bad(load, "a message that waits");
        }
        err = queue(load, conn, data, sizeof(header) + header.len, header.type == XS_WATCH_EVENT);
    }
    return err;
}

static int load_in(struct load *load, struct conn *conn, struct view *view, size_t len)
{
    const uint8_t *data = take_bytes(view, len);

    if (data == NULL || len > CONN_IN_MAX) {
        return load_bad(load, "what came in");
    }
    if (len != 0) {
        conn->in = mem_alloc(CONN_IN_MAX);
        if (conn->in == NULL) {
            return -ENOMEM;
        }
        memcpy(conn->in, data, len);
        conn->in_end = (uint32_t)len;
    }
    return 0;
}

static int load_connection(struct load *load, struct view *view)
{
    struct state_connection body;
    struct conn *conn = NULL;
    struct view out;
    int err;

    if (!take(view, &body, sizeof(body)) || body.id == 0 || body.kind > CONN_SOCKET ||
        !load->global || conn_by_id(load, body.id) != NULL) {
        return load_bad(load, "connection");
    }
    err = body.kind == CONN_RING ? make_ring(load, &body, &conn) : make_socket(load, &body, &conn);
    if (err != 0) {
        return err;
    }
    conn->id = body.id;
    if (load->store->next_conn < body.id) {
        load->store->next_conn = body.id;
    }
    load->conn = conn;
    load->found->connections++;
    err = load_in(load, conn, view, body.in_len);
    out = (struct view){view->at, body.out_len};
    if (err == 0 && take_bytes(view, body.out_len) == NULL) {
        err = load_bad(load, "what waits to go out");
    }
    return err == 0 ? load_out(load, conn, &out, body.partial_len) : err;
}

static int load_watch(struct load *load, struct view *view, bool extended)
{
    char full[PATH_ABS_MAX + 32];
    uint16_t depth[2] = {STATE_DEEP, 0};
    const char *path, *token;
    struct state_watch body;
    struct watch *watch;
    struct conn *conn;
    int strip = 0, err;

    if (!take(view, &body, sizeof(body)) || (extended && !take(view, depth, sizeof(depth)))) {
        return load_bad(load, "watch");
    }
    conn = conn_by_id(load, body.connection);
    path = take_text(view, body.path_len);
    token = take_text(view, body.token_len);
    if (conn == NULL || path == NULL || token == NULL || body.path_len > PATH_ABS_MAX + 1) {
        return load_bad(load, "watch");
    }
    if (path[0] != '/' && path[0] != '@') {
        strip = snprintf(full, sizeof(full), "/local/domain/%u/", conn->domain->domid);
    }
    memcpy(full + strip, path, body.path_len);
    if (!path_valid(full, (size_t)strip + body.path_len - 1, (size_t)strip)) {
        return load_bad(load, "path of a watch");
    }
    err = watch_add(load->store, conn, full, (size_t)strip + body.path_len - 1, (size_t)strip,
                    token, depth[0] == STATE_DEEP ? WATCH_DEEP : depth[0], &watch);
    return err == -EEXIST ? load_bad(load, "the same watch twice") : err;
}

static int load_transaction(struct load *load, struct view *view)
{
    struct state_transaction body;
    struct conn *conn;
    struct txn *txn;
    int err;

    if (!take(view, &body, sizeof(body))) {
        return load_bad(load, "transaction");
    }
    conn = conn_by_id(load, body.connection);
    if (conn == NULL || body.id == 0 || txn_find(conn, body.id) != NULL) {
        return load_bad(load, "transaction");
    }
    err = txn_start(load->store, conn,
                    load->store->edge->now != NULL ? load->store->edge->now() : 0, &txn);
    if (err == 0) {
        txn->id = body.id;
        conn->next_txn = body.id > conn->next_txn ? body.id : conn->next_txn;
    }
    return err;
}

static int load_record(struct load *load, uint32_t type, struct view *view)
{
    switch (type) {
    case STATE_GLOBAL:
        return load_global(load, view);
    case STATE_CONNECTION:
        return load_connection(load, view);
    case STATE_WATCH:
        return load_watch(load, view, false);
    case STATE_WATCH_EXTENDED:
        return load_watch(load, view, true);
    case STATE_TRANSACTION:
        return load_transaction(load, view);
    case STATE_NODE:
        return load_node(load, view);
    case STATE_GLOBAL_QUOTA:
        return load_quota(load, view);
    case STATE_DOMAIN:
        return load_domain_data(load, view);
    default:
        return load_bad(load, "a record of an unknown type");
    }
}

static int load_header(struct load *load, struct view *view)
{
    struct state_header header;

    if (!take(view, &header, sizeof(header)) ||
        memcmp(header.ident, STATE_IDENT, sizeof(header.ident)) != 0) {
        return load_bad(load, "this is no state of a store");
    }
    load->found->version = ntohl(header.version);
    if (load->found->version == 0 || load->found->version > STATE_VERSION_MAX) {
        return load_bad(load, "a version that is not known here");
    }
    return header.flags == 0 ? 0 : load_bad(load, "another byte order");
}

static int load_records(struct load *load, struct view view)
{
    int err = 0;

    while (err == 0) {
        struct state_record head;
        struct view body;

        if (!take(&view, &head, sizeof(head))) {
            return load_bad(load, "it ends too early");
        }
        body = (struct view){view.at, head.len};
        if (head.len > UINT32_MAX - 7 || take_bytes(&view, (head.len + 7u) & ~7u) == NULL) {
            return load_bad(load, "a record ends too early");
        }
        if (head.type == STATE_END) {
            return view.len == 0 && head.len == 0 ? 0 : load_bad(load, "something after its end");
        }
        err = load_record(load, head.type, &body);
    }
    return err;
}

int state_load(struct store *store, const void *data, size_t len, const struct state_hooks *hooks,
               struct state_found *found)
{
    struct load *load = mem_zalloc(sizeof(*load));
    struct view view = {data, len};
    int err;

    *found = (struct state_found){.why = "out of memory"};
    if (load == NULL) {
        return -ENOMEM;
    }
    load->store = store;
    load->hooks = hooks;
    load->found = found;
    err = load_header(load, &view);
    err = err == 0 ? load_records(load, view) : err;
    if (err == 0 && !load->global) {
        err = load_bad(load, "no global data");
    }
    err = err == 0 ? load_nodes_end(load) : err;
    if (err == 0 && load->expected != 0 && load->expected != (uint32_t)found->nodes) {
        err = load_bad(load, "nodes are missing");
    }
    err = err == 0 ? load_pending(load) : err;
    err = err == 0 ? load_known(load) : err;
    load_domains_end(load);
    if (err == -ENOMEM) {
        found->why = "out of memory";
    }
    load_nodes_free(load);
    mem_free(load);
    return err;
}
