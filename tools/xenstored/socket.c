/* SPDX-License-Identifier: Apache-2.0 */
/* Clients over the Unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "update.h"

static ssize_t move(ssize_t n)
{
    if (n >= 0) {
        return n;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static ssize_t socket_read(struct conn *conn, void *to, size_t room)
{
    ssize_t n = recv(conn->fd, to, room, MSG_DONTWAIT);

    return n == 0 ? -ECONNRESET : move(n);
}

static ssize_t socket_write(struct conn *conn, const void *from, size_t len)
{
    return move(send(conn->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void socket_broken(struct conn *conn, int err)
{
    struct port *port = conn->owner;

    (void)err;
    log_line("DESTROY connection %p", (void *)conn);
    server_unwatch_fd(&port->source); /* a child may have a copy of the descriptor */
    (void)close(conn->fd);
    list_del(&port->turn);
    update_gone(conn);
    conn_retire(conn); /* the port goes with it */
}

static void socket_wants(struct conn *conn)
{
    struct port *port = conn->owner;
    uint32_t mask = (conn_wants_in(conn) ? (uint32_t)EPOLLIN : 0) |
                    (conn_wants_out(conn) ? (uint32_t)EPOLLOUT : 0);

    if ((mask != port->source.mask || !port->source.known) &&
        server_watch_fd(&port->source, mask) != 0) {
        conn_broken(conn, -ENOMEM);
    }
}

static const struct conn_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .broken = socket_broken,
    .wants = socket_wants,
};

static void socket_ready(struct source *source, uint32_t events)
{
    struct port *port = container_of(source, struct port, source);
    struct conn *conn = port->conn;

    if (conn->broken) {
        return; /* it broke after these events were fetched */
    }
    if ((events & EPOLLOUT) != 0) {
        conn_flush(conn);
    }
    if (conn->broken || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    if (conn_wants_in(conn)) {
        server_turn(port);
    } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        conn_broken(conn, -ECONNRESET); /* nothing will be read that could tell so */
    }
}

static struct conn *client_new(int fd)
{
    struct port *port = mem_zalloc(sizeof(*port));
    struct conn *conn = NULL;

    if (port != NULL) {
        conn = conn_new(&server.store, domain_find(&server.store.domains, DOMID_DOM0), CONN_SOCKET,
                        &socket_ops);
    }
    if (conn == NULL) {
        mem_free(port);
        return NULL;
    }
    port->source = (struct source){.fd = fd, .ready = socket_ready};
    port->conn = conn;
    list_init(&port->turn);
    conn->fd = fd;
    conn->owner = port;
    log_line("CREATE connection %p", (void *)conn);
    return conn;
}

int socket_adopt(struct store *store, int fd, struct conn **out)
{
    int kind;
    socklen_t len = sizeof(kind);

    (void)store;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) != 0) {
        return -errno;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    *out = client_new(fd);
    return *out != NULL ? 0 : -ENOMEM;
}

static void listener_ready(struct source *source, uint32_t events)
{
    int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0) {
        struct conn *conn = client_new(fd);

        if (conn != NULL) {
            socket_wants(conn);
        } else {
            (void)close(fd);
        }
    }
}

int socket_listen(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("XENSTORED_PATH");
    int fd, n;

    server.listener.ready = listener_ready;
    if (server.listener.fd >= 0) {
        return server_watch_fd(&server.listener, EPOLLIN); /* of a live update */
    }
    n = path != NULL
            ? snprintf(address.sun_path, sizeof(address.sun_path), "%s", path)
            : snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", server.rundir);
    if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    (void)unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(address.sun_path, 0660) != 0 || listen(fd, SOMAXCONN) != 0) {
        n = -errno;
        (void)close(fd);
        return n;
    }
    server.listener.fd = fd;
    return server_watch_fd(&server.listener, EPOLLIN);
}
