/* SPDX-License-Identifier: Apache-2.0 */
/* Debug key 'g': a domain's table, who uses its entries, and what it maps of others. */
#include <hearth/console.h>
#include <hearth/grant.h>

#include "private.h"

/* Lines of each kind for a domain; beyond, the number alone. */
#define MOST_LINES 8U

static void print_pinned(const struct domain *d, const struct grant_table *t)
{
    uint32_t entries = load_acquire(&t->nr_frames) * (uint32_t)GRANT_ENTRIES_PER_PAGE;
    uint32_t pinned = 0;

    for (grant_ref_t ref = 0; ref < entries; ref++) {
        union guest_grant_entry *shared;
        struct grant_active *active;
        uint32_t readers, writers;

        if (!grant_entry(t, ref, &shared, &active)) {
            break;
        }
        readers = READ_ONCE(active->readers);
        writers = READ_ONCE(active->writers);
        if (readers + writers != 0 && pinned++ < MOST_LINES) {
            printk(LOG_ERR, "  d%u entry %u: used by d%u, %u read, %u write\n", d->id, ref,
                   READ_ONCE(active->domid), readers, writers);
        }
    }
    printk(LOG_ERR, "  d%u: %u entries in use\n", d->id, pinned);
}

static void print_handles(const struct domain *d, const struct grant_table *t)
{
    uint32_t nr = load_acquire(&t->nr_maps);
    uint32_t live = 0;

    for (uint32_t h = 0; h < nr; h++) {
        const struct grant_map *m = grant_map_at(t, h);
        uint32_t state = load_acquire(&m->state);

        if ((state & GRANT_MAP_LIVE) != 0 && live++ < MOST_LINES) {
            printk(LOG_ERR, "  d%u handle %u: entry %u, at 0x%lx%s\n", d->id, h, m->ref,
                   (unsigned long)gfn_to_gaddr(m->gfn).a,
                   (state & GRANT_MAP_WRITE) != 0 ? "" : ", read-only");
        }
    }
    printk(LOG_ERR, "  d%u: %u mappings of others' frames\n", d->id, live);
}

void grant_print(const struct domain *d)
{
    const struct grant_table *t = d->grants;

    if (t == NULL) {
        return;
    }
    printk(LOG_ERR, "d%u: %u frames of %u\n", d->id, load_acquire(&t->nr_frames), t->max_frames);
    print_pinned(d, t);
    print_handles(d, t);
}
