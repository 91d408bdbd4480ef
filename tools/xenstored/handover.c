/* SPDX-License-Identifier: Apache-2.0 */
/* Live update: the handover to the new program, and the guardian. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "persist.h"
#include "update.h"

#define ARGS_MAX 64

static int write_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len != 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Where Debian's daemon looks for its state. */
static int open_foreign(void)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/state_dump", server.rundir);
    (void)unlink(path);
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

int handover_state(bool foreign, bool for_asker)
{
    struct state_edge edge = {.version = foreign ? 1 : STATE_VERSION_MAX,
                              .listener = server.listener.fd,
                              .channels = server.rings != NULL ? rings_fd() : -1,
                              .asker = for_asker ? update.conn : NULL,
                              .answer = update.asked,
                              .port = server.rings != NULL ? rings_port : NULL};
    struct bytes bytes = {.data = NULL};
    int err = state_dump(&server.store, &edge, &bytes);
    int fd =
        err != 0 ? err : (foreign ? open_foreign() : memfd_create("xenstored-state", MFD_CLOEXEC));

    if (err == 0 && fd < 0) {
        fd = -errno;
    }
    if (fd >= 0) {
        err = write_all(fd, bytes.data, bytes.len);
        if (err != 0) {
            (void)close(fd);
            fd = err;
        }
    }
    bytes_free(&bytes);
    return fd;
}

static void keep_over_exec(int fd, bool keep)
{
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
    }
}

static void keep_all(bool keep)
{
    struct conn *conn, *after;

    list_for_each_entry(conn, after, &server.store.conns, struct conn, link)
    {
        if (conn->kind == CONN_SOCKET) {
            keep_over_exec(conn->fd, keep);
        }
    }
    keep_over_exec(server.listener.fd, keep);
    if (server.rings != NULL) {
        keep_over_exec(rings_fd(), keep);
    }
}

/* Of a live update before, and not of this one. */
static bool says_how_to_start(const char *arg)
{
    return strcmp(arg, "--live-update") == 0 || strcmp(arg, "-U") == 0 ||
           strcmp(arg, "--live") == 0 || strcmp(arg, "--restart") == 0;
}

/* The new program's arguments: those of -c, or this one's own. */
static void arguments(char **out)
{
    size_t n = 0;

    out[n++] = update.binary;
    if (update.cmdline != NULL) {
        for (char *word = strtok(update.cmdline, " "); word != NULL && n < ARGS_MAX - 2;
             word = strtok(NULL, " ")) {
            out[n++] = word;
        }
    } else {
        for (char **arg = server.argv + 1; *arg != NULL && n < ARGS_MAX - 2; arg++) {
            if (!says_how_to_start(*arg)) {
                out[n++] = *arg;
            }
        }
    }
    out[n++] = (char *)(uintptr_t) "--live-update";
    out[n] = NULL;
}

int handover_exec(int state, int told, bool rehearsal)
{
    char *args[ARGS_MAX], text[80], *cmdline = NULL;
    int err;

    if (update.cmdline != NULL) {
        cmdline = strdup(update.cmdline); /* strtok() cuts it up */
        if (cmdline == NULL) {
            return -ENOMEM;
        }
    }
    arguments(args);
    (void)snprintf(text, sizeof(text), "%d %d %d %u %d", (int)getpid(), state, told,
                   server.rings != NULL ? rings_virq() : 0, rehearsal);
    /* A stranger would hand these on to whoever comes after it. */
    if (!update.foreign && setenv(UPDATE_ENV, text, 1) != 0) {
        mem_free(cmdline);
        return -ENOMEM;
    }
    keep_all(true);
    keep_over_exec(state, !update.foreign);
    keep_over_exec(told, true);
    if (update.foreign && server.rings != NULL) {
        rings_unbind_virq(); /* it binds it itself */
    }
    (void)execv(update.binary, args);
    err = -errno;
    keep_all(false);
    (void)unsetenv(UPDATE_ENV);
    if (update.foreign && server.rings != NULL && rings_bind_virq() != 0) {
        log_system("deaths of domains are not heard of any more");
    }
    mem_free(update.cmdline);
    update.cmdline = cmdline;
    return err;
}

