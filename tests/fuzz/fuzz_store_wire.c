/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that two sockets of dom0 and three domains send to the store daemon, broken and whole
 * requests of every type, XS_CONTROL among them; clients that do not read; allocations that fail;
 * domains that go. What is charged is counted anew after each input. Reaches 1050 edges.
 */
#define _GNU_SOURCE 1
#include "store_edge.h"

#define CLIENTS 5 /* two sockets, then the domains 1 to 3 */
#define BYTES   8192

/* Messages as a client sees them, however they are cut; replies are counted. */
struct reader {
    uint8_t head[sizeof(struct xsd_sockmsg)];
    uint32_t have, body;
    unsigned int replies;
    uint32_t last_type;
    uint8_t last[8];
};

static void reader_byte(struct reader *reader, uint8_t byte)
{
    struct xsd_sockmsg header;

    if (reader->have < sizeof(header)) {
        reader->head[reader->have++] = byte;
        if (reader->have < sizeof(header)) {
            return;
        }
        memcpy(&header, reader->head, sizeof(header));
        MUST(header.len <= XENSTORE_PAYLOAD_MAX && header.type <= WIRE_TYPES + 1);
        reader->last_type = header.type;
        reader->body = 0;
    } else {
        if (reader->body < sizeof(reader->last)) {
            reader->last[reader->body] = byte;
        }
        reader->body++;
    }
    memcpy(&header, reader->head, sizeof(header));
    if (reader->body == header.len) {
        reader->replies += header.type != XS_WATCH_EVENT;
        reader->have = 0;
    }
}

struct client {
    struct conn *conn;
    uint8_t in[BYTES];
    size_t in_len;
    size_t room; /* bytes that it takes until it reads again */
    struct reader reader;
    uint32_t next_req;
};

static struct client clients[CLIENTS];
static enum domain_state states[4];

/* --- Of the daemon's edge, what XS_CONTROL uses --------------------------------------------- */

int log_open(const char *file)
{
    return file[0] != '/' ? -ENOENT : 0;
}

int update_control(struct request *request, unsigned int n)
{
    return n == 0 ? -EINVAL : request_put(request, "OK", 3);
}

/* Where a request has something written to a file, or to the standard error, it goes nowhere. */
FILE *fopen(const char *path, const char *mode)
{
    return strcmp(mode, "we") == 0 ? fopen64("/dev/null", mode) : fopen64(path, mode);
}

int fprintf(FILE *to, const char *format, ...)
{
    char line[512];
    va_list ap;
    int n;

    (void)to;
    va_start(ap, format);
    n = vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    return n;
}

/* --- Connections ----------------------------------------------------------------------------- */

static struct client *client_of(const struct conn *conn)
{
    for (unsigned int i = 0; i < CLIENTS; i++) {
        if (clients[i].conn == conn) {
            return &clients[i];
        }
    }
    abort();
}

static ssize_t client_read(struct conn *conn, void *to, size_t room)
{
    struct client *client = client_of(conn);
    size_t n = client->in_len < room ? client->in_len : room;

    memcpy(to, client->in, n);
    memmove(client->in, client->in + n, client->in_len - n);
    client->in_len -= n;
    return (ssize_t)n;
}

static ssize_t client_write(struct conn *conn, const void *from, size_t len)
{
    struct client *client = client_of(conn);
    size_t n = len < client->room ? len : client->room;

    for (size_t i = 0; i < n; i++) {
        reader_byte(&client->reader, ((const uint8_t *)from)[i]);
    }
    client->room -= n;
    return (ssize_t)n;
}

static void client_broken(struct conn *conn, int err)
{
    MUST(conn->broken && err < 0);
}

static void client_wants(struct conn *conn)
{
    MUST(!conn->broken);
}

static const struct conn_ops client_ops = {
    .read = client_read,
    .write = client_write,
    .broken = client_broken,
    .wants = client_wants,
};

static int connect_client(unsigned int i, struct domain *domain)
{
    clients[i] = (struct client){.room = SIZE_MAX};
    clients[i].conn = conn_new(&server.store, domain, i < 2 ? CONN_SOCKET : CONN_RING, &client_ops);
    return clients[i].conn != NULL ? 0 : -ENOMEM;
}

