/* SPDX-License-Identifier: Apache-2.0 */
#include "perm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "pool.h"

static bool is_near(const struct perm_set *set)
{
    return set->entry == (const struct perm *)(set + 1);
}

static struct perm_set *set_alloc(size_t bytes)
{
    bool near = sizeof(struct perm_set) + bytes <= POOL_MAX;
    struct perm_set *set = pool_alloc(sizeof(*set) + (near ? bytes : 0));

    if (set == NULL) {
        return NULL;
    }
    set->entry = near ? (struct perm *)(set + 1) : mem_alloc(bytes);
    if (set->entry == NULL) {
        pool_free(set);
        return NULL;
    }
    return set;
}

static void set_free(struct perm_set *set)
{
    if (!is_near(set)) {
        mem_free(set->entry);
    }
    pool_free(set);
}

struct perm_set *perm_intern(struct table *table, const struct perm *entry, size_t count)
{
    size_t bytes = count * sizeof(*entry);
    uint64_t hash = hash_bytes((const char *)entry, bytes);
    struct table_link *link;
    struct perm_set *set;

    for (link = table_first(table, hash); link != NULL; link = table_next(link)) {
        set = container_of(link, struct perm_set, link);
        if (set->count == count && memcmp(set->entry, entry, bytes) == 0) {
            return perm_get(set);
        }
    }
    set = set_alloc(bytes);
    if (set != NULL) {
        set->refs = 1;
        set->count = (uint32_t)count;
        memcpy(set->entry, entry, bytes);
        table_add(table, &set->link, hash);
    }
    return set;
}

void perm_put(struct table *table, struct perm_set *set)
{
    if (--set->refs == 0) {
        table_del(table, &set->link);
        set_free(set);
    }
}

static bool is_for(const struct perm *perm, const struct perm_who *who)
{
    return (perm->domid == who->domid && perm->serial == who->serial) ||
           (perm->domid == who->target && perm->serial == who->target_serial);
}

unsigned int perm_access(const struct perm_set *set, const struct perm_who *who)
{
    if (who->privileged || is_for(&set->entry[0], who)) {
        return PERM_ALL;
    }
    for (uint32_t i = 1; i < set->count; i++) {
        if (is_for(&set->entry[i], who)) {
            return set->entry[i].access;
        }
    }
    return set->entry[0].access;
}

int perm_parse(const char *text, struct perm *out)
{
    char *end;
    unsigned long domid;

    memset(out, 0, sizeof(*out));
    switch (text[0]) {
    case 'r':
        out->access = PERM_READ;
        break;
    case 'w':
        out->access = PERM_WRITE;
        break;
    case 'b':
        out->access = PERM_READ | PERM_WRITE;
        break;
    case 'n':
        break;
    default:
        return -EINVAL;
    }
    domid = strtoul(text + 1, &end, 0);
    if (text[1] < '0' || text[1] > '9' || *end != '\0' || domid > UINT16_MAX) {
        return -EINVAL;
    }
    out->domid = (uint16_t)domid;
    return 0;
}

char perm_letter(const struct perm *perm)
{
    return "nrwb"[perm->access & 3u];
}

size_t perm_print(const struct perm *perm, char *out)
{
    return (size_t)sprintf(out, "%c%u", perm_letter(perm), perm->domid) + 1;
}
