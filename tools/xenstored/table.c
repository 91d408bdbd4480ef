/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>

#define FIRST_BUCKETS 16

int table_init(struct table *table)
{
    table->count = 0;
    table->mask = FIRST_BUCKETS - 1;
    table->bucket = mem_zalloc(FIRST_BUCKETS * sizeof(struct table_link *));
    return table->bucket != NULL ? 0 : -ENOMEM;
}

void table_free(struct table *table)
{
    mem_free(table->bucket);
    table->bucket = NULL;
}

static void grow(struct table *table)
{
    size_t mask = table->mask * 2 + 1;
    struct table_link **bucket = mem_zalloc((mask + 1) * sizeof(struct table_link *));

    if (bucket == NULL) {
        return;
    }
    for (size_t i = 0; i <= table->mask; i++) {
        struct table_link *link = table->bucket[i], *next;

        for (; link != NULL; link = next) {
            next = link->next;
            link->next = bucket[link->hash & mask];
            bucket[link->hash & mask] = link;
        }
    }
    mem_free(table->bucket);
    table->bucket = bucket;
    table->mask = mask;
}

void table_add(struct table *table, struct table_link *link, uint64_t hash)
{
    struct table_link **bucket;

    if (table->count > table->mask) {
        grow(table);
    }
    bucket = &table->bucket[hash & table->mask];
    link->hash = hash;
    link->next = *bucket;
    *bucket = link;
    table->count++;
}

void table_del(struct table *table, struct table_link *link)
{
    struct table_link **at = &table->bucket[link->hash & table->mask];

    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    table->count--;
}