static int edge_introduce(struct store *store, struct domain *domain)
{
    int err;

    (void)store;
    if (domain->domid == 0 || domain->domid > 3) {
        return -EINVAL;
    }
    if (domain->conn != NULL) {
        conn_reset(domain->conn);
        domain->conn->broken = false;
        client_of(domain->conn)->reader = (struct reader){.have = 0};
        return 0;
    }
    err = connect_client(domain->domid + 1U, domain);
    domain->conn = clients[domain->domid + 1U].conn;
    return err;
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
    return domid < 4 ? states[domid] : DOMAIN_ABSENT;
}

static const struct store_edge edge = {
    .introduce = edge_introduce, .release = edge_release, .state = edge_state};

/* --- What happens ---------------------------------------------------------------------------- */

static bool lives(const struct client *client)
{
    const struct conn *conn, *after;

    list_for_each_entry(conn, after, &server.store.conns, struct conn, link)
    {
        if (conn == client->conn) {
            return true;
        }
    }
    return false;
}

static void turns(struct client *client, unsigned int most)
{
    bool more = true;

    for (unsigned int i = 0; i < most && more && lives(client); i++) {
        more = conn_turn(client->conn) || client->in_len > 0;
        store_collect(&server.store);
    }
}

static void raw_bytes(struct client *client)
{
    for (uint32_t n = take(24); n > 0 && client->in_len < BYTES; n--) {
        client->in[client->in_len++] = (uint8_t)take(256);
    }
}

static void send_request(struct client *client)
{
    client->in_len += BYTES - client->in_len > 5000
                          ? take_request(client->in + client->in_len, 5000, ++client->next_req)
                          : 0;
}

static void hang_up(struct client *client)
{
    if (client < &clients[2] && lives(client)) {
        conn_free(client->conn);
        client->conn = NULL;
        mem_fail_at(0);
        MUST(connect_client((unsigned int)(client - clients),
                            domain_find(&server.store.domains, DOMID_DOM0)) == 0);
    }
}

/* A request of dom0 that always goes through. */
static void introduce(unsigned int domid)
{
    char text[] = "0\0001\0001";
    struct xsd_sockmsg header = {.type = XS_INTRODUCE, .len = sizeof(text)};
    struct client *boss = &clients[0];

    text[0] = (char)('0' + domid);
    hang_up(boss);
    memcpy(boss->in, &header, sizeof(header));
    memcpy(boss->in + sizeof(header), text, sizeof(text));
    boss->in_len = sizeof(header) + sizeof(text);
    turns(boss, 2);
}

static void step(void)
{
    uint32_t op = take(16);
    struct client *client = &clients[take(CLIENTS)];

    switch (op) {
    case 0:
        raw_bytes(client);
        break;
    case 1:
        turns(client, 4);
        break;
    case 2:
        client->room = take(3) == 0 ? take(64) : SIZE_MAX;
        if (lives(client)) {
            conn_flush(client->conn);
        }
        break;
    case 3:
        mem_fail_at(take(12));
        break;
    case 4:
        hang_up(client);
        break;
    case 5:
        states[1 + take(3)] = (enum domain_state)take(4);
        store_check_domains(&server.store);
        store_collect(&server.store);
        break;
    case 6:
        introduce(1 + take(3));
        break;
    case 7:
        check_store();
        break;
    default:
        send_request(client);
        turns(client, op < 12 ? 1 : 3);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = (struct input){data, size};
    mem_fail_at(0);
    MUST(store_init(&server.store, &edge) == 0);
    memset(clients, 0, sizeof(clients));
    memset(states, 0, sizeof(states));
    for (unsigned int i = 0; i < 2; i++) {
        MUST(connect_client(i, domain_find(&server.store.domains, DOMID_DOM0)) == 0);
    }
    for (unsigned int i = 1; i < 4; i++) {
        introduce(i);
    }
    while (in.left > 0) {
        step();
    }
    end_store();
    return 0;
}
