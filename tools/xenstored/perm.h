/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Permissions. A node has a list of entries: the first names its owner and says what everybody else
 * may do, the others say what one domain may do. Lists are interned: equal ones are one object.
 *
 * An entry is for a domain, not for a number: it holds the number's serial, which changes when the
 * domain goes, so that a later domain with the same number inherits nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define PERM_READ  1u
#define PERM_WRITE 2u
#define PERM_OWNER 4u
#define PERM_ALL   (PERM_READ | PERM_WRITE | PERM_OWNER)

struct perm {
    uint32_t serial;
    uint16_t domid;
    uint16_t access; /* PERM_READ, PERM_WRITE */
};

struct perm_set {
    struct table_link link;
    uint32_t refs;
    uint32_t count;     /* at least 1 */
    struct perm *entry; /* behind it, where they fit in an object of the pool */
};

/* Who asks: a connection's domain, and the domain that it acts for (itself where there is none). */
struct perm_who {
    bool privileged;
    uint16_t domid, target;
    uint32_t serial, target_serial;
};

/* The set with these entries, with a reference for the caller; NULL when out of memory. */
struct perm_set *perm_intern(struct table *table, const struct perm *entry,
                             size_t count) must_check;
static inline struct perm_set *perm_get(struct perm_set *set)
{
    set->refs++;
    return set;
}
void perm_put(struct table *table, struct perm_set *set);

/* What `who` may do, as PERM_ bits. */
unsigned int perm_access(const struct perm_set *set, const struct perm_who *who);
static inline bool perm_allows(const struct perm_set *set, const struct perm_who *who,
                               unsigned int want)
{
    return (perm_access(set, who) & want) == want;
}

/* One entry as text: n0, r5, w5, b5. perm_parse() takes exactly that and leaves the serial 0. */
int perm_parse(const char *text, struct perm *out) must_check;
/* Bytes written with the NUL; `out` has room for 8. */
size_t perm_print(const struct perm *perm, char *out);
char perm_letter(const struct perm *perm);
