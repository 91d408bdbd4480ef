/* SPDX-License-Identifier: Apache-2.0 */
#include "store_world.h"

#include <errno.h>

struct world world;

/* XS_CONTROL belongs to the daemon's edge. */
int control_request(struct request *request)
{
    (void)request;
    return -ENOSYS;
}

static ssize_t client_read(struct conn *conn, void *to, size_t room)
{
    struct client *client = conn->owner;
    size_t n = client->in_len - client->in_at;

    n = n < room ? n : room;
    memcpy(to, client->in + client->in_at, n);
    client->in_at += n;
    return (ssize_t)n;
}

static ssize_t client_write(struct conn *conn, const void *from, size_t len)
{
    struct client *client = conn->owner;
    size_t n = len < client->room ? len : client->room;

    n = n < WORLD_BYTES - client->out_len ? n : WORLD_BYTES - client->out_len;
    memcpy(client->out + client->out_len, from, n);
    client->out_len += n;
    client->room -= n;
    return (ssize_t)n;
}

static void client_broken(struct conn *conn, int err)
{
    struct client *client = conn->owner;

    (void)err;
    client->broken = true;
}

static void client_wants(struct conn *conn)
{
    (void)conn;
}

static const struct conn_ops client_ops = {
    .read = client_read,
    .write = client_write,
    .broken = client_broken,
    .wants = client_wants,
};

static struct client *client_new(struct domain *domain, enum conn_kind kind)
{
    struct client *client = calloc(1, sizeof(*client) + 2 * WORLD_BYTES);

    assert_non_null(client);
    client->in = (uint8_t *)(client + 1);
    client->out = client->in + WORLD_BYTES;
    client->room = SIZE_MAX;
    client->conn = conn_new(&world.store, domain, kind, &client_ops);
    if (client->conn == NULL) {
        free(client);
        return NULL;
    }
    client->conn->owner = client; /* goes with it */
    return client;
}

static int edge_introduce(struct store *store, struct domain *domain)
{
    (void)store;
    if (domain->conn == NULL) {
        struct client *client = client_new(domain, CONN_RING);

        if (client == NULL) {
            return -ENOMEM;
        }
        domain->conn = client->conn;
    }
    return 0;
}

static void edge_release(struct store *store, struct domain *domain)
{
    (void)store;
    if (domain->conn != NULL) {
        conn_retire(domain->conn);
    }
}

static enum domain_state edge_state(struct store *store, uint16_t domid)
{
    (void)store;
    return domid < array_len(world.state) ? world.state[domid] : DOMAIN_ABSENT;
}

static const struct store_edge edge = {
    .introduce = edge_introduce,
    .release = edge_release,
    .state = edge_state,
};

void world_start(void)
{
    memset(&world, 0, sizeof(world));
    for (size_t i = 0; i < array_len(world.state); i++) {
        world.state[i] = i < 32 ? DOMAIN_RUNS : DOMAIN_ABSENT;
    }
    assert_int_equal(store_init(&world.store, &edge), 0);
    world.boss = world_socket();
}

void world_end(void)
{
    assert_int_equal(store_check(&world.store), 0);
    store_free(&world.store);
    assert_int_equal(world.store.env.nodes, 0);
    assert_int_equal(world.store.env.bytes, 0);
    assert_int_equal(pool_count(), 0);
}

int world_setup(void **state)
{
    (void)state;
    world_start();
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    world_end();
    return 0;
}

struct client *world_guest(uint16_t domid)
{
    struct domain *domain = domain_find(&world.store.domains, domid);

    if (domain == NULL || domain->conn == NULL) {
        assert_string_equal(world_askf(world.boss, XS_INTRODUCE, 0, "%u|1|1|", domid), "OK|");
        domain = domain_find(&world.store.domains, domid);
    }
    return domain->conn->owner;
}

struct client *world_socket(void)
{
    struct client *client = client_new(domain_find(&world.store.domains, DOMID_DOM0), CONN_SOCKET);

    assert_non_null(client);
    return client;
}

void world_hang_up(struct client *client)
{
    conn_free(client->conn);
}

void world_send_bytes(struct client *client, uint32_t type, uint32_t tx, const void *payload,
                      size_t len)
{
    struct xsd_sockmsg header = {
        .type = type, .req_id = ++client->next_req, .tx_id = tx, .len = (uint32_t)len};

    if (client->in_at == client->in_len) {
        client->in_at = client->in_len = 0;
    }
    assert_true(client->in_len + sizeof(header) + len <= WORLD_BYTES);
    memcpy(client->in + client->in_len, &header, sizeof(header));
    memcpy(client->in + client->in_len + sizeof(header), payload, len);
    client->in_len += sizeof(header) + len;
}

void world_send(struct client *client, uint32_t type, uint32_t tx, const char *text)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    size_t len = strlen(text);

    assert_true(len <= sizeof(payload));
    for (size_t i = 0; i < len; i++) {
        payload[i] = (char)(text[i] == '|' ? '\0' : text[i]);
    }
    world_send_bytes(client, type, tx, payload, len);
}

