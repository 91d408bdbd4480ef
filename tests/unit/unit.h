/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every unit test, included first: the C library and cmocka before Hearth's headers, whose
 * attribute macros would get in their way.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A fixed sequence, so that a failure repeats. */
static uint64_t unit_seed = 0x9e3779b97f4a7c15;

static inline uint64_t unit_random(void)
{
    unit_seed ^= unit_seed << 13;
    unit_seed ^= unit_seed >> 7;
    unit_seed ^= unit_seed << 17;
    return unit_seed;
}

static inline uint64_t unit_below(uint64_t limit)
{
    return unit_random() % limit;
}

/*
 * Runs fn in a child process: with machine state of its own, or because it is to end the machine.
 * Returns the wait status; what it wrote to stderr is in `text`.
 */
static inline int unit_child(void (*fn)(void), char *text, size_t size)
{
    int fds[2], status;
    size_t used_bytes = 0;
    ssize_t n;
    pid_t pid;

    fflush(NULL);
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        fn();
        fflush(NULL);
        _exit(0);
    }
    close(fds[1]);
    while (used_bytes < size - 1 &&
           (n = read(fds[0], text + used_bytes, size - 1 - used_bytes)) > 0) {
        used_bytes += (size_t)n;
    }
    text[used_bytes] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* fn stops the machine, saying `why`. */
static inline void unit_expect_stop(void (*fn)(void), const char *why)
{
    char text[4096];
    int status = unit_child(fn, text, sizeof(text));

    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(text, why) == NULL) {
        fail_msg("expected a stop with \"%s\"; status %#x, output: %s", why, (unsigned int)status,
                 text);
    }
}

/* fn returns, its checks being unit_check() because cmocka's do not work in a child. */
static inline void unit_expect_pass(void (*fn)(void))
{
    char text[4096];
    int status = unit_child(fn, text, sizeof(text));

    if (status != 0) {
        fail_msg("child failed with status %#x: %s", (unsigned int)status, text);
    }
}

#define unit_check(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #cond);                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)
