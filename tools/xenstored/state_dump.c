/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

#define NODE_BYTES 64 /* of most records of nodes */

struct dump {
    const struct state_edge *edge;
    struct store *store;
    struct bytes *out;
    struct txn *txn; /* whose pending nodes are written */
    /* The permissions of the last node, as they are written: often the next has the same. */
    const struct perm_set *perms;
    struct state_perm entry[STORE_PERMS_MAX];
};

void bytes_free(struct bytes *bytes)
{
    mem_free(bytes->data);
    *bytes = (struct bytes){.data = NULL};
}

/* Room for n more bytes; NULL when out of memory. What they are is the caller's to say. */
static uint8_t *extend(struct bytes *out, size_t n)
{
    uint8_t *at;

    if (n > out->room - out->len) {
        size_t room = 2 * out->room + n + 4096;

        at = mem_resize(out->data, room);
        if (at == NULL) {
            return NULL;
        }
        out->data = at;
        out->room = room;
    }
    at = out->data + out->len;
    out->len += n;
    return at;
}

/* A record with a body of `len` bytes, padded with zeros; NULL when out of memory. */
static inline uint8_t *record(struct dump *dump, enum state_type type, size_t len)
{
    size_t padded = (len + 7) & ~(size_t)7;
    struct state_record head = {.type = type, .len = (uint32_t)padded};
    uint8_t *at = extend(dump->out, sizeof(head) + padded);

    if (at == NULL) {
        return NULL;
    }
    memcpy(at, &head, sizeof(head));
    /* What pads it is in its last 8 bytes: what belongs there is written later. */
    memset(at + sizeof(head) + padded - (padded != 0 ? 8 : 0), 0, padded != 0 ? 8 : 0);
    return at + sizeof(head);
}

static inline uint8_t *append(uint8_t *at, const void *data, size_t len)
{
    mem_copy(at, data, len);
    return at + len;
}

static int dump_header(struct dump *dump)
{
    struct state_header header = {.ident = STATE_IDENT, .version = htonl(dump->edge->version)};
    struct state_global global = {dump->edge->listener, dump->edge->channels};
    uint8_t *at = extend(dump->out, sizeof(header));

    if (at == NULL) {
        return -ENOMEM;
    }
    memcpy(at, &header, sizeof(header));
    at = record(dump, STATE_GLOBAL, sizeof(global));
    if (at == NULL) {
        return -ENOMEM;
    }
    memcpy(at, &global, sizeof(global));
    return 0;
}

/* Values and names of a quota record, gathered first. */
struct values {
    size_t count, names_len;
    uint32_t value[2 * QUOTA_ITEMS + 4];
    char names[512];
};

static void add_value(struct values *values, const char *prefix, const char *name, uint32_t value)
{
    size_t room = sizeof(values->names) - values->names_len;

    values->value[values->count++] = value;
    values->names_len +=
        (size_t)snprintf(values->names + values->names_len, room, "%s%s", prefix, name) + 1;
}

static uint8_t *put_values(uint8_t *at, const struct values *values)
{
    at = append(at, values->value, values->count * sizeof(uint32_t));
    return append(at, values->names, values->names_len);
}

static size_t values_bytes(const struct values *values)
{
    return values->count * sizeof(uint32_t) + values->names_len;
}

/* How many nodes will follow; 0: transactions have others, and it is not known. */
static uint32_t count_nodes(const struct store *store)
{
    const struct conn *conn, *after;

    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        if (!list_empty(&conn->txns)) {
            return 0;
        }
    }
    return (uint32_t)store->env.nodes;
}

static int dump_quotas(struct dump *dump)
{
    const struct quota_limits *limits = &dump->store->domains.limits;
    struct values values = {.count = 0};
    struct state_quota quota = {.global_values = 3};
    uint8_t *at;

    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        add_value(&values, "", quota_name(i), limits->hard[i]);
    }
    add_value(&values, "soft-", quota_name(QUOTA_MEMORY), limits->soft[QUOTA_MEMORY]);
    quota.domain_values = (uint16_t)values.count;
    add_value(&values, "", "hearth-generation-low", (uint32_t)dump->store->gen);
    add_value(&values, "", "hearth-generation-high", (uint32_t)(dump->store->gen >> 32));
    add_value(&values, "", "hearth-nodes", count_nodes(dump->store));
    at = record(dump, STATE_GLOBAL_QUOTA, sizeof(quota) + values_bytes(&values));
    if (at == NULL) {
        return -ENOMEM;
    }
    (void)put_values(append(at, &quota, sizeof(quota)), &values);
    return 0;
}

static int dump_domain(struct dump *dump, const struct domain *domain)
{
    struct values values = {.count = 0};
    struct state_domain body = {.domid = domain->domid, .features = domain->features};
    uint8_t *at;

    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        if (domain->quota.limit[i] != QUOTA_DEFAULT) {
            add_value(&values, "", quota_name(i), domain->quota.limit[i]);
        }
    }
    add_value(&values, "", "hearth-introduced", domain->introduced);
    add_value(&values, "", "hearth-shutdown", domain->shutdown);
    add_value(&values, "", "hearth-features", domain->features_set);
    body.values = (uint16_t)values.count;
    at = record(dump, STATE_DOMAIN, sizeof(body) + values_bytes(&values));
    if (at == NULL) {
        return -ENOMEM;
    }
    (void)put_values(append(at, &body, sizeof(body)), &values);
    return 0;
}

