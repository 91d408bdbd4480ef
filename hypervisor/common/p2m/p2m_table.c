/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a p2m gives to the page-table code: charged table memory, which goes back after an RCU
 * grace period, and the flush with all that must come after it. All under p2m->lock.
 */
#include "private.h"

#include <hearth/arch/mm.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/errno.h>

static uint64_t *table_link(uint64_t table)
{
    return mfn_to_virt(paddr_to_mfn(paddr(table)));
}

static int p2m_table_alloc(void *arg, unsigned int order, paddr_t *table)
{
    struct p2m *p2m = arg;
    uint32_t pages = 1U << order;
    mfn_t m;
    int rc;

    if (p2m->table_limit != 0 &&
        (p2m->table_pages >= p2m->table_limit || pages > p2m->table_limit - p2m->table_pages)) {
        return -ENOMEM;
    }
    rc = page_alloc(order, PAGE_TABLE, ALLOC_ZERO, &m);
    if (rc != 0) {
        return rc;
    }
    p2m->table_pages += pages;
    *table = mfn_to_paddr(m);
    return 0;
}

/* After the flush; only lock-free readers may still be in the table. */
static void p2m_table_free(void *arg, paddr_t table, unsigned int order) NO_LOCK_ANALYSIS
{
    struct p2m *p2m = arg;

    (void)order; /* the frame table knows it too */
    WRITE_ONCE(*table_link(table.a), p2m->limbo);
    p2m->limbo = table.a;
    p2m_table_schedule(p2m);
}

static void p2m_table_graced(struct rcu_head *head)
{
    struct p2m *p2m = container_of(head, struct p2m, rcu);

    spin_lock(&p2m->lock);
    for (unsigned int i = 0; i < P2M_CHUNK && p2m->graced != 0; i++) {
        mfn_t m = paddr_to_mfn(paddr(p2m->graced));
        unsigned int order = mfn_to_page(m)->order;

        p2m->graced = *table_link(p2m->graced);
        page_free(m, order);
        p2m->table_pages -= 1U << order;
    }
    p2m->rcu_busy = false;
    p2m_table_schedule(p2m);
    spin_unlock(&p2m->lock);
}

void p2m_table_schedule(struct p2m *p2m)
{
    if (p2m->rcu_busy) {
        return;
    }
    if (p2m->graced == 0) {
        p2m->graced = p2m->limbo;
        p2m->limbo = 0;
    }
    if (p2m->graced != 0) {
        p2m->rcu_busy = true;
        rcu_call(&p2m->rcu, p2m_table_graced);
    }
}

static void *p2m_table_virt(void *arg, paddr_t table)
{
    (void)arg;
    return mfn_to_virt(paddr_to_mfn(table));
}

static void p2m_sync(void *arg, const uint64_t *first, unsigned int count)
{
    (void)arg;
    (void)count;
    arch_p2m_sync_entry(first);
}

static void p2m_flush(void *arg, uint64_t frame, uint64_t count, bool tables)
{
    struct p2m *p2m = arg;

    if (tables) {
        arch_p2m_flush_all(p2m);
    } else {
        arch_p2m_flush_range(p2m, gfn(frame), count);
    }
    /* Before references go: pairs with the acquire of a reader that checks after its page_get. */
    store_release(&p2m->generation, p2m->generation + 1);
    for (uint32_t i = 0; i < p2m->nr_dropped; i++) {
        page_put(p2m->dropped[i]);
    }
    p2m->nr_dropped = 0;
}

static void p2m_removed(void *arg, uint64_t frame, const struct pt_leaf *leaf)
{
    struct p2m *p2m = arg;

    (void)frame;
    /* Each operation's budget is the room that is left here, and counted types are only mapped at
     * level 0: one removed entry is one reference. */
    BUG_ON(p2m->nr_dropped == P2M_CHUNK || leaf->level != 0);
    p2m->dropped[p2m->nr_dropped++] = mfn(leaf->target);
}

const struct pt_env p2m_env = {
    .alloc = p2m_table_alloc,
    .free = p2m_table_free,
    .virt = p2m_table_virt,
    .sync = p2m_sync,
    .flush = p2m_flush,
    .removed = p2m_removed,
    .watch = P2M_COUNTED,
};
