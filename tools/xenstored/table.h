/* SPDX-License-Identifier: Apache-2.0 */
/* Hash tables of objects that embed a link. They grow; when memory for that lacks, chains get
 * longer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

struct table_link {
    struct table_link *next;
    uint64_t hash;
};

struct table {
    struct table_link **bucket;
    size_t mask, count;
};

int table_init(struct table *table) must_check;
void table_free(struct table *table);
void table_add(struct table *table, struct table_link *link, uint64_t hash);
void table_del(struct table *table, struct table_link *link);

static inline struct table_link *table_match(struct table_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

/* All links with a hash: table_first(), then table_next() until NULL. */
static inline struct table_link *table_first(const struct table *table, uint64_t hash)
{
    return table_match(table->bucket[hash & table->mask], hash);
}

static inline struct table_link *table_next(const struct table_link *link)
{
    return table_match(link->next, link->hash);
}
