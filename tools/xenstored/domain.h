/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains as the store knows them: those that were introduced, and those that own something.
 * A number's serial outlives the record: it counts how often a domain with that number went.
 */
#pragma once

#include "perm.h"
#include "quota.h"

#define DOMAINS      65536u
#define DOMAIN_BLOCK 256u
#define DOMID_DOM0   0
#define DOMID_LAST   0x7fefu

struct conn;

/* Bits of the ring's server_features; the last is of later Xen than the headers know. */
#define FEATURE_RECONNECTION 1u
#define FEATURE_ERROR        2u
#define FEATURE_WATCHDEPTH   4u
#define FEATURES_ALL         (FEATURE_RECONNECTION | FEATURE_ERROR | FEATURE_WATCHDEPTH)

struct domain {
    uint16_t domid, target; /* target: itself where it has none */
    bool known;             /* seen to exist, and not to be gone */
    bool introduced;
    bool shutdown; /* seen to be shut down, and that was announced */
    bool privileged;
    struct quota quota;
    struct conn
        *conn; /* of its ring; NULL until it is introduced and after it was cut off for good */
    uint64_t mfn;
    uint32_t port;     /* the domain's end of the event channel */
    uint32_t features; /* of the ring, as the domain sees them */
    bool features_set; /* chosen before it was introduced */
};

/* Neighbouring numbers. */
struct domain_block {
    struct domain *by_id[DOMAIN_BLOCK];
    uint32_t serial[DOMAIN_BLOCK];
};

struct domain_table {
    struct domain_block *block[DOMAINS / DOMAIN_BLOCK]; /* domain_none until a record is there */
    unsigned int end; /* no record is there, or was, from this number on */
    struct quota_limits limits;
    uint16_t privileged; /* a second privileged domain; DOM0 where there is none */
};

extern struct domain_block domain_none; /* never written */

void domain_table_init(struct domain_table *table);
void domain_table_free(struct domain_table *table);

static inline struct domain *domain_find(const struct domain_table *table, uint16_t domid)
{
    return table->block[domid / DOMAIN_BLOCK]->by_id[domid % DOMAIN_BLOCK];
}
static inline uint32_t domain_serial(const struct domain_table *table, uint16_t domid)
{
    return table->block[domid / DOMAIN_BLOCK]->serial[domid % DOMAIN_BLOCK];
}
/* What was granted to this number no longer counts. */
static inline void domain_renew(struct domain_table *table, const struct domain *domain)
{
    table->block[domain->domid / DOMAIN_BLOCK]->serial[domain->domid % DOMAIN_BLOCK]++;
}
/* Finds the record, or makes one; NULL when out of memory. */
struct domain *domain_need(struct domain_table *table, uint16_t domid) must_check;
/* The domain is gone: its number's serial changes. Its record goes if nothing is charged to it. */
void domain_gone(struct domain_table *table, struct domain *domain);
/* Frees a record that nobody introduced and that nothing is charged to. */
void domain_trim(struct domain_table *table, struct domain *domain);

void domain_who(const struct domain_table *table, const struct domain *domain,
                struct perm_who *who);
