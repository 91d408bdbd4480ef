/* SPDX-License-Identifier: Apache-2.0 */
/* What page tables of all formats share: shape, pending flush, teardown, whole-table scans. */

#include "codec.h"

#include <hearth/bug.h>
#include <hearth/errno.h>

int pt_init(struct pt *pt, const struct pt_ops *ops, const struct pt_env *env, void *arg,
            unsigned int address_bits)
{
    const struct pt_format *f = ops->format;
    unsigned int levels = f->min_levels;
    unsigned int order = f->min_root_order;
    unsigned int bits = address_bits - PAGE_SHIFT;
    paddr_t root;
    int rc;

    if (address_bits <= PAGE_SHIFT || address_bits > f->max_bits) {
        return -EINVAL;
    }
    while (levels < f->max_levels && bits > levels * PT_ENTRIES_SHIFT + f->max_root_order) {
        levels++;
    }
    if (bits > levels * PT_ENTRIES_SHIFT + order) {
        order = bits - levels * PT_ENTRIES_SHIFT;
    }
    rc = env->alloc(arg, order, &root);
    if (rc != 0) {
        return rc;
    }
    *pt = (struct pt){
        .root = env->virt(arg, root),
        .frames = 1UL << bits,
        .levels = (uint8_t)levels,
        .root_order = (uint8_t)order,
        .root_shift = (uint8_t)((levels - 1) * PT_ENTRIES_SHIFT),
        .max_level = 2,
        .ops = ops,
        .env = env,
        .arg = arg,
    };
    pt->virt_offset = (uint64_t)(uintptr_t)pt->root - root.a;
    return 0;
}

void pt_rebase(struct pt *pt, uint64_t virt_offset)
{
    pt->root = (uint64_t *)(uintptr_t)(pt_root_paddr(pt).a + virt_offset);
    pt->virt_offset = virt_offset;
    pt->seen = NULL;
}

void pt_flush_pending(struct pt *pt)
{
    uint64_t start = pt->flush_start;
    uint64_t end = pt->flush_end;
    uint64_t table = pt->unlinked;
    bool tables = pt->flush_tables;

    pt->flush_end = 0;
    pt->flush_tables = false;
    pt->unlinked = 0;
    pt->env->flush(pt->arg, start, end - start, tables);
    while (table != 0) {
        uint64_t next = *pt_table_at(pt, table >> PAGE_SHIFT);

        pt->env->free(pt->arg, paddr(table), 0);
        table = next;
    }
}

int pt_destroy(struct pt *pt, uint32_t budget)
{
    struct pt_job job = {
        .frame = pt->destroyed,
        .count = pt->frames - pt->destroyed,
        .budget = budget,
    };
    int rc = pt_unmap(pt, &job);

    /* Splitting is all that fails, and the job covers each block as a whole. */
    BUG_ON(rc != 0);
    pt_flush(pt);
    pt->destroyed = job.frame;
    if (job.count != 0) {
        return -ERESTART;
    }
    pt->env->flush(pt->arg, 0, pt->frames, true);
    pt->env->free(pt->arg, pt_root_paddr(pt), pt->root_order);
    return 0;
}

/*
 * Puts a table, to which no entry points any more, on the chain that the next flush frees. A page
 * aligned link is an invalid entry in all formats, for the walkers that may still be in there.
 */
void pt_unlink(struct pt *pt, uint64_t *table)
{
    WRITE_ONCE(*table, pt->unlinked);
    pt->unlinked = (uint64_t)(uintptr_t)table - pt->virt_offset;
}

/* For a table that is not linked yet. */
void pt_fill(uint64_t *table, uint64_t first, uint64_t step)
{
    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        table[i] = first + i * step;
    }
}

bool pt_is_uniform(const uint64_t *table, uint64_t step)
{
    uint64_t expected = table[0];

    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        if (table[i] != expected) {
            return false;
        }
        expected += step;
    }
    return true;
}

/* The first four entries from `from`, a multiple of four, on that are not all empty. */
static inline unsigned int pt_next_four(const uint64_t *table, unsigned int from)
{
    while (from < PT_ENTRIES &&
           (table[from] | table[from + 1] | table[from + 2] | table[from + 3]) == 0) {
        from += 4;
    }
    return from;
}

bool pt_is_empty(const uint64_t *table)
{
    return pt_next_four(table, 0) == PT_ENTRIES;
}

/*
 * Whether its table maps nothing else. The entry that showed the contrary is remembered: whoever
 * takes pages one after the other asks about one table again and again.
 */
bool pt_is_alone(struct pt *pt, const uint64_t *entry)
{
    const uint64_t *table = (const uint64_t *)((uintptr_t)entry & PAGE_MASK);
    const uint64_t *seen = pt->seen;

    /* It is looked at only when it is in this table, which is in use. */
    if (((uintptr_t)seen & PAGE_MASK) == (uintptr_t)table && seen != entry && *seen != 0) {
        return false;
    }
    for (unsigned int i = pt_next_four(table, 0); i < PT_ENTRIES; i = pt_next_four(table, i + 4)) {
        for (unsigned int j = i; j < i + 4; j++) {
            if (table[j] != 0 && &table[j] != entry) {
                pt->seen = &table[j];
                return false;
            }
        }
    }
    return true;
}
