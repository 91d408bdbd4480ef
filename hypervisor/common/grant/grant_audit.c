/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants of grants among domains, for tests, fuzzers and debug builds. */
#include <hearth/grant.h>
#include <hearth/p2m.h>

#include "private.h"

/* Pins of one active entry that live handles of `all` account for. */
static void count_pins(struct domain *const *all, unsigned int n, const struct domain *granter,
                       grant_ref_t ref, uint32_t *readers, uint32_t *writers)
{
    *readers = 0;
    *writers = 0;
    for (unsigned int i = 0; i < n; i++) {
        const struct grant_table *t = all[i]->grants;

        for (uint32_t h = 0; t != NULL && h < t->nr_maps; h++) {
            const struct grant_map *m = grant_map_at(t, h);

            if ((m->state & GRANT_MAP_LIVE) != 0 && m->granter == granter && m->ref == ref) {
                *writers += (m->state & GRANT_MAP_WRITE) != 0;
                *readers += (m->state & GRANT_MAP_WRITE) == 0;
            }
        }
    }
}

static const char *audit_entry(struct domain *const *all, unsigned int n, struct domain *granter,
                               grant_ref_t ref)
{
    union guest_grant_entry *shared;
    struct grant_active *active;
    uint32_t readers, writers;
    domid_t owner;

    if (!grant_entry(granter->grants, ref, &shared, &active)) {
        return "an entry outside the table";
    }
    if (active->readers + active->writers == 0) {
        return NULL;
    }
    count_pins(all, n, granter, ref, &readers, &writers);
    if (readers != active->readers || writers != active->writers) {
        return "pins that no handle accounts for, or the reverse";
    }
    if (!page_get_any(active->mfn, &owner)) {
        return "a pinned frame that is not referenced";
    }
    page_put(active->mfn);
    return owner == granter->id ? NULL : "a pinned frame that is not the granter's";
}

static const char *audit_handles(struct domain *d)
{
    const struct grant_table *t = d->grants;
    uint32_t live = 0, free = 0;

    for (uint32_t h = 0; h < t->nr_maps; h++) {
        const struct grant_map *m = grant_map_at(t, h);
        union guest_grant_entry *shared;
        struct grant_active *active;

        live += m->state != GRANT_MAP_FREE;
        if ((m->state & GRANT_MAP_LIVE) == 0) {
            continue;
        }
        if (!grant_entry(m->granter->grants, m->ref, &shared, &active) ||
            active->readers + active->writers == 0 || active->domid != d->id) {
            return "a handle whose grant is not pinned for its domain";
        }
    }
    for (uint32_t f = t->free_map; f != 0; f = grant_map_at(t, f - 1)->next) {
        if (++free > t->nr_maps) {
            return "a circle in the free handles";
        }
    }
    return live == t->live_maps && live + free == t->nr_maps ? NULL : "handles are miscounted";
}

const char *grant_audit(struct domain *const *all, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        struct grant_table *t = all[i]->grants;
        const char *bad = t != NULL ? audit_handles(all[i]) : NULL;

        for (grant_ref_t ref = 0;
             bad == NULL && t != NULL && ref < t->nr_frames * GRANT_ENTRIES_PER_PAGE; ref++) {
            bad = audit_entry(all, n, all[i], ref);
        }
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}
