/* SPDX-License-Identifier: Apache-2.0 */
#include "persist.h"
#include "update.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct server server;

int64_t server_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static const struct store_edge with_domains = {
    .introduce = rings_introduce,
    .release = rings_release,
    .state = rings_state,
    .now = server_now,
    .checkpoint = persist_checkpoint,
    .log = log_in,
};

static const struct store_edge without_domains = {
    .now = server_now,
    .checkpoint = persist_checkpoint,
    .log = log_in,
};

int server_watch_fd(struct source *source, uint32_t mask)
{
    struct epoll_event event = {.events = mask, .data.ptr = source};

    if (epoll_ctl(server.epoll, source->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd,
                  &event) != 0) {
        return -errno;
    }
    source->known = true;
    source->mask = mask;
    return 0;
}

void server_unwatch_fd(struct source *source)
{
    if (source->known) {
        (void)epoll_ctl(server.epoll, EPOLL_CTL_DEL, source->fd, NULL);
        source->known = false;
    }
}

void server_turn(struct port *port)
{
    if (list_empty(&port->turn)) {
        list_add_tail(&server.turns, &port->turn);
    }
}

/* One turn for each of those that may have a request. */
static void turns(void)
{
    struct list round;

    list_init(&round);
    list_splice_tail(&round, &server.turns);
    while (!list_empty(&round)) {
        struct port *port = list_entry(round.next, struct port, turn);
        struct conn *conn = port->conn;

        list_del(&port->turn);
        if (conn_turn(conn)) {
            server_turn(port);
        } else if (!conn->broken) {
            conn->ops->wants(conn);
        }
        /* Not later: a domain that was released may be introduced again by the next. */
        store_collect(&server.store);
    }
}

int server_start(void)
{
    list_init(&server.turns);
    server.listener.fd = -1;
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    return server.epoll < 0 ? -errno : 0;
}

int server_first_nodes(void)
{
    static const char *const first[] = {"/tool", "/tool/xenstored"};
    int err = 0;

    for (size_t i = 0; err == 0 && i < array_len(first); i++) {
        err = store_mkdir(&server.store, NULL, NULL, first[i], strlen(first[i]));
    }
    return err;
}

const struct store_edge *server_edge(bool domains)
{
    return domains ? &with_domains : &without_domains;
}

void server_run(void)
{
    while (!server.stop) {
        struct epoll_event events[64];
        int limit = update_tick();
        int n = epoll_wait(server.epoll, events, (int)array_len(events),
                           list_empty(&server.turns) ? limit : 0);

        for (int i = 0; i < n; i++) {
            struct source *source = events[i].data.ptr;

            source->ready(source, events[i].events);
        }
        store_collect(&server.store);
        turns();
        persist_tick();
    }
}

void server_stop(void)
{
    server.stop = true;
}
