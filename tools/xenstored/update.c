/* SPDX-License-Identifier: Apache-2.0 */
/* Live update: what the administrator asks for, and the rehearsal. */
#include "update.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "takeover.h"
#include "wire.h"

#define SECONDS_DEFAULT 60

struct update update;

/* Whether the program is one of ours: it knows rehearsals. */
static bool is_ours(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    bool ours = false;
    void *map;

    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED) {
            ours = memmem(map, (size_t)st.st_size, UPDATE_MARK, sizeof(UPDATE_MARK) - 1) != NULL;
            (void)munmap(map, (size_t)st.st_size);
        }
    }
    (void)close(fd);
    return ours;
}

static size_t open_transactions(void)
{
    struct conn *conn, *conn_after;
    struct txn *txn, *txn_after;
    size_t n = 0;

    list_for_each_entry(conn, conn_after, &server.store.conns, struct conn, link)
    {
        list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
        {
            n++;
        }
    }
    return n;
}

static void end_rehearsal(void)
{
    if (update.deadline != 0) {
        (void)kill(update.child, SIGKILL);
        server_unwatch_fd(&update.told);
        (void)close(update.told.fd);
        update.deadline = 0;
    }
}

static void forget(void)
{
    end_rehearsal();
    mem_free(update.binary);
    mem_free(update.cmdline);
    update = (struct update){.conn = NULL};
}

void update_end(const char *answer)
{
    struct store *store = &server.store;
    struct conn *conn = update.conn;
    struct xsd_sockmsg asked = update.asked;
    size_t len = strlen(answer) + 1;

    log_line("live-update: %s", answer);
    forget();
    if (conn == NULL || !conn->waiting) {
        return;
    }
    conn->waiting = false;
    if (store->spare == NULL) {
        store->spare = message_new(XENSTORE_PAYLOAD_MAX);
    }
    if (store->spare == NULL) {
        conn_broken(conn, -ENOMEM); /* rather than no answer */
        return;
    }
    memcpy(store->spare->data + sizeof(asked), answer, len);
    conn_reply(conn, &asked, XS_CONTROL, len);
    if (!conn->broken) {
        conn->ops->wants(conn);
    }
}

void update_gone(const struct conn *conn)
{
    if (update.conn == conn) {
        forget();
    }
}

/* The child said something, or ended. */
static void told(struct source *source, uint32_t events)
{
    char more[sizeof(update.said)];
    ssize_t n = read(source->fd, more, sizeof(more));
    size_t room = sizeof(update.said) - 1 - update.said_len;

    (void)events;
    if (n < 0) {
        return;
    }
    if (n > 0) {
        room = (size_t)n < room ? (size_t)n : room;
        memcpy(update.said + update.said_len, more, room);
        update.said_len += room;
        return;
    }
    update.said[update.said_len] = '\0';
    end_rehearsal();
    if (strcmp(update.said, "OK") == 0) {
        update.due = true;
    } else if (update.said_len != 0) {
        char answer[sizeof(update.said)];

        memcpy(answer, update.said, sizeof(answer));
        update_end(answer);
    } else {
        update_end("The new program ended before it had loaded the state.");
    }
}

static int rehearse(void)
{
    int ends[2], state = handover_state(false, false), child;

    if (state < 0) {
        return state;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)close(state);
        return -errno;
    }
    child = fork();
    if (child == 0) {
        _exit(handover_exec(state, ends[1], true) != 0);
    }
    (void)close(state);
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return -EAGAIN;
    }
    update.child = child;
    update.said_len = 0;
    update.told = (struct source){.fd = ends[0], .ready = told};
    update.deadline = server_now() + update.seconds;
    return server_watch_fd(&update.told, EPOLLIN);
}

int update_tick(void)
{
    if (update.deadline != 0 && server_now() > update.deadline) {
        end_rehearsal();
        update_end("The new program did not load the state within the time limit.");
    }
    if (update.due) {
        update.due = false;
        handover();
    }
    return update.deadline != 0 ? 200 : -1;
}

/* What goes wrong with words comes as the text of a reply, as Debian's daemon has it. */
static int say(struct request *request, const char *text)
{
    return request_put(request, text, strlen(text) + 1);
}

static int choose(struct request *request)
{
    const char *file = request_string(request, 2);

    if (update.conn != NULL) {
        return say(request, "live-update session already active.");
    }
    if (access(file, X_OK) != 0) {
        return say(request, "File not accessible.");
    }
    update.binary = strdup(file);
    if (update.binary == NULL) {
        return -ENOMEM;
    }
    update.conn = request->conn;
    update.foreign = !is_ours(file);
    update.seconds = SECONDS_DEFAULT;
    return 0;
}

static int set_cmdline(struct request *request)
{
    char *cmdline = strdup(request_string(request, 2));

    if (cmdline == NULL) {
        return -ENOMEM;
    }
    mem_free(update.cmdline);
    update.cmdline = cmdline;
    return 0;
}

static int start(struct request *request, unsigned int words)
{
    int err = 0;

    for (unsigned int i = 2; i <= words; i++) {
        const char *word = request_string(request, i);
        char *end = NULL;

        if (strcmp(word, "-t") == 0 && i < words) {
            update.seconds = (unsigned int)strtoul(request_string(request, ++i), &end, 10);
            if (end == NULL || *end != '\0' || update.seconds == 0 || update.seconds > 3600) {
                return -EINVAL;
            }
        } else if (strcmp(word, "-F") != 0) {
            return -EINVAL;
        }
    }
    if (update.foreign && open_transactions() != 0) {
        forget();
        return say(request, "The new program would drop transactions, and some are open.");
    }
    update.asked = *request->header;
    if (update.foreign) {
        update.due = true;
    } else {
        err = rehearse();
    }
    if (err != 0) {
        forget();
        return say(request, "The rehearsal cannot be started.");
    }
    request->postponed = true;
    request->conn->waiting = true;
    return 0;
}

int update_control(struct request *request, unsigned int words)
{
    const char *word = words >= 1 ? request_string(request, 1) : "";

    if (strcmp(word, "-f") == 0 && words == 2) {
        return choose(request);
    }
    if (strcmp(word, "-a") == 0 && words == 1) {
        if (update.conn == NULL) {
            return say(request, "No live-update session active.");
        }
        if (update.conn != request->conn && update.conn->waiting) {
            update_end("Aborted.");
        }
        forget();
        return 0;
    }
    if (strcmp(word, "-s") == 0 && update.conn == NULL && takeover.unasked) {
        takeover.unasked = false; /* oxenstored has its asker ask again until all is done */
        return say(request, "OK");
    }
    if ((strcmp(word, "-s") == 0 || (strcmp(word, "-c") == 0 && words == 2)) &&
        update.conn != request->conn) {
        return say(request, "Not in live-update session.");
    }
    if (strcmp(word, "-c") == 0 && words == 2) {
        return set_cmdline(request);
    }
    return strcmp(word, "-s") == 0 ? start(request, words) : -EINVAL;
}
