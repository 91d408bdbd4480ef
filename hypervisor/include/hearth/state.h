/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State records: the pointer-free, versioned form of every object, for migration, live update,
 * fork and dumps. A record is a header and a body of fixed-width little-endian fields, padded with
 * zeros to 8 bytes. A reader rejects a mandatory record that it does not know (bit 31 clear), a
 * body that is shorter than the version needs, and non-zero reserved fields.
 * Times are nanoseconds relative to the stream's own `now`, never host counters.
 */
#pragma once

#include <hearth/compiler.h>

#define STATE_OPTIONAL 0x80000000U

enum state_type {
    STATE_END = 0,
    STATE_HEADER = 1,
    STATE_DOMAIN = 2,
    STATE_VCPU = 3,
    STATE_VCPU_ARCH = 4,
    STATE_P2M = 5,
    STATE_EVTCHN = 6,
    STATE_EVTCHN_VCPU = 7,
    STATE_GRANT_TABLE = 8,
    STATE_MAPTRACK = 9,
    STATE_TIMER = 10,
    STATE_IRQCHIP = 11,
    STATE_IRQCHIP_VCPU = 12,
    STATE_SCHED = 13,
    STATE_VUART = 14,
    STATE_VTIMER = 15,
    STATE_CONSOLE = 16,
};

struct state_header {
    uint32_t type;    /* enum state_type, STATE_OPTIONAL */
    uint16_t version; /* of the body */
    uint16_t domid;
    uint32_t instance; /* vCPU number, port, ... */
    uint32_t length;   /* of the body in bytes, before padding */
};

/* A growing (save) or shrinking (load) buffer; error is sticky, so calls need no check each. */
struct state_stream {
    uint8_t *data;
    size_t size;
    size_t pos;
    int error; /* 0, -ENOSPC (save), -EINVAL or -ENODATA (load) */
};

/* Appends a record. */
void state_save(struct state_stream *s, const struct state_header *h, const void *body);
/*
 * Next record: header checked, *body points into the stream. Returns s->error.
 */
int state_next(struct state_stream *s, struct state_header *h, const void **body) must_check;
/* -EINVAL unless the record has this version and at least this length. */
int state_expect(const struct state_header *h, uint16_t version, size_t length) must_check;
