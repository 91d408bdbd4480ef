/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: their rings, event channels, and their death. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xen/grant_table.h>

#include "ring.h"
#include "update.h"

#define PAGE       4096
#define PORTS_STEP 64u
#define PORTS_MAX  (1u << 24)

struct ring_port {
    struct port port; /* first: what conn.owner points at */
    struct xenstore_domain_interface *page;
    bool granted;   /* mapped by grant, or, dom0's own, by mmap */
    uint32_t local; /* our end of the channel; 0: none */
    bool cut;       /* its ring made no sense: not looked at any more */
};

struct rings {
    struct source source;
    xenevtchn_handle *channels;
    xengnttab_handle *grants;
    xc_interface *control;
    uint32_t virq;
    struct ring_port **by_port; /* by local port */
    size_t ports;
};

static struct rings rings;

static ssize_t moved(struct ring_port *ring, ssize_t n)
{
    if (n > 0) {
        (void)xenevtchn_notify(rings.channels, ring->local);
    }
    return n;
}

static ssize_t domain_read(struct conn *conn, void *to, size_t room)
{
    struct ring_port *ring = conn->owner;

    return ring_read(ring->page, to, room);
}

static void domain_took(struct conn *conn, size_t len)
{
    struct ring_port *ring = conn->owner;

    ring_took(ring->page, len);
    (void)moved(ring, (ssize_t)len);
}

static ssize_t domain_write(struct conn *conn, const void *from, size_t len)
{
    struct ring_port *ring = conn->owner;

    return moved(ring, ring_write(ring->page, from, len));
}

/* Cut off: the record stays until the domain is gone, and a reconnection may bring it back. */
static void domain_broken(struct conn *conn, int err)
{
    struct ring_port *ring = conn->owner;
    uint32_t code = err == -EINVAL
                        ? XENSTORE_ERROR_RINGIDX
                        : (err == -EMSGSIZE ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_COMM);

    ring->cut = true;
    list_del(&ring->port.turn);
    update_gone(conn);
    __atomic_store_n(&ring->page->error, code, __ATOMIC_RELEASE);
    (void)xenevtchn_notify(rings.channels, ring->local);
    log_line("CONN %p ignored, reason %u", (void *)conn, code);
}

static void domain_wants(struct conn *conn)
{
    struct ring_port *ring = conn->owner;

    /* Having room again may mean that requests which waited can be handled. What comes later is
     * announced by an event. */
    if (conn_wants_in(conn) && (conn_has_request(conn) || ring_waits(ring->page))) {
        server_turn(&ring->port);
    }
}

static const struct conn_ops domain_ops = {
    .read = domain_read,
    .write = domain_write,
    .took = domain_took,
    .broken = domain_broken,
    .wants = domain_wants,
};

/* Events of one of our ports are for this ring. */
static int use_port(struct ring_port *ring, uint32_t local)
{
    if ((size_t)local >= rings.ports) {
        size_t more = ((size_t)local / PORTS_STEP + 1) * PORTS_STEP;
        struct ring_port **wider = mem_resize(rings.by_port, more * sizeof(*wider));

        if (wider == NULL) {
            return -ENOMEM;
        }
        memset(wider + rings.ports, 0, (more - rings.ports) * sizeof(*wider));
        rings.by_port = wider;
        rings.ports = more;
    }
    ring->local = local;
    rings.by_port[local] = ring;
    return 0;
}

static int bind_port(struct ring_port *ring, uint16_t domid, uint32_t remote)
{
    xenevtchn_port_or_error_t local = xenevtchn_bind_interdomain(rings.channels, domid, remote);
    int err = local < 0 ? -errno : use_port(ring, (uint32_t)local);

    if (err != 0 && local >= 0) {
        (void)xenevtchn_unbind(rings.channels, (evtchn_port_t)local);
    }
    return err;
}

static void unbind_port(struct ring_port *ring)
{
    if (ring->local != 0) {
        rings.by_port[ring->local] = NULL;
        (void)xenevtchn_unbind(rings.channels, ring->local);
        ring->local = 0;
    }
}

static void unmap(struct ring_port *ring)
{
    if (ring->page != NULL && ring->granted) {
        (void)xengnttab_unmap(rings.grants, ring->page, 1);
    } else if (ring->page != NULL) {
        (void)munmap(ring->page, PAGE);
    }
    ring->page = NULL;
}

