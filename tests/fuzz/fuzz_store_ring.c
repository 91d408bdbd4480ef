/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings of domains: pages whose indexes, contents and flags two domains change at any moment,
 * between any two looks that the daemon takes at them. A third domain behaves, and is served all
 * along; the two are again once they reconnect. Reaches 720 edges.
 */
#include "store_edge.h"

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define GUESTS    4 /* dom0 has no ring here; the last one behaves */
#define VICTIM    3
#define TURNS_MAX 100000

static union {
    struct xenstore_domain_interface ring;
    uint8_t bytes[4096];
} pages[GUESTS];

static bool mapped[GUESTS], exists[GUESTS], restless;
static uint32_t events[GUESTS]; /* that wait for the daemon */
static struct source *channels;
static struct list waiting; /* turns */
static unsigned int turns_taken;

/* --- The domains ----------------------------------------------------------------------------- */

static void put_request(struct xenstore_domain_interface *ring, const uint8_t *request, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = (char)request[i];
        ring->req_prod++;
    }
}

static uint32_t *field(struct xenstore_domain_interface *ring)
{
    switch (take(7)) {
    case 0:
        return &ring->req_cons;
    case 1:
        return &ring->req_prod;
    case 2:
        return &ring->rsp_cons;
    case 3:
        return &ring->rsp_prod;
    case 4:
        return &ring->connection;
    case 5:
        return &ring->error;
    default:
        return &ring->server_features;
    }
}

static void change_page(void)
{
    unsigned int guest = 1 + take(2);
    struct xenstore_domain_interface *ring = &pages[guest].ring;
    uint8_t request[600];
    uint32_t *word;

    switch (take(6)) {
    case 0:
        word = field(ring);
        *word = take(2) == 0 ? take_word() : take(3);
        break;
    case 1:
        word = field(ring);
        *word += take(64);
        break;
    case 2:
        ring->req[take_word() % XENSTORE_RING_SIZE] = (char)take(256);
        break;
    case 3:
        ring->rsp_cons = ring->rsp_prod; /* it reads all */
        break;
    default:
        put_request(ring, request, take_request(request, sizeof(request), 1));
        break;
    }
    events[guest] += take(2);
}

/* The daemon has just looked, or is about to. */
static void moment(void)
{
    if (restless && in.left > 0 && take(4) == 0) {
        change_page();
    }
}

/* --- The libraries --------------------------------------------------------------------------- */

static int handle; /* all that is behind any of them */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xenevtchn_handle *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
    (void)fd;
    return xenevtchn_open(logger, flags);
}

int xenevtchn_fd(xenevtchn_handle *h)
{
    (void)h;
    return 0;
}

static uint32_t remote_port[GUESTS]; /* a guest's domid is our port */

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid,
                                                     evtchn_port_t remote)
{
    (void)h;
    if (domid >= GUESTS || remote >= 8) {
        errno = EINVAL;
        return -1;
    }
    remote_port[domid] = remote;
    return (int)domid;
}

int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status)
{
    (void)xch;
    if (status->port >= GUESTS) {
        errno = EINVAL;
        return -1;
    }
    status->status = EVTCHNSTAT_interdomain;
    status->u.interdomain.dom = (domid_t)status->port;
    status->u.interdomain.port = remote_port[status->port];
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned int virq)
{
    (void)h;
    (void)virq;
    return GUESTS;
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
    (void)h;
    MUST(port < GUESTS);
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
    (void)h;
    MUST(port < GUESTS);
    moment();
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
    (void)h;
    for (int guest = 1; guest < GUESTS; guest++) {
        if (events[guest] != 0) {
            events[guest] = 0;
            return guest;
        }
    }
    return -1;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xengnttab_handle *)&handle;
}

int xengnttab_set_max_grants(xengnttab_handle *h, uint32_t count)
{
    (void)h;
    (void)count;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
    (void)h;
    (void)ref;
    (void)prot;
    MUST(domid < GUESTS && !mapped[domid]);
    mapped[domid] = true;
    return &pages[domid];
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
    size_t guest = (size_t)((uint8_t *)start - pages[0].bytes) / sizeof(pages[0]);

    (void)h;
    MUST(count == 1 && guest < GUESTS && mapped[guest]);
    mapped[guest] = false;
    return 0;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dom, unsigned flags)
{
    (void)logger;
    (void)dom;
    (void)flags;
    return (xc_interface *)&handle;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    (void)xch;
    (void)max;
    *info = (xc_dominfo_t){.domid = first};
    return first < GUESTS && exists[first] ? 1 : 0;
}

/* --- The rest of the daemon ------------------------------------------------------------------ */

int server_watch_fd(struct source *source, uint32_t mask)
{
    (void)mask;
    channels = source;
    return 0;
}

void server_turn(struct port *port)
{
    if (list_empty(&port->turn)) {
        list_add_tail(&waiting, &port->turn);
    }
}

void update_gone(const struct conn *conn)
{
    (void)conn;
}

