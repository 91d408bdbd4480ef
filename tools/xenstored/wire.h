/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the wire protocol (xenstore.txt): one table of types, each with its name, its
 * handler, and who may send it.
 */
#pragma once

#include <errno.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include "store.h"

/* Of later Xen than the headers know (4.21, 4.22). */
#define XS_GET_FEATURE 23
#define XS_SET_FEATURE 24
#define XS_GET_QUOTA   25
#define XS_SET_QUOTA   26
#define WIRE_TYPES     27

/* Handles one request: exactly one reply is sent, then the events that it caused. */
void wire_request(struct conn *conn, const struct xsd_sockmsg *header, char *payload);
/* A name for logs. */
const char *wire_name(uint32_t type);
/* The name of an errno as the protocol has it; EINVAL for one that it has not. */
const char *wire_error(int err);

/* A request as its handler sees it. */
struct request {
    struct conn *conn;
    const struct xsd_sockmsg *header;
    struct txn *txn;
    char *in;  /* payload, header->len bytes */
    char *out; /* reply's payload, XENSTORE_PAYLOAD_MAX bytes */
    size_t out_len;
    struct list after; /* events that this client alone gets, after the reply */
    bool postponed;    /* a reply will come later, by itself */
};

/* The number of NUL-terminated strings at the start of the payload. */
unsigned int request_strings(const struct request *request);
/* The n-th of them; it must exist. */
char *request_string(const struct request *request, unsigned int n);
/* Whether the payload is exactly n strings. */
bool request_is(const struct request *request, unsigned int n);
int request_put(struct request *request, const void *data, size_t len) must_check;

/* XS_CONTROL. */
int control_request(struct request *request) must_check;
