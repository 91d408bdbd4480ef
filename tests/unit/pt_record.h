/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pt_env that records the sequence of its calls, fails allocations on demand, and models a TLB
 * that caches all it can see: at each call, every valid translation of the watched frames and the
 * tables on the way to it. It fails the test when
 *   - two translations of a frame that the architecture must not see together meet,
 *   - a table is freed that may still be walked, or is freed twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <hearth/pt.h>

#define RECORD_TABLES  8192U /* pages of table memory */
#define RECORD_EVENTS  64U
#define RECORD_WATCHED 96U

enum record_kind {
    RECORD_END = 0,
    RECORD_ALLOC,
    RECORD_FREE,
    RECORD_SYNC,
    RECORD_FLUSH,     /* leaves only */
    RECORD_FLUSH_ALL, /* tables too */
    RECORD_REMOVED,
};

struct record_event {
    enum record_kind kind;
    uint64_t frame; /* flush, removed */
    uint64_t count; /* flush, sync: entries */
};

struct record_cached {
    uint64_t frame;
    bool valid;
    struct pt_leaf leaf;
    unsigned int nr_tables;
    uint64_t tables[32];
};

struct record {
    struct pt pt;
    struct pt_env env;
    bool ready;
    unsigned int in_use;    /* pages */
    int fail_after;         /* allocations that succeed before one fails; -1: all */
    unsigned int nr_events; /* all that happened; the last RECORD_EVENTS are kept */
    struct record_event events[RECORD_EVENTS];
    unsigned int nr_watched;
    struct record_cached watched[RECORD_WATCHED];
    uint8_t state[RECORD_TABLES]; /* 0 free, 1 in use */
};

/* Starts an empty table. */
int record_init(struct record *r, const struct pt_ops *ops, unsigned int address_bits);
/* Destroys it and checks that nothing is left. */
void record_finish(struct record *r);
/* Lets the modelled TLB look at a frame from now on. */
void record_watch(struct record *r, uint64_t frame);
/* The watched translations may be cached now. */
void record_observe(struct record *r);
/* What may be cached is what the table says. */
void record_check_coherent(struct record *r);
/* Counts reachable tables; fails on an empty one, a garbage entry, or a leak. */
void record_check_tree(struct record *r);

/* Forgets the events so far; compares kinds of those since, ended by RECORD_END. */
void record_restart(struct record *r);
void record_expect(const struct record *r, const enum record_kind *kinds);

/* One operation to its end with the given budget for each step. */
int record_map(struct record *r, uint64_t frame, uint64_t target, uint64_t count, uint32_t attr);
int record_unmap(struct record *r, uint64_t frame, uint64_t count);

extern const struct pt_ops *const record_formats[];
extern const unsigned int record_bits[]; /* an address width that each supports */
#define RECORD_FORMATS 7U
