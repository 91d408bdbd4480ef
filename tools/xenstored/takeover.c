/* SPDX-License-Identifier: Apache-2.0 */
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "oxenstored.h"
#include "server.h"

#define SECONDS 60 /* for the rehearsal */

struct takeover takeover = {.state = -1, .told = -1};

static const char *dump_path(void)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/db", server.rundir);
    return path;
}

/* The value of /tool/xenstored, where oxenstored puts its own program. */
static bool find_program(const char *text, size_t len, char *program, size_t size)
{
    static const char line[] = "\nstore,2f746f6f6c2f78656e73746f726564,"; /* "/tool/xenstored" */
    const char *at = memmem(text, len, line, sizeof(line) - 1), *end = text + len;
    unsigned int byte;
    size_t n = 0;

    at = at != NULL ? memchr(at + sizeof(line) - 1, ',', (size_t)(end - at) - sizeof(line) + 1)
                    : NULL;
    for (at = at != NULL ? at + 1 : end; end - at >= 2 && n < size - 1; at += 2) {
        if (sscanf(at, "%2x", &byte) != 1) {
            break;
        }
        program[n++] = (char)byte;
    }
    program[n] = '\0';
    return n != 0 && program[0] == '/';
}

/* Only returns if that fails. All descriptors are as they were. */
static int give_back(const char *text, size_t len, const char *why)
{
    char program[256];

    log_system("live update: %s. Back to the old program.", why);
    if (!find_program(text, len, program, sizeof(program))) {
        return -ENOENT;
    }
    (void)execv(program, server.argv);
    log_system("cannot execute %s: %s", program, strerror(errno));
    return -errno;
}

static int keep_state(const struct bytes *bytes)
{
    int fd = memfd_create("xenstored-state", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < bytes->len) {
        ssize_t n = write(fd, bytes->data + done, bytes->len - done);

        if (n <= 0) {
            (void)close(fd);
            return -ENOSPC;
        }
        done += (size_t)n;
    }
    return fd >= 0 ? fd : -errno;
}

/* Converts the dump; on an error, `why` has it in words. */
static int convert(const char *text, size_t len, char *why, size_t size)
{
    struct oxenstored found;
    struct bytes bytes;
    int err = oxenstored_to_state(text, len, &bytes, &found);

    if (err == 0) {
        err = takeover.state = keep_state(&bytes);
        takeover.virq = found.virq;
        bytes_free(&bytes);
    }
    if (err < 0) {
        (void)snprintf(why, size, "line %zu of its dump: %s", found.line, found.why);
    }
    return err < 0 ? err : 0;
}

/* In the child: returns with takeover.rehearsal set. Else: whether it loaded the state. */
static bool rehearse(char *why, size_t size)
{
    int ends[2], child;
    struct pollfd poll_end;
    ssize_t n = 0;
    size_t len = 0;

    (void)snprintf(why, size, "no pipe for the new program");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        takeover.told = ends[1];
        takeover.rehearsal = true;
        return true;
    }
    (void)close(ends[1]);
    poll_end = (struct pollfd){.fd = ends[0], .events = POLLIN};
    (void)snprintf(why, size, "the new program did not load the state in %d seconds", SECONDS);
    while (child > 0 && poll(&poll_end, 1, SECONDS * 1000) > 0) {
        n = read(ends[0], why + len, size - 1 - len);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
        why[len] = '\0';
    }
    if (child > 0) {
        (void)kill(child, SIGKILL);
    }
    (void)close(ends[0]);
    return strcmp(why, "OK") == 0;
}

int takeover_begin(void)
{
    char why[160] = "the dump cannot be read";
    int fd = open(dump_path(), O_RDONLY | O_CLOEXEC), err;
    const char *text = MAP_FAILED;
    struct stat st = {.st_size = 0};

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (text == MAP_FAILED) {
        return give_back("", 0, why);
    }
    err = convert(text, (size_t)st.st_size, why, sizeof(why));
    if (err != 0 || !rehearse(why, sizeof(why))) {
        return give_back(text, (size_t)st.st_size, why);
    }
    (void)munmap((void *)(uintptr_t)text, (size_t)st.st_size);
    (void)close(fd);
    return 0;
}

void takeover_done(void)
{
    (void)unlink(dump_path());
    takeover.unasked = true;
}