/* A connection of the guardian's own, with a question that whoever serves will answer. */
static int knock(void)
{
    struct xsd_sockmsg header = {.type = XS_READ, .len = 2};
    struct sockaddr_un address;
    socklen_t len = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (getsockname(server.listener.fd, (struct sockaddr *)&address, &len) != 0 ||
                    connect(fd, (struct sockaddr *)&address, len) != 0 ||
                    write_all(fd, &header, sizeof(header)) != 0 || write_all(fd, "/", 2) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Waits for the new program. Returns why it did not come to serve; if it did, this process ends. */
static const char *guard(int told, int64_t deadline)
{
    static char said[160];
    struct pollfd fds[2] = {{.fd = told, .events = POLLIN},
                            {.fd = update.foreign ? knock() : -1, .events = POLLIN}};
    size_t len = 0;

    while (server_now() <= deadline && !server.stop) {
        ssize_t n = 0;

        if (poll(fds, 2, 200) <= 0) {
            continue;
        }
        if ((fds[1].revents & POLLIN) != 0 && read(fds[1].fd, said, sizeof(said)) > 0) {
            persist_forget();
            _exit(0); /* it answers */
        }
        if ((fds[0].revents & (POLLIN | POLLHUP)) == 0) {
            continue;
        }
        n = read(told, said + len, sizeof(said) - 1 - len);
        len += n > 0 ? (size_t)n : 0;
        said[len] = '\0';
        if (strcmp(said, "OK") == 0) {
            _exit(0);
        }
        if (n == 0) {
            (void)close(fds[1].fd);
            return len != 0 ? said : "The new program ended before it served.";
        }
    }
    (void)close(fds[1].fd);
    return server.stop ? NULL : "The new program did not serve within the time limit.";
}

/* Ends whatever the old process has become. */
static void end_process(int pid, int told)
{
    char rest[64];

    if (getppid() == pid) {
        (void)kill(pid, SIGKILL);
    }
    while (read(told, rest, sizeof(rest)) > 0) {
    }
}

/* What a stranger was to bind for itself is bound again; who died meanwhile is noticed now. */
static void hear_of_deaths(void)
{
    if (rings_bind_virq() != 0) {
        log_system("deaths of domains are not heard of any more");
    }
    store_check_domains(&server.store);
}

/* In the guardian. Returns if it has to serve. */
static void be_guardian(int pid, int told, int64_t deadline)
{
    const char *why = guard(told, deadline);

    if (why == NULL) {
        _exit(0); /* all is to end */
    }
    end_process(pid, told);
    (void)close(told);
    if (server.rings != NULL && rings_renew() != 0) {
        log_system("live update failed, and the rings cannot be mapped again");
        _exit(1);
    }
    if (server.rings != NULL && update.foreign) {
        hear_of_deaths();
    }
    server_new_pid();
    log_system("live update failed: %s Served on by process %d.", why, (int)getpid());
    update_end(why);
}

void handover(void)
{
    int64_t deadline = server_now() + update.seconds;
    int state = handover_state(update.foreign, true), ends[2], guardian, pid = (int)getpid();

    if (state < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        if (state >= 0) {
            (void)close(state);
        }
        update_end("The state cannot be written.");
        return;
    }
    guardian = fork();
    if (guardian == 0) {
        (void)close(ends[1]);
        (void)close(state);
        be_guardian(pid, ends[0], deadline);
        return;
    }
    (void)close(ends[0]);
    if (guardian > 0) {
        (void)handover_exec(state, ends[1], false);
        (void)kill(guardian, SIGKILL);
    }
    (void)close(ends[1]);
    (void)close(state);
    update_end("The new program cannot be executed.");
}
