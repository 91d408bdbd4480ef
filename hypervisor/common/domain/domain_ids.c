/* SPDX-License-Identifier: Apache-2.0 */
/* Domain ids: a two-level table for lookup, an ordered list for walks. Readers use RCU. */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/vcpu.h>

#include "private.h"

#define LEAF_SHIFT 8U
#define LEAF_SIZE  (1U << LEAF_SHIFT)
#define NR_LEAVES  (0x8000U >> LEAF_SHIFT)

static struct domain **leaves[NR_LEAVES]; /* leaves are never freed */
static uint32_t next_id = 1;

struct domain *domain_find(domid_t id)
{
    struct domain **leaf;

    if (id == DOMID_SELF) {
        return current_vcpu()->domain;
    }
    if (id >= DOMID_FIRST_RESERVED) {
        return NULL;
    }
    id = (domid_t)index_nospec(id, DOMID_FIRST_RESERVED);
    leaf = load_acquire(&leaves[id >> LEAF_SHIFT]);                         /* pairs with slot() */
    return leaf == NULL ? NULL : load_acquire(&leaf[id & (LEAF_SIZE - 1)]); /* with insert() */
}

static struct domain **slot(domid_t id)
{
    struct domain **leaf = leaves[id >> LEAF_SHIFT];

    if (leaf == NULL) {
        leaf = heap_alloc_array(LEAF_SIZE, sizeof(*leaf));
        if (leaf == NULL) {
            return NULL;
        }
        store_release(&leaves[id >> LEAF_SHIFT], leaf);
    }
    return &leaf[id & (LEAF_SIZE - 1)];
}

static bool taken(uint32_t id)
{
    const struct domain *const *leaf = (const struct domain *const *)leaves[id >> LEAF_SHIFT];

    return leaf != NULL && leaf[id & (LEAF_SIZE - 1)] != NULL;
}

/* Ids are not reused until the counter has gone round: stale ones do not meet a new domain. */
static int choose(domid_t *id)
{
    for (uint32_t i = 0; i < DOMID_FIRST_RESERVED; i++) {
        uint32_t candidate = next_id;

        next_id = next_id + 1 < DOMID_FIRST_RESERVED ? next_id + 1 : 1;
        if (!taken(candidate)) {
            *id = (domid_t)candidate;
            return 0;
        }
    }
    return -ENOSPC;
}

static void list_insert(struct domain *d)
{
    struct list *pos = domain_list.prev;

    while (pos != &domain_list && list_entry(pos, struct domain, list)->id > d->id) {
        pos = pos->prev;
    }
    d->list.prev = pos;
    d->list.next = pos->next;
    pos->next->prev = &d->list;
    store_release(&pos->next, &d->list); /* pairs with for_each_domain() */
}

int domain_ids_insert(struct domain *d, domid_t id)
{
    struct domain **s;
    int rc = 0;

    spin_lock(&domlist_lock);
    if (id == DOMID_INVALID) {
        rc = choose(&id);
    } else if (id >= DOMID_FIRST_RESERVED) {
        rc = -EINVAL;
    } else if (taken(id)) {
        rc = -EEXIST;
    }
    if (rc == 0) {
        s = slot(id);
        if (s == NULL) {
            rc = -ENOMEM;
        } else {
            d->id = id;
            list_insert(d);
            store_release(s, d); /* pairs with domain_find() */
        }
    }
    spin_unlock(&domlist_lock);
    return rc;
}

void domain_ids_remove(struct domain *d)
{
    spin_lock(&domlist_lock);
    WRITE_ONCE(leaves[d->id >> LEAF_SHIFT][d->id & (LEAF_SIZE - 1)], NULL);
    /* d->list.next stays: a reader that stands on d goes on from there. */
    WRITE_ONCE(d->list.prev->next, d->list.next);
    d->list.next->prev = d->list.prev;
    spin_unlock(&domlist_lock);
}

void domain_init(void)
{
    /* Ids start at 1: 0 is asked for by name, for dom0. */
    ASSERT(next_id == 1);
}