void world_run(struct client *client)
{
    bool more = true;

    while (more || client->in_at < client->in_len) {
        size_t at = client->in_at;

        more = !client->broken && conn_turn(client->conn);
        store_collect(&world.store);
        if (!more && client->in_at == at) {
            break;
        }
    }
}

static void add_text(char *to, size_t size, const uint8_t *payload, size_t len)
{
    size_t at = strlen(to);

    assert_true(at + len < size);
    for (size_t i = 0; i < len; i++) {
        to[at + i] = (char)(payload[i] == '\0' ? '|' : payload[i]);
    }
    to[at + len] = '\0';
}

/* Takes the messages that came apart; returns whether the reply to the last request was there. */
static bool sort_messages(struct client *client)
{
    bool found = false;
    size_t at = 0;

    while (client->out_len - at >= sizeof(struct xsd_sockmsg)) {
        struct xsd_sockmsg header;
        const uint8_t *payload = client->out + at + sizeof(header);

        memcpy(&header, client->out + at, sizeof(header));
        assert_true(header.len <= XENSTORE_PAYLOAD_MAX);
        if (client->out_len - at < sizeof(header) + header.len) {
            break;
        }
        if (header.type == XS_WATCH_EVENT) {
            add_text(client->events, sizeof(client->events) - 1, payload, header.len);
            strcat(client->events, " ");
        } else {
            strcpy(client->reply, header.type == XS_ERROR ? "!" : "");
            add_text(client->reply, sizeof(client->reply), payload,
                     header.len - (header.type == XS_ERROR ? 1 : 0));
            found = header.req_id == client->next_req;
        }
        at += sizeof(header) + header.len;
    }
    memmove(client->out, client->out + at, client->out_len - at);
    client->out_len -= at;
    return found;
}

const char *world_ask(struct client *client, uint32_t type, uint32_t tx, const char *text)
{
    world_send(client, type, tx, text);
    world_run(client);
    return sort_messages(client) ? client->reply : NULL;
}

const char *world_askf(struct client *client, uint32_t type, uint32_t tx, const char *format, ...)
{
    char text[XENSTORE_PAYLOAD_MAX + 1];
    va_list args;

    va_start(args, format);
    assert_in_range(vsnprintf(text, sizeof(text), format, args), 0, XENSTORE_PAYLOAD_MAX);
    va_end(args);
    return world_ask(client, type, tx, text);
}

uint32_t world_txn(struct client *client)
{
    const char *reply = world_ask(client, XS_TRANSACTION_START, 0, "|");

    assert_non_null(reply);
    assert_true(reply[0] != '!');
    return (uint32_t)strtoul(reply, NULL, 10);
}

const char *world_events(struct client *client)
{
    static char events[sizeof(client->events)];
    size_t len;

    (void)sort_messages(client);
    strcpy(events, client->events);
    client->events[0] = '\0';
    len = strlen(events);
    if (len != 0) {
        events[len - 1] = '\0';
    }
    return events;
}

static int dump_node(void *arg, const char *path, size_t len, const struct node *node)
{
    fprintf(arg, "%.*s = %.*s (", (int)len, path, node->value_len, node_value(node));
    for (uint32_t i = 0; i < node_perms(node)->count; i++) {
        const struct perm *perm = &node_perms(node)->entry[i];

        fprintf(arg, " %c%u.%u", perm_letter(perm), perm->domid, perm->serial);
    }
    fprintf(arg, " )\n");
    return 0;
}

static void dump_conn(FILE *to, const struct conn *conn)
{
    const struct watch *watch, *watch_after;
    const struct txn *txn, *txn_after;

    fprintf(to, "connection %u of %u%s\n", conn->id, conn->domain->domid,
            conn->broken ? ", broken" : "");
    list_for_each_entry(watch, watch_after, &conn->watches, struct watch, link)
    {
        fprintf(to, " watch %s %s\n", watch_path(watch), watch_token(watch));
    }
    list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
    {
        fprintf(to, " transaction %u\n", txn->id);
        if (txn->begun) {
            assert_int_equal(tree_walk(tree_root(&txn->tree), "/", 1, dump_node, to), 0);
        }
    }
}

char *world_dump(void)
{
    const struct conn *conn, *after;
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_int_equal(tree_walk(tree_root(&world.store.tree), "/", 1, dump_node, to), 0);
    for (unsigned int i = 0; i < DOMAINS; i++) {
        const struct domain *domain = domain_find(&world.store.domains, (uint16_t)i);

        if (domain != NULL && domain->introduced) {
            fprintf(to, "domain %u:", i);
            for (unsigned int item = 0; item < QUOTA_COUNTED; item++) {
                fprintf(to, " %llu", (unsigned long long)domain->quota.used[item]);
            }
            fprintf(to, "\n");
        }
    }
    list_for_each_entry(conn, after, &world.store.conns, struct conn, link)
    {
        dump_conn(to, conn);
    }
    fclose(to);
    return text;
}
