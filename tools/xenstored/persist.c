/* SPDX-License-Identifier: Apache-2.0 */
#include "persist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"

#define MAGIC         "hearthJ1"
#define JOURNAL_LEAST ((size_t)4 << 20)
/* A journal of this many checkpoints' length makes the next checkpoint cheap per request. */
#define JOURNAL_PER_STATE 8
#define RETRY_SECONDS     5
/* So much of what was committed at most is kept in this process' memory; a multiple of any page. */
#define BEHIND_MAX ((size_t)128 << 10)

/* The file begins with it; then the state, then, from `journal` on, the journal. */
struct head {
    char magic[8], boot[40];
    uint64_t state_len, journal, size;
    uint64_t state_sum; /* of the stream, padded with zeros to 8 bytes */
    uint64_t head_sum;  /* of what is above */
    uint64_t commit;
};

static struct {
    const char *file;
    struct head *map; /* the file; NULL: nothing is kept */
    size_t size;
    size_t behind; /* up to here this process has none of it in its memory */
    int64_t retry; /* when, in seconds; 0: there is no need */
} persist;

void persist_use(const char *file)
{
    persist.file = file;
}

static uint64_t head_sum(const struct head *head)
{
    return journal_sum(1, head, offsetof(struct head, head_sum));
}

static void read_boot(char boot[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, boot, 36) : 0;

    memset(boot + (n > 0 ? n : 0), 0, (size_t)(40 - (n > 0 ? n : 0)));
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void unmap(void)
{
    server.store.journal = (struct journal){.base = NULL};
    if (persist.map != NULL) {
        (void)munmap(persist.map, persist.size);
        persist.map = NULL;
    }
}

/* What a file must say of itself to be loaded; NULL: all is well. */
static const char *wrong(const struct head *head, size_t size)
{
    char boot[40];

    if (size < sizeof(*head) || memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0) {
        return "it is no store of this daemon";
    }
    if (head->head_sum != head_sum(head) || head->size != size || head->journal > size ||
        head->journal % 8 != 0 || head->journal < sizeof(*head) ||
        head->state_len > head->journal - sizeof(*head)) {
        return "its head is damaged";
    }
    read_boot(boot);
    if (memcmp(boot, head->boot, sizeof(boot)) != 0) {
        return "it is of another boot of this machine";
    }
    if (head->state_sum != journal_sum(0, head + 1, head->journal - sizeof(*head))) {
        return "its checkpoint is damaged";
    }
    return journal_check((const uint8_t *)head + head->journal, size - head->journal,
                         head->commit) != SIZE_MAX
               ? NULL
               : "its journal is damaged";
}

static const char *load(const struct head *head, size_t size)
{
    const uint8_t *base = (const uint8_t *)head;
    const char *why = wrong(head, size);
    struct state_found found;
    int err;

    if (why != NULL) {
        return why;
    }
    err = state_load(&server.store, head + 1, head->state_len, NULL, &found);
    if (err == 0) {
        found.why = "its journal does not fit its checkpoint";
        /* Whoever remembers a generation of before must not meet it again. */
        server.store.gen += (uint64_t)1 << 32;
        err = journal_replay(&server.store, base + head->journal,
                             (size_t)(head->commit & UINT32_MAX) * sizeof(uint64_t));
    }
    if (err == 0) {
        err = store_check(&server.store);
        found.why = "the store in it is inconsistent";
    }
    return err == 0 ? NULL : err == -ENOMEM ? "out of memory" : found.why;
}

static void put_aside(const char *why)
{
    char name[300];

    (void)snprintf(name, sizeof(name), "%s.damaged", persist.file);
    if (rename(persist.file, name) != 0) {
        (void)unlink(persist.file);
    }
    log_system("%s cannot be loaded: %s. It is kept as %s. The store starts empty: restart the "
               "guests, or the machine.",
               persist.file, why, name);
}

enum persist_found persist_load(void)
{
    const char *why = NULL;
    struct stat st;
    void *map;
    int fd = persist.file != NULL ? open(persist.file, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) {
        return PERSIST_NONE;
    }
    if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(struct head)) {
        why = "it is too short";
    } else {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        why = map == MAP_FAILED ? "it cannot be mapped" : load(map, (size_t)st.st_size);
        if (map != MAP_FAILED) {
            (void)munmap(map, (size_t)st.st_size);
        }
    }
    (void)close(fd);
    if (why != NULL) {
        put_aside(why);
        return PERSIST_BAD;
    }
    log_system("%s: the store goes on as it was", persist.file);
    return PERSIST_LOADED;
}