/* A connection, or the one that was loaded, for a page that is mapped; it has no channel yet. */
static struct ring_port *ring_new(struct store *store, struct domain *domain, void *page,
                                  bool granted)
{
    struct ring_port *ring = mem_zalloc(sizeof(*ring));
    struct conn *conn = ring != NULL ? domain->conn : NULL;

    if (ring != NULL && conn == NULL) {
        conn = conn_new(store, domain, CONN_RING, &domain_ops);
        if (conn != NULL) {
            conn->in_pos = ((const struct xenstore_domain_interface *)page)->req_cons;
            conn->sent_pos = ((const struct xenstore_domain_interface *)page)->rsp_prod;
        }
    }

    if (conn == NULL) {
        mem_free(ring);
        return NULL;
    }
    conn->ops = &domain_ops;
    ring->page = page;
    ring->granted = granted;
    list_init(&ring->port.turn);
    ring->port.conn = conn;
    conn->owner = ring;
    return ring;
}

/* Makes the connection of a domain whose page is mapped. */
static int connect_ring(struct store *store, struct domain *domain, void *page, bool granted)
{
    bool loaded = domain->conn != NULL;
    struct ring_port *ring = ring_new(store, domain, page, granted);
    int err;

    if (ring == NULL) {
        return -ENOMEM;
    }
    err = bind_port(ring, domain->domid, domain->port);
    if (err != 0 && loaded) {
        ring->port.conn->owner = NULL; /* its watches are still to be told of */
        mem_free(ring);
        return err;
    }
    if (err != 0) {
        conn_free(ring->port.conn); /* and the ring */
        return err;
    }
    domain->conn = ring->port.conn;
    ring->page->server_features = domain->features;
    ring->page->error = XENSTORE_ERROR_NONE;
    /* Whoever introduces a domain says with it that the ring is connected. */
    if (!loaded && ring->page->connection == XENSTORE_RECONNECT) {
        __atomic_store_n(&ring->page->connection, XENSTORE_CONNECTED, __ATOMIC_RELEASE);
    }
    (void)xenevtchn_notify(rings.channels, ring->local);
    server_turn(&ring->port);
    return 0;
}

/* The ring starts afresh: empty, and nothing that the connection had is left. */
static void reconnect(struct conn *conn)
{
    struct ring_port *ring = conn->owner;
    struct xenstore_domain_interface *page = ring->page;

    update_gone(conn);
    conn_reset(conn);
    conn->broken = false;
    ring->cut = false;
    conn->in_pos = conn->sent_pos = 0;
    journal_ring(conn);
    journal_commit(conn->store); /* first: after a crash in between it is done again */
    page->req_cons = page->req_prod = page->rsp_cons = page->rsp_prod = 0;
    page->error = XENSTORE_ERROR_NONE;
    page->server_features = conn->domain->features;
    __atomic_store_n(&page->connection, XENSTORE_CONNECTED, __ATOMIC_RELEASE);
    (void)xenevtchn_notify(rings.channels, ring->local);
}

static void *map_grant(uint16_t domid)
{
    return xengnttab_map_grant_ref(rings.grants, domid, GNTTAB_RESERVED_XENSTORE,
                                   PROT_READ | PROT_WRITE);
}

int rings_introduce(struct store *store, struct domain *domain)
{
    void *page;
    int err;

    if (domain->conn != NULL) {
        struct ring_port *ring = domain->conn->owner;

        unbind_port(ring);
        err = bind_port(ring, domain->domid, domain->port);
        if (err == 0) {
            update_gone(domain->conn);
            conn_reset(domain->conn);
            domain->conn->broken = false;
            domain->conn->in_pos = ring->page->req_cons;
            domain->conn->sent_pos = ring->page->rsp_prod;
            ring->cut = false;
            ring->page->error = XENSTORE_ERROR_NONE;
            ring->page->server_features = domain->features;
            (void)xenevtchn_notify(rings.channels, ring->local);
            server_turn(&ring->port);
        }
        return err != 0 ? -EINVAL : 0;
    }
    page = map_grant(domain->domid);
    if (page == NULL) {
        return -EINVAL;
    }
    err = connect_ring(store, domain, page, true);
    if (err != 0) {
        (void)xengnttab_unmap(rings.grants, page, 1);
    }
    return err == 0 || err == -ENOMEM ? err : -EINVAL;
}

void rings_release(struct store *store, struct domain *domain)
{
    struct conn *conn = domain->conn;

    (void)store;
    if (conn != NULL) {
        struct ring_port *ring = conn->owner;

        unbind_port(ring);
        unmap(ring);
        list_del(&ring->port.turn);
        update_gone(conn);
        conn_retire(conn); /* store_collect() takes it from the domain */
    }
}

