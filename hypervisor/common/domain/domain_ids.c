/* SPDX-License-Identifier: Apache-2.0 */
/* Domain ids: a table of blocks for lookup, an ordered list for walks. Readers use RCU. */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/rcu.h>
#include <hearth/vcpu.h>

#include "private.h"

#define BLOCK_SHIFT 7U
#define BLOCK_SIZE  (1U << BLOCK_SHIFT)
#define NR_BLOCKS   (0x8000U >> BLOCK_SHIFT)

/* A block lives as long as it holds a domain, and a grace period more. */
struct id_block {
    struct rcu_head rcu;
    uint32_t count;
    struct domain *slots[BLOCK_SIZE];
};

static struct id_block *blocks[NR_BLOCKS]; /* changed under domlist_lock */
static uint32_t next_id = 1;

struct domain *domain_find(domid_t id)
{
    struct id_block *block;

    if (unlikely(id >= DOMID_FIRST_RESERVED)) {
        return id == DOMID_SELF ? current_vcpu()->domain : NULL;
    }
    id = (domid_t)index_nospec(id, DOMID_FIRST_RESERVED);
    /* Both pair with put_in(). */
    block = load_acquire(&blocks[id >> BLOCK_SHIFT]);
    return block == NULL ? NULL : load_acquire(&block->slots[id & (BLOCK_SIZE - 1)]);
}

/* Both with domlist_lock held. */
static int put_in(domid_t id, struct domain *d)
{
    struct id_block *block = blocks[id >> BLOCK_SHIFT];

    if (block == NULL) {
        block = heap_alloc(sizeof(*block));
        if (block == NULL) {
            return -ENOMEM;
        }
        store_release(&blocks[id >> BLOCK_SHIFT], block);
    }
    block->count++;
    store_release(&block->slots[id & (BLOCK_SIZE - 1)], d);
    return 0;
}

static void free_block(struct rcu_head *head)
{
    heap_free(container_of(head, struct id_block, rcu));
}

static void take_out(domid_t id)
{
    struct id_block *block = blocks[id >> BLOCK_SHIFT];

    WRITE_ONCE(block->slots[id & (BLOCK_SIZE - 1)], NULL);
    if (--block->count == 0) {
        WRITE_ONCE(blocks[id >> BLOCK_SHIFT], NULL);
        rcu_call(&block->rcu, free_block);
    }
}

static bool taken(uint32_t id)
{
    const struct id_block *block = blocks[id >> BLOCK_SHIFT];

    return block != NULL && block->slots[id & (BLOCK_SIZE - 1)] != NULL;
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
        domid_t before = d->id;

        d->id = id; /* whoever finds d sees it */
        rc = put_in(id, d);
        if (rc == 0) {
            list_insert(d);
        } else {
            d->id = before;
        }
    }
    spin_unlock(&domlist_lock);
    return rc;
}

void domain_ids_remove(struct domain *d)
{
    spin_lock(&domlist_lock);
    take_out(d->id);
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