/* Domains without a connection need a record, too, if they are known to exist. */
static int dump_domains(struct dump *dump)
{
    int err = 0;

    for (unsigned int i = 0; i < dump->store->domains.end && err == 0; i++) {
        const struct domain *domain = domain_find(&dump->store->domains, (uint16_t)i);

        if (domain != NULL && (domain->known || domain->introduced || domain->features_set)) {
            err = dump_domain(dump, domain);
        }
    }
    return err;
}

static int dump_watch(struct dump *dump, const struct watch *watch)
{
    bool extended = watch->depth != WATCH_DEEP && dump->edge->version >= 2;
    const char *path = watch_path(watch) + watch->strip;
    uint16_t depth[2] = {watch->depth < STATE_DEEP ? (uint16_t)watch->depth : STATE_DEEP, 0};
    struct state_watch body = {watch->conn->id, (uint16_t)(watch->path_len - watch->strip + 1),
                               (uint16_t)(watch->token_len + 1)};
    size_t len = sizeof(body) + body.path_len + body.token_len;
    uint8_t *at = record(dump, extended ? STATE_WATCH_EXTENDED : STATE_WATCH,
                         len + (extended ? sizeof(depth) : 0));

    if (at == NULL) {
        return -ENOMEM;
    }
    at = append(at, &body, sizeof(body));
    at = append(at, depth, extended ? sizeof(depth) : 0);
    at = append(at, path, body.path_len);
    (void)append(at, watch_token(watch), body.token_len);
    return 0;
}

static size_t out_bytes(const struct conn *conn, size_t *partial)
{
    struct message *message, *after;
    size_t len = 0;

    *partial = 0;
    list_for_each_entry(message, after, &conn->out, struct message, link)
    {
        len += message->len - message->sent;
        if (message->sent != 0) {
            *partial = message->len - message->sent;
        }
    }
    return len;
}

static int dump_connection(struct dump *dump, const struct conn *conn)
{
    static const char ok[] = "OK";
    const struct state_edge *edge = dump->edge;
    struct message *message, *message_after;
    struct watch *watch, *watch_after;
    struct xsd_sockmsg answer = edge->answer;
    bool asker = conn == edge->asker;
    size_t partial, out = out_bytes(conn, &partial) + (asker ? sizeof(answer) + sizeof(ok) : 0);
    struct state_connection body = {.id = conn->id,
                                    .kind = (uint16_t)conn->kind,
                                    .in_len = (uint16_t)(conn->in_end - conn->in_start),
                                    .partial_len = (uint16_t)partial,
                                    .out_len = (uint32_t)out};
    uint8_t *at = record(dump, STATE_CONNECTION, sizeof(body) + body.in_len + body.out_len);
    int err = 0;

    if (at == NULL) {
        return -ENOMEM;
    }
    if (conn->kind == CONN_RING) {
        body.ring.domid = conn->domain->domid;
        body.ring.target =
            conn->domain->target != conn->domain->domid ? conn->domain->target : STATE_NO_TARGET;
        body.ring.port = edge->port != NULL ? edge->port(conn) : 0;
    } else {
        body.socket.fd = conn->fd;
    }
    at = append(at, &body, sizeof(body));
    at = append(at, conn->in != NULL ? conn->in + conn->in_start : NULL, body.in_len);
    list_for_each_entry(message, message_after, &conn->out, struct message, link)
    {
        at = append(at, message->data + message->sent, message->len - message->sent);
    }
    if (asker) {
        answer.len = sizeof(ok);
        at = append(at, &answer, sizeof(answer));
        (void)append(at, ok, sizeof(ok));
    }
    list_for_each_entry(watch, watch_after, &conn->watches, struct watch, link)
    {
        err = err == 0 ? dump_watch(dump, watch) : err;
    }
    return err;
}

static void encode_perms(struct dump *dump, const struct perm_set *perms)
{
    const struct domain_table *domains = &dump->store->domains;

    for (uint32_t i = 0; i < perms->count; i++) {
        const struct perm *perm = &perms->entry[i];

        dump->entry[i] = (struct state_perm){
            .letter = (uint8_t)perm_letter(perm),
            .flags = perm->serial != domain_serial(domains, perm->domid) ? STATE_STALE : 0,
            .domid = perm->domid};
    }
    dump->perms = perms;
}