enum domain_state rings_state(struct store *store, uint16_t domid)
{
    xc_dominfo_t info;

    (void)store;
    if (xc_domain_getinfo(rings.control, domid, 1, &info) != 1 || info.domid != domid) {
        return DOMAIN_ABSENT;
    }
    if (info.dying) {
        return DOMAIN_DYING;
    }
    return info.shutdown || info.crashed ? DOMAIN_SHUTDOWN : DOMAIN_RUNS;
}

static void channel_ready(struct source *source, uint32_t events)
{
    xenevtchn_port_or_error_t port = xenevtchn_pending(rings.channels);

    (void)source;
    (void)events;
    if (port < 0) {
        return;
    }
    if ((uint32_t)port == rings.virq) {
        store_check_domains(&server.store);
    } else if ((size_t)port < rings.ports && rings.by_port[port] != NULL) {
        struct ring_port *ring = rings.by_port[port];
        struct conn *conn = ring->port.conn;

        if ((conn->domain->features & FEATURE_RECONNECTION) != 0 &&
            __atomic_load_n(&ring->page->connection, __ATOMIC_ACQUIRE) == XENSTORE_RECONNECT) {
            reconnect(conn);
        } else if (!ring->cut) {
            conn_flush(conn);
        }
        if (!ring->cut) {
            server_turn(&ring->port);
        }
    }
    (void)xenevtchn_unmask(rings.channels, (evtchn_port_t)port);
}

static int dom0_port(uint32_t *port)
{
    char text[20] = "";
    int fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    *port = (uint32_t)strtoul(text, NULL, 10);
    return n > 0 && *port != 0 ? 0 : -ENXIO;
}

static void *map_dom0(void)
{
    int fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
    void *page;

    if (fd < 0) {
        return NULL;
    }
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return page != MAP_FAILED ? page : NULL;
}

static int dom0_connect(void)
{
    struct domain *dom0 = domain_find(&server.store.domains, DOMID_DOM0);
    int err = dom0_port(&dom0->port);
    void *page;

    if (err != 0) {
        return err;
    }
    page = map_dom0();
    if (page == NULL) {
        return -ENXIO;
    }
    dom0->features = FEATURES_ALL;
    err = connect_ring(&server.store, dom0, page, false);
    if (err != 0) {
        (void)munmap(page, PAGE);
    }
    return err;
}

int rings_bind_virq(void)
{
    xenevtchn_port_or_error_t virq = xenevtchn_bind_virq(rings.channels, VIRQ_DOM_EXC);

    if (virq < 0) {
        return -errno;
    }
    rings.virq = (uint32_t)virq;
    return 0;
}

void rings_unbind_virq(void)
{
    (void)xenevtchn_unbind(rings.channels, rings.virq);
}

static int open_others(void)
{
    rings.control = xc_interface_open(NULL, NULL, 0);
    rings.grants = xengnttab_open(NULL, 0);
    if (rings.channels == NULL || rings.control == NULL || rings.grants == NULL) {
        return -ENXIO;
    }
    (void)xengnttab_set_max_grants(rings.grants, DOMID_INVALID);
    rings.source = (struct source){.fd = xenevtchn_fd(rings.channels), .ready = channel_ready};
    server.rings = &rings;
    return server_watch_fd(&rings.source, EPOLLIN);
}

int rings_start(bool dom0)
{
    int err;

    rings.channels = xenevtchn_open(NULL, 0);
    err = open_others();
    err = err == 0 ? rings_bind_virq() : err;
    return err == 0 && dom0 ? dom0_connect() : err;
}

/* Its clients may have missed changes: each watch fires once. */
static void fire_watches(struct conn *conn)
{
    struct watch *watch, *after;

    list_for_each_entry(watch, after, &conn->watches, struct watch, link)
    {
        if (watch_prepare(watch, watch_path(watch), watch->path_len, &conn->store->events) != 0) {
            log_system("domain %u: no memory to fire its watches", conn->domain->domid);
        }
    }
    watch_send(conn->store, &conn->store->events);
}

/*
 * The ring goes on where the journal says that the connection was: a request that is in the journal
 * is not read again, a reply is sent from where it was cut off.
 */