int update_control(struct request *request, unsigned int n)
{
    (void)request;
    return n == 0 ? -EINVAL : 0;
}

int log_open(const char *file)
{
    return file[0] != '/' ? -ENOENT : 0;
}

static void log_moment(const struct conn *conn, const char *what, const struct xsd_sockmsg *header,
                       const char *payload)
{
    (void)conn;
    (void)what;
    (void)header;
    (void)payload;
    moment();
}

static const struct store_edge edge = {.introduce = rings_introduce,
                                       .release = rings_release,
                                       .state = rings_state,
                                       .log = log_moment};

/* As server.c: one turn for each, until none is left. */
static void serve(void)
{
    while (!list_empty(&waiting)) {
        struct port *port = list_entry(waiting.next, struct port, turn);
        struct conn *conn = port->conn;

        MUST(turns_taken++ < TURNS_MAX);
        list_del(&port->turn);
        moment();
        if (conn_turn(conn)) {
            server_turn(port);
        } else if (!conn->broken) {
            conn->ops->wants(conn);
        }
        store_collect(&server.store);
    }
}

static bool event_waits(void)
{
    return events[1] != 0 || events[2] != 0 || events[VICTIM] != 0;
}

static void deliver(void)
{
    while (event_waits()) {
        channels->ready(channels, 0);
        serve();
    }
}

/* --- One input ------------------------------------------------------------------------------- */

static void introduce(unsigned int guest)
{
    exists[guest] = true;
    MUST(store_introduce(&server.store, (uint16_t)guest, 1, 1) == 0);
    watch_send(&server.store, &server.store.events);
}

static void end(unsigned int guest)
{
    exists[guest] = false;
    store_check_domains(&server.store);
    store_collect(&server.store);
}

/* A domain whose ring is in order gets its answer: exactly the one. */
static void must_serve(unsigned int guest, bool empty)
{
    static const struct {
        struct xsd_sockmsg header;
        char path[2];
    } request = {{.type = XS_GET_DOMAIN_PATH, .req_id = 7, .len = 2}, "7"};
    struct xenstore_domain_interface *ring = &pages[guest].ring;
    static const char answer[] = "/local/domain/7";
    struct xsd_sockmsg header;
    char text[sizeof(header) + sizeof(answer)];

    MUST(!empty || (ring->req_cons == ring->req_prod && ring->rsp_cons == ring->rsp_prod));
    put_request(ring, (const uint8_t *)&request, sizeof(header) + 2);
    events[guest]++;
    deliver();
    MUST(ring->rsp_prod - ring->rsp_cons == sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
        ring->rsp_cons++;
    }
    memcpy(&header, text, sizeof(header));
    MUST(header.req_id == 7 && header.type == XS_GET_DOMAIN_PATH);
    MUST(memcmp(text + sizeof(header), answer, sizeof(answer)) == 0);
}

static void step(void)
{
    unsigned int guest = 1 + take(2);

    switch (take(10)) {
    case 0:
        must_serve(VICTIM, true);
        break;
    case 1:
        end(guest);
        break;
    case 2:
        introduce(guest);
        break;
    case 3:
        mem_fail_at(take(8));
        change_page();
        deliver();
        mem_fail_at(0);
        break;
    default:
        change_page();
        deliver();
        break;
    }
}

/* Introduced again, a domain is listened to; with a broken ring it is cut off, until it reconnects.
 */
static void reconnect(unsigned int guest)
{
    introduce(guest);
    MUST(pages[guest].ring.error == XENSTORE_ERROR_NONE);
    pages[guest].ring.connection = XENSTORE_CONNECTED;
    pages[guest].ring.req_prod = pages[guest].ring.req_cons + XENSTORE_RING_SIZE + 1;
    events[guest]++;
    deliver();
    MUST(pages[guest].ring.error == XENSTORE_ERROR_RINGIDX);
    pages[guest].ring.connection = XENSTORE_RECONNECT;
    events[guest]++;
    deliver();
    MUST(pages[guest].ring.connection == XENSTORE_CONNECTED);
    MUST(pages[guest].ring.error == XENSTORE_ERROR_NONE);
    must_serve(guest, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = (struct input){data, size};
    memset(pages, 0, sizeof(pages));
    memset(events, 0, sizeof(events));
    memset(mapped, 0, sizeof(mapped));
    list_init(&waiting);
    turns_taken = 0;
    restless = false;
    MUST(store_init(&server.store, &edge) == 0);
    if (channels == NULL) {
        MUST(rings_start(false) == 0);
    }
    for (unsigned int guest = 1; guest < GUESTS; guest++) {
        introduce(guest);
    }
    restless = true;
    while (in.left > 0) {
        step();
    }
    restless = false;
    check_store();
    must_serve(VICTIM, true);
    reconnect(1);
    reconnect(2);
    for (unsigned int guest = 1; guest < GUESTS; guest++) {
        end(guest);
    }
    MUST(!mapped[1] && !mapped[2] && !mapped[VICTIM]);
    end_store();
    return 0;
}