static void fill(struct head *head, const struct bytes *state, size_t journal, size_t size)
{
    memcpy(head->magic, MAGIC, sizeof(head->magic));
    read_boot(head->boot);
    head->state_len = state->len;
    head->journal = journal;
    head->size = size;
    head->state_sum = journal_sum(0, state->data, state->len); /* all records are padded to 8 */
    head->head_sum = head_sum(head);
}

/* Not through the mapping: this process has the state already. */
static int write_state(int fd, const struct bytes *state)
{
    size_t at = 0;

    while (at < state->len) {
        ssize_t n =
            pwrite(fd, state->data + at, state->len - at, (off_t)(sizeof(struct head) + at));

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Makes the file anew, with room for a journal, under another name. */
static int make(const char *name, const struct bytes *state, size_t room)
{
    size_t journal = (sizeof(struct head) + state->len + 7) & ~(size_t)7, size = journal + room;
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), err;
    void *map;

    if (fd < 0) {
        return -errno;
    }
    /* All of it now: a page that is not there when it is written to would be the end. */
    err = -posix_fallocate(fd, 0, (off_t)size);
    err = err == 0 ? write_state(fd, state) : err;
    map = err == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    err = err == 0 && map == MAP_FAILED ? -errno : err;
    (void)close(fd);
    if (err != 0) {
        (void)unlink(name);
        return err;
    }
    fill(map, state, journal, size);
    unmap();
    persist.map = map;
    persist.size = size;
    persist.behind = journal & ~(BEHIND_MAX - 1);
    journal_start(&server.store.journal, (uint8_t *)map + journal, room, &persist.map->commit);
    journal_rings(&server.store);
    if (server.store.journal.full) {
        (void)unlink(name);
        return -ENOSPC;
    }
    journal_commit(&server.store);
    return 0;
}

static uint32_t remote_port(const struct conn *conn)
{
    return conn->domain->port;
}

static int checkpoint(void)
{
    struct state_edge edge = {
        .version = 2, .listener = -1, .channels = -1, .checkpoint = true, .port = remote_port};
    struct bytes state = {.data = NULL};
    char name[300];
    size_t room;
    int err = state_dump(&server.store, &edge, &state);

    (void)snprintf(name, sizeof(name), "%s.new", persist.file);
    room = JOURNAL_PER_STATE * ((state.len + 7) & ~(size_t)7);
    room = room < JOURNAL_LEAST ? JOURNAL_LEAST : room;
    if (err == 0) {
        err = make(name, &state, room);
    }
    if (err == 0 && rename(name, persist.file) != 0) {
        err = -errno;
        (void)unlink(name);
    }
    bytes_free(&state);
    return err;
}

/* What the file says is not so any more, or soon will not be. */
static void give_up(int err)
{
    unmap();
    (void)unlink(persist.file);
    if (persist.retry == 0) {
        log_system("%s cannot be written: %s. The store is not kept: a crash would lose it. Make "
                   "room there; it is tried again every %d seconds.",
                   persist.file, strerror(-err), RETRY_SECONDS);
    }
    persist.retry = server_now() + RETRY_SECONDS;
}

void persist_start(void)
{
    int err = persist.file != NULL ? checkpoint() : 0;

    if (err != 0) {
        give_up(err);
    } else if (persist.retry != 0) {
        log_system("%s: the store is kept again", persist.file);
        persist.retry = 0;
    }
}

void persist_checkpoint(struct store *store)
{
    (void)store; /* there is one */
    persist_start();
}

void persist_forget(void)
{
    unmap();
    if (persist.file != NULL) {
        (void)unlink(persist.file);
    }
}

/* What was committed is in the file, whatever becomes of this process; here it is read no more. */
static void drop_behind(void)
{
    const struct journal *journal = &server.store.journal;
    uint8_t *map = (uint8_t *)persist.map;
    size_t done = (size_t)(journal->base - map) + journal->done;

    if (done - persist.behind >= 2 * BEHIND_MAX) {
        done = (done - BEHIND_MAX) & ~(BEHIND_MAX - 1);
        (void)madvise(map + persist.behind, done - persist.behind, MADV_DONTNEED);
        persist.behind = done;
    }
}

void persist_tick(void)
{
    if (persist.map != NULL) {
        drop_behind();
    }
    if (persist.retry != 0 && server_now() >= persist.retry) {
        persist_start();
    }
}