static void go_on(struct conn *conn, uint32_t error)
{
    struct ring_port *ring = conn->owner;
    struct xenstore_domain_interface *page = ring->page;
    uint32_t sent = __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE) - conn->sent_pos;

    if ((conn->domain->features & FEATURE_RECONNECTION) != 0 &&
        __atomic_load_n(&page->connection, __ATOMIC_ACQUIRE) == XENSTORE_RECONNECT) {
        reconnect(conn);
        return;
    }
    __atomic_store_n(&page->req_cons, conn->in_pos, __ATOMIC_RELEASE);
    conn->sent_pos += sent;
    if (error != XENSTORE_ERROR_NONE) {
        page->error = error; /* cut off before, it stays so */
        ring->cut = conn->broken = true;
    } else if (!conn_skip(conn, sent)) {
        conn_broken(conn, -EINVAL);
    } else {
        fire_watches(conn);
        conn_flush(conn);
        (void)xenevtchn_notify(rings.channels, ring->local);
    }
}

static void *map_ring(const struct domain *domain)
{
    return domain->domid == DOMID_DOM0 ? map_dom0() : map_grant(domain->domid);
}

/* Whether it is connected, and what its page said of errors before. */
static bool connect_again(struct store *store, struct domain *domain, uint32_t *error)
{
    bool dom0 = domain->domid == DOMID_DOM0;
    struct xenstore_domain_interface *page = map_ring(domain);
    uint32_t port = domain->port;

    if (page == NULL) {
        return false;
    }
    *error = page->error;
    if (dom0 && dom0_port(&domain->port) != 0) {
        domain->port = port;
    }
    return connect_ring(store, domain, page, !dom0) == 0;
}

void rings_reconnect(struct store *store)
{
    struct conn *conn, *after;

    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        uint32_t error;

        if (conn->kind != CONN_RING || conn->owner != NULL) {
            continue;
        }
        if (connect_again(store, conn->domain, &error)) {
            go_on(conn, error);
        } else {
            log_system("domain %u: its ring cannot be connected again", conn->domain->domid);
            conn_retire(conn);
        }
    }
    store_collect(store);
    store_check_domains(store);
}

int rings_resume(int channels, unsigned int virq)
{
    int err;

    rings.channels = xenevtchn_fdopen(NULL, channels, 0);
    rings.virq = virq;
    err = open_others();
    (void)fcntl(channels, F_SETFD, FD_CLOEXEC);
    return err == 0 && virq == 0 ? rings_bind_virq() : err;
}

int rings_fd(void)
{
    return rings.source.fd;
}

unsigned int rings_virq(void)
{
    return rings.virq;
}

uint32_t rings_port(const struct conn *conn)
{
    const struct ring_port *ring = conn->owner;

    return ring->local;
}

/* The other end of one of our ports; 0: it has none any more, its domain being dead. */
static uint32_t remote_of(uint32_t local)
{
    xc_evtchn_status_t status = {.dom = DOMID_SELF, .port = local};

    return xc_evtchn_status(rings.control, &status) == 0 && status.status == EVTCHNSTAT_interdomain
               ? status.u.interdomain.port
               : 0;
}

int rings_adopt(struct store *store, struct domain *domain, uint32_t port, struct conn **out)
{
    bool dom0 = domain->domid == DOMID_DOM0;
    void *page = server.rings == NULL ? NULL : (dom0 ? map_dom0() : map_grant(domain->domid));
    struct ring_port *ring = page != NULL ? ring_new(store, domain, page, !dom0) : NULL;

    if (ring == NULL) {
        return page == NULL ? -ENXIO : -ENOMEM;
    }
    *out = domain->conn = ring->port.conn;
    domain->port = remote_of(port); /* the stream tells ours alone, the journal needs theirs */
    domain->features = ring->page->server_features & FEATURES_ALL;
    /* Cut off before, it stays so. */
    ring->cut = (*out)->broken = ring->page->error != XENSTORE_ERROR_NONE;
    return port < PORTS_MAX ? use_port(ring, port) : -EINVAL;
}

int rings_renew(void)
{
    struct conn *conn, *after;

    rings.grants = xengnttab_open(NULL, 0);
    if (rings.grants == NULL) {
        return -ENXIO;
    }
    list_for_each_entry(conn, after, &server.store.conns, struct conn, link)
    {
        struct ring_port *ring = conn->owner;

        if (conn->kind == CONN_RING) {
            ring->page = ring->granted ? map_grant(conn->domain->domid) : map_dom0();
            if (ring->page == NULL) {
                return -ENXIO;
            }
        }
    }
    return 0;
}
