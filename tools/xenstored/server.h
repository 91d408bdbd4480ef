/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon around the store: one thread that waits for sockets and event channels and gives each
 * connection a turn of at most one request.
 */
#pragma once

#include <sys/epoll.h>

#include "store.h"

struct rings;

/* What waits in epoll: its events go to `ready`. */
struct source {
    int fd;
    uint32_t mask;
    void (*ready)(struct source *source, uint32_t events);
};

/* The edge's part of a connection: conn.owner. */
struct port {
    struct source source; /* sockets only */
    struct conn *conn;
    struct list turn; /* in server.turns, while it may have a request */
};

struct server {
    struct store store;
    int epoll;
    bool stop;
    struct list turns; /* struct port */
    struct source listener;
    struct rings *rings; /* NULL: no domains */
    const char *rundir;
};

extern struct server server;

const struct store_edge *server_edge(bool domains);
int server_start(void) must_check;
void server_run(void);
void server_stop(void);
int server_watch_fd(struct source *source, uint32_t mask) must_check;
/* The connection may have a request: it gets its turn. */
void server_turn(struct port *port);

int socket_listen(void) must_check;

/* Rings of domains. rings_start() also connects dom0's own. */
int rings_start(bool dom0) must_check;
int rings_introduce(struct store *store, struct domain *domain);
void rings_release(struct store *store, struct domain *domain);
enum domain_state rings_state(struct store *store, uint16_t domid);

/* The trace file and the system log. */
extern bool log_tracing;
int log_open(const char *file) must_check;
void log_in(const struct conn *conn, const char *what, const struct xsd_sockmsg *header,
            const char *payload);
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_system(const char *format, ...) __attribute__((format(printf, 1, 2)));