/* `perms` NULL: there is no such node. */
static inline __attribute__((always_inline)) int put_node(struct dump *dump, const char *path,
                                                          size_t len, const struct perm_set *perms,
                                                          const char *value, size_t value_len,
                                                          unsigned int access)
{
    uint32_t count = perms != NULL ? perms->count : 0;
    struct state_node body = {.path_len = (uint16_t)(len + 1),
                              .value_len = (uint16_t)value_len,
                              .access = (uint16_t)access,
                              .perms = (uint16_t)count};
    uint8_t *at = record(dump, STATE_NODE,
                         sizeof(body) + count * sizeof(struct state_perm) + len + 1 + value_len);

    if (at == NULL) {
        return -ENOMEM;
    }
    if (perms != NULL && perms != dump->perms) {
        encode_perms(dump, perms);
    }
    if (dump->txn != NULL) {
        body.connection = dump->txn->conn->id;
        body.transaction = dump->txn->id;
    }
    memcpy(at, &body, sizeof(body));
    at = append(at + sizeof(body), dump->entry, count * sizeof(struct state_perm));
    at = append(at, path, len);
    *at++ = '\0';
    (void)append(at, value, value_len);
    return 0;
}

static int dump_node(struct dump *dump, const char *path, size_t len, const struct perm_set *perms,
                     const char *value, size_t value_len, unsigned int access)
{
    return put_node(dump, path, len, perms, value, value_len, access);
}

static int visit(void *arg, const char *path, size_t len, const struct node *node)
{
    return put_node(arg, path, len, node_perms(node), node_value(node), node->value_len, 0);
}

static int dump_access(struct dump *dump, const struct access *access, bool doomed)
{
    const struct node *node = tree_find(&dump->txn->tree, access->path, access->len);
    unsigned int bits = STATE_OURS | (doomed ? STATE_DOOMED : 0) |
                        ((unsigned int)access->flags << STATE_ACCESS_SHIFT);

    if (node == NULL) {
        return dump_node(dump, access->path, access->len, NULL, NULL, 0, bits);
    }
    if ((access->flags & (ACCESS_NODE | ACCESS_KIDS)) != 0) {
        bits |= STATE_READ;
    }
    if ((access->flags & (ACCESS_VALUE | ACCESS_PERMS | ACCESS_MADE | ACCESS_GONE)) != 0) {
        bits |= STATE_WRITTEN;
    }
    return dump_node(dump, access->path, access->len, node_perms(node), node_value(node),
                     node->value_len, bits);
}

static int dump_transaction(struct dump *dump, struct txn *txn)
{
    struct state_transaction body = {txn->conn->id, txn->id};
    uint8_t *at = record(dump, STATE_TRANSACTION, sizeof(body));
    bool doomed = !txn_valid(dump->store, txn);
    struct access *access, *after;
    int err = at != NULL ? 0 : -ENOMEM;

    if (err == 0) {
        memcpy(at, &body, sizeof(body));
    }
    dump->txn = txn;
    list_for_each_entry(access, after, &txn->accesses, struct access, link)
    {
        err = err == 0 ? dump_access(dump, access, doomed) : err;
    }
    dump->txn = NULL;
    return err;
}

static int dump_transactions(struct dump *dump)
{
    struct conn *conn, *conn_after;
    struct txn *txn, *txn_after;
    int err = 0;

    list_for_each_entry(conn, conn_after, &dump->store->conns, struct conn, link)
    {
        list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
        {
            err = err == 0 ? dump_transaction(dump, txn) : err;
        }
    }
    return err;
}

static int dump_special(struct dump *dump)
{
    static const char introduce[] = "@introduceDomain", release[] = "@releaseDomain";
    int err =
        dump_node(dump, introduce, sizeof(introduce) - 1, dump->store->introduce_perms, NULL, 0, 0);

    return err == 0 ? dump_node(dump, release, sizeof(release) - 1, dump->store->release_perms,
                                NULL, 0, 0)
                    : err;
}

static int dump_all(struct dump *dump)
{
    struct store *store = dump->store;
    const struct state_edge *edge = dump->edge;
    struct conn *conn, *after;
    int err = dump_header(dump);

    if (err == 0 && edge->version >= 2) {
        err = dump_quotas(dump);
    }
    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        if (err == 0 && (!edge->checkpoint || conn->kind == CONN_RING)) {
            err = dump_connection(dump, conn);
        }
    }
    if (err == 0 && edge->version >= 2) {
        err = dump_domains(dump);
    }
    err = err == 0 ? dump_special(dump) : err;
    err = err == 0 ? tree_walk(tree_root(&store->tree), "/", 1, visit, dump) : err;
    err = err == 0 && !edge->checkpoint ? dump_transactions(dump) : err;
    return err == 0 && record(dump, STATE_END, 0) == NULL ? -ENOMEM : err;
}

int state_dump(struct store *store, const struct state_edge *edge, struct bytes *out)
{
    struct dump dump;

    dump.edge = edge;
    dump.store = store;
    dump.out = out;
    dump.txn = NULL;
    dump.perms = NULL;
    /* What it will nearly be, so that little is copied as it grows. */
    if (extend(out, store->env.nodes * NODE_BYTES) == NULL) {
        return -ENOMEM;
    }
    out->len = 0;
    return dump_all(&dump);
}
