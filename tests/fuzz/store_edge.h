/* SPDX-License-Identifier: Apache-2.0 */
/* For the fuzzers of the store daemon: where their inputs come from, and the daemon's edge. */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstored/server.h"
#include "xenstored/update.h"
#include "xenstored/wire.h"

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            (void)dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #x);                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct server server;
bool log_tracing;

static struct input {
    const uint8_t *at;
    size_t left;
} in;

static uint32_t take(uint32_t limit)
{
    if (in.left == 0) {
        return 0;
    }
    in.left--;
    return *in.at++ % limit;
}

static uint32_t take_word(void)
{
    uint32_t v = take(256);

    v |= take(256) << 8;
    v |= take(256) << 16;
    return v | take(256) << 24;
}

/* Words of the protocol: what a request is made of, where it is not of bytes. */
static const char *const words[] = {
    "/",
    "/a",
    "/a/b",
    "/a/b/c/d",
    "/local/domain/1",
    "data",
    "data/x",
    "/local/domain",
    "@releaseDomain",
    "@introduceDomain",
    "token",
    "T",
    "F",
    "n1",
    "r2",
    "b3",
    "n0",
    "1",
    "2",
    "3",
    "0",
    "7",
    "check",
    "quota",
    "set",
    "nodes",
    "watches",
    "outstanding",
    "memory",
    "node-size",
    "log",
    "on",
    "help",
    "print",
    "transactions",
    "memreport",
    "quota-soft",
    "logfile",
    "permissions",
    "transaction-nodes",
    "path-max",
    "40",
    "300",
    "2000",
    "/local/domain/3/data",
    "/a//b",
    "/a/",
    "x/y/z",
    "12345678901234567890",
};

/* A request from the input; its bytes, at most `room`. */
static size_t take_request(uint8_t *to, size_t room, uint32_t req)
{
    struct xsd_sockmsg header = {.type = take(WIRE_TYPES + 1), .req_id = req, .tx_id = take(6)};
    uint32_t n = take(6);
    size_t len = sizeof(header);

    header.tx_id = header.tx_id > 3 ? 0 : header.tx_id;
    for (uint32_t i = 0; i < n; i++) {
        const char *word = words[take((uint32_t)(sizeof(words) / sizeof(words[0])))];
        size_t more = strlen(word) + 1;

        if (len + more < room) {
            memcpy(to + len, word, more);
            len += more;
        }
    }
    if (take(4) == 0) { /* a value, of one byte repeated */
        size_t more = (size_t)take(128) * (take(4) == 0 ? 32 : 1);

        more = len + more < room ? more : room - len;
        memset(to + len, (int)take(256), more);
        len += more;
    }
    header.len = (uint32_t)(len - sizeof(header));
    if (take(32) == 0) {
        header.len = take_word();
    }
    memcpy(to, &header, sizeof(header));
    return len;
}

/* Nothing is charged that is not there, and nothing is there that is not charged. */
static void check_store(void)
{
    mem_fail_at(0);
    MUST(store_check(&server.store) == 0);
}

static void end_store(void)
{
    check_store();
    store_free(&server.store);
    MUST(server.store.env.nodes == 0 && server.store.env.bytes == 0 && pool_count() == 0);
}

void log_line(const char *format, ...)
{
    (void)format;
}

void log_system(const char *format, ...)
{
    (void)format;
}
