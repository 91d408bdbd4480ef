/* SPDX-License-Identifier: Apache-2.0 */
/* Live update, the new program's side. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist.h"
#include "takeover.h"
#include "update.h"

static const char mark[] __attribute__((used)) = UPDATE_MARK;

static struct {
    int state, told;
    unsigned int virq;
    int rehearsal;
    bool domains, dom0;
} given = {.state = -1, .told = -1};

static void tell(const char *text)
{
    if (given.told >= 0) {
        ssize_t n = write(given.told, text, strlen(text));

        (void)n; /* whoever waits for it will see that this process ends */
        (void)close(given.told);
        given.told = -1;
    }
}

/* From one of ours: what the environment says. From Debian's daemons: a file, or what
 * takeover_begin() made of one. */
static int open_state(void)
{
    const char *text = getenv(UPDATE_ENV);
    char path[256];
    int pid;

    if (takeover.state >= 0) {
        given.state = takeover.state;
        given.told = takeover.told;
        given.virq = takeover.virq;
        given.rehearsal = takeover.rehearsal;
        return 0;
    }
    if (text != NULL &&
        sscanf(text, "%d %d %d %u %d", &pid, &given.state, &given.told, &given.virq,
               &given.rehearsal) == 5 &&
        pid == (int)getpid()) {
        (void)unsetenv(UPDATE_ENV);
        (void)fcntl(given.state, F_SETFD, FD_CLOEXEC);
        (void)fcntl(given.told, F_SETFD, FD_CLOEXEC);
        return 0;
    }
    (void)snprintf(path, sizeof(path), "%s/state_dump", server.rundir);
    given.told = -1;
    given.virq = 0;
    given.rehearsal = 0;
    given.state = open(path, O_RDONLY | O_CLOEXEC);
    if (given.state < 0) {
        return -errno;
    }
    (void)unlink(path);
    return 0;
}

static int take_global(struct store *store, int listener, int channels)
{
    (void)store;
    server.listener.fd = listener;
    if (listener >= 0) {
        (void)fcntl(listener, F_SETFD, FD_CLOEXEC);
    }
    if (!given.domains) {
        return 0;
    }
    return channels >= 0 ? rings_resume(channels, given.virq) : rings_start(given.dom0);
}

static const struct state_hooks hooks = {
    .global = take_global,
    .ring = rings_adopt,
    .socket = socket_adopt,
};

int resume_load(bool domains, bool dom0)
{
    struct state_found found;
    struct stat st;
    void *map;
    int err = open_state();

    given.domains = domains;
    given.dom0 = dom0;
    if (err == 0 && fstat(given.state, &st) != 0) {
        err = -errno;
    }
    if (err != 0) {
        return err;
    }
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, given.state, 0);
    if (map == MAP_FAILED) {
        return -errno;
    }
    err = state_load(&server.store, map, (size_t)st.st_size, &hooks, &found);
    (void)munmap(map, (size_t)st.st_size);
    (void)close(given.state);
    if (err != 0) {
        char text[128];

        (void)snprintf(text, sizeof(text), "The new program rejects the state: %s.", found.why);
        tell(text);
        log_system("%s", text);
    }
    return err;
}

void resume_done(void)
{
    struct conn *conn, *after;

    if (given.rehearsal != 0) {
        int bad = store_check(&server.store);

        tell(bad == 0  ? "OK"
             : bad > 0 ? "The new program finds the state broken."
                       : "The new program rejects the state: out of memory.");
        _exit(0);
    }
    tell("OK");
    if (takeover.state >= 0) {
        takeover_done();
    }
    persist_start(); /* before anything goes out that the old file does not know */
    log_system("live update: process %d serves", (int)getpid());
    store_check_domains(&server.store);
    list_for_each_entry(conn, after, &server.store.conns, struct conn, link)
    {
        if (!conn->broken) {
            conn_flush(conn);
        }
        if (!conn->broken) {
            server_turn(conn->owner);
        }
    }
}
