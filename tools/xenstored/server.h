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
    bool known; /* to epoll */
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
    const char *rundir, *pid_file;
    char **argv;
};

extern struct server server;

const struct store_edge *server_edge(bool domains);
int server_start(void) must_check;
int server_first_nodes(void) must_check;
int64_t server_now(void); /* seconds */
/* This process is another one than before: its number goes to the pid file and to systemd. */
void server_new_pid(void);
void server_run(void);
void server_stop(void);
/* Hang-up and errors are told with a mask of 0, too. */
int server_watch_fd(struct source *source, uint32_t mask) must_check;
void server_unwatch_fd(struct source *source);
/* The connection may have a request: it gets its turn. */
void server_turn(struct port *port);

int socket_listen(void) must_check;
int socket_adopt(struct store *store, int fd, struct conn **out) must_check;

/* Rings of domains. rings_start() also connects dom0's own. */
int rings_start(bool dom0) must_check;
int rings_introduce(struct store *store, struct domain *domain);
void rings_release(struct store *store, struct domain *domain);
enum domain_state rings_state(struct store *store, uint16_t domid);
/* After a crash: connects the domains that the store knows, and tells them what they may have
 * missed. A ring that cannot be connected is given up. */
void rings_reconnect(struct store *store);
/* For live update: what is handed over, and how it is taken over. */
int rings_fd(void);
unsigned int rings_virq(void);
uint32_t rings_port(const struct conn *conn);
int rings_resume(int channels, unsigned int virq) must_check; /* virq 0: to be bound */
int rings_adopt(struct store *store, struct domain *domain, uint32_t port,
                struct conn **out) must_check;
int rings_bind_virq(void) must_check;
void rings_unbind_virq(void);
/* Maps all rings again: a fork() did not take the mappings along. */
int rings_renew(void) must_check;

/* The trace file and the system log. */
extern bool log_tracing;
int log_open(const char *file) must_check;
void log_in(const struct conn *conn, const char *what, const struct xsd_sockmsg *header,
            const char *payload);
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_system(const char *format, ...) __attribute__((format(printf, 1, 2)));
