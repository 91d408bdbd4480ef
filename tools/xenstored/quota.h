/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a domain may use. Counted items are charged before anything is allocated, and refunded by
 * every undo; the others bound one object each. Only unprivileged domains are bound; all are
 * counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

enum quota_item {
    QUOTA_NODES,
    QUOTA_WATCHES,
    QUOTA_TRANSACTIONS,
    QUOTA_OUTSTANDING, /* replies that wait to be read by the client */
    QUOTA_MEMORY,      /* bytes of nodes, watches, transactions, and unread messages */
    QUOTA_COUNTED,
    QUOTA_NODE_SIZE = QUOTA_COUNTED,
    QUOTA_PERMS,     /* entries of one node's list */
    QUOTA_PATH,      /* bytes of a path */
    QUOTA_TXN_NODES, /* nodes that one transaction looks at */
    QUOTA_ITEMS,
};

/* A limit of 0 is none; in a domain's own limits, QUOTA_DEFAULT means that the store's is taken. */
#define QUOTA_DEFAULT UINT32_MAX

struct quota_limits {
    uint32_t hard[QUOTA_ITEMS];
    uint32_t soft[QUOTA_ITEMS];
};

struct quota {
    const struct quota_limits *defaults;
    bool bound;
    uint64_t used[QUOTA_COUNTED];
    uint64_t peak[QUOTA_COUNTED];
    uint64_t counted[QUOTA_COUNTED]; /* store_check()'s own; zero otherwise */
    uint32_t limit[QUOTA_ITEMS];
};

/* Debian's daemon's defaults. */
void quota_limits_init(struct quota_limits *limits);
/* The item with this name (as `xenstore-control quota` and -Q spell it), or -ENOENT. */
int quota_item(const char *name) must_check;
const char *quota_name(enum quota_item item);
const char *quota_text(enum quota_item item);

void quota_init(struct quota *quota, const struct quota_limits *defaults, bool bound);
/* 0: no limit. */
uint32_t quota_limit(const struct quota *quota, enum quota_item item);
/* Whether `more` may be added, or, for items that are not counted, whether that size is allowed. */
bool quota_fits(const struct quota *quota, enum quota_item item, uint64_t more);
void quota_add(struct quota *quota, enum quota_item item, uint64_t amount);
void quota_sub(struct quota *quota, enum quota_item item, uint64_t amount);
