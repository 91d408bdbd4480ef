/* SPDX-License-Identifier: Apache-2.0 */
/* What domains map: their p2m's entries and tables, grants, pins and handles. See audit.h. */
#include "audit_parts.h"

#include "common/grant/private.h"

/* --- p2m --- */

static const char *audit_own_ram(struct audit *a, const struct domain *d, uint64_t gfn_n,
                                 uint64_t mfn_n, uint64_t count)
{
    for (uint64_t k = 0; k < count; k++) {
        uint32_t i = audit_index(mfn(mfn_n + k));

        AUDIT_CHECK(i != 0 && (a->seen[i] & SEEN_LISTED) != 0 && frame_table[i].owner == d->id,
                    "gfn %lx of domain %u is RAM of frame %lx, which it does not own", gfn_n + k,
                    d->id, mfn_n + k);
        AUDIT_CHECK((a->seen[i] & SEEN_MAPPED) == 0, "frame %lx is RAM at two places of domain %u",
                    mfn_n + k, d->id);
        a->seen[i] |= SEEN_MAPPED;
    }
    return NULL;
}

/* A live handle of d says that it may. */
static const char *audit_granted(const struct domain *d, uint64_t gfn_n, uint64_t mfn_n, bool write)
{
    const struct grant_table *t = d->grants;

    for (uint32_t h = 0; h < t->nr_maps; h++) {
        const struct grant_map *m = grant_map_at(t, h);
        union guest_grant_entry *shared;
        struct grant_active *active;

        if ((m->state & GRANT_MAP_LIVE) != 0 && m->gfn.n == gfn_n &&
            ((m->state & GRANT_MAP_WRITE) != 0 || !write) &&
            grant_entry(m->granter->grants, m->ref, &shared, &active) && active->mfn.n == mfn_n) {
            return NULL;
        }
    }
    return audit_say("gfn %lx of domain %u maps frame %lx without a grant%s", gfn_n, d->id, mfn_n,
                     write ? " to write" : "");
}

static const char *audit_leaf(struct audit *a, const struct domain *d, uint64_t gfn_n,
                              const struct pt_leaf *leaf)
{
    AUDIT_CHECK(gfn_n <= d->p2m[0]->highest_gfn, "gfn %lx of domain %u is above the highest", gfn_n,
                d->id);
    if (PT_SOFT_OF(leaf->attr) == P2M_RAM) {
        return audit_own_ram(a, d, gfn_n, leaf->target, 1UL << (leaf->level * PT_ENTRIES_SHIFT));
    }
    AUDIT_CHECK(leaf->level == 0, "gfn %lx of domain %u is a block of others' frames", gfn_n,
                d->id);
    switch (PT_SOFT_OF(leaf->attr)) {
    case P2M_GRANT:
        AUDIT_PART(audit_granted(d, gfn_n, leaf->target, (leaf->attr & PT_W) != 0));
        return audit_ref(a, mfn(leaf->target), "a grant's mapping");
    case P2M_FOREIGN:
        return audit_ref(a, mfn(leaf->target), "a foreign mapping");
    default:
        return audit_say("gfn %lx of domain %u is a device", gfn_n, d->id);
    }
}

#define GAP 32U /* entries, all empty: most of most tables */

static bool is_gap(const uint64_t *entry)
{
    uint64_t any = 0;

    for (unsigned int i = 0; i < GAP; i++) {
        any |= entry[i];
    }
    return any == 0;
}

static const char *audit_table(struct audit *a, const struct domain *d, const uint64_t *table,
                               unsigned int entries, unsigned int level, uint64_t gfn_n)
{
    const struct pt *pt = &d->p2m[0]->pt;
    const struct pt_format *f = pt->ops->format;
    uint32_t frame = audit_index(virt_to_mfn(table));
    unsigned int filled = 0;

    for (unsigned int i = 0; i < entries / PT_ENTRIES; i++) {
        AUDIT_CHECK(frame != 0 && (a->seen[frame + i] & SEEN_TABLE) == 0,
                    "table %x of domain %u is linked twice", frame + i, d->id);
        a->seen[frame + i] |= SEEN_TABLE;
    }
    AUDIT_CHECK(frame_table[frame].class == PAGE_TABLE, "table %x of domain %u is of class %u",
                frame, d->id, frame_table[frame].class);
    a->tables += entries / PT_ENTRIES;
    for (unsigned int i = 0; i < entries; i++) {
        uint64_t at = gfn_n + ((uint64_t)i << (level * PT_ENTRIES_SHIFT));
        uint64_t to;

        if (table[i] == 0) {
            i += i % GAP == 0 && is_gap(table + i) ? GAP - 1 : 0;
            continue;
        }
        filled++;
        to = (table[i] & f->frame_mask) >> f->frame_shift;
        if (f->kind(table[i], level) == PT_TABLE) {
            AUDIT_PART(audit_table(a, d, mfn_to_virt(mfn(to)), PT_ENTRIES, level - 1, at));
        } else {
            const struct pt_leaf leaf = {to, f->attr(table[i], level), level};

            AUDIT_PART(audit_leaf(a, d, at, &leaf));
        }
    }
    AUDIT_CHECK(filled != 0 || level + 1U == pt->levels, "table %x of domain %u is empty", frame,
                d->id);
    return NULL;
}

const char *audit_p2m(struct audit *a, const struct domain *d)
{
    const struct p2m *p2m = d->p2m[0];
    const struct pt *pt = &p2m->pt;

    a->tables = 0;
    AUDIT_CHECK(p2m->lock.word == 0, "the p2m of domain %u is locked", d->id);
    AUDIT_CHECK(p2m->batch_owner == 0 && p2m->nr_dropped == 0 && pt->flush_end == 0 &&
                    pt->unlinked == 0 && (pt->breaks & 1U) == 0,
                "the p2m of domain %u has something pending", d->id);
    AUDIT_CHECK(!p2m->rcu_busy && p2m->limbo == 0 && p2m->graced == 0,
                "tables of domain %u wait for readers", d->id);
    if (pt->destroyed <= pt->frames) {
        AUDIT_PART(audit_table(a, d, pt->root, PT_ENTRIES << pt->root_order, pt->levels - 1U, 0));
    }
    AUDIT_CHECK(a->tables == p2m->table_pages, "domain %u has %u tables, %u are charged", d->id,
                a->tables, p2m->table_pages);
    AUDIT_CHECK(p2m->table_limit == 0 || p2m->table_pages <= p2m->table_limit,
                "domain %u has %u tables, %u are allowed", d->id, a->tables, p2m->table_limit);
    return NULL;
}

/* --- Grants --- */

static const char *audit_handle(struct audit *a, const struct domain *d, const struct grant_map *m)
{
    union guest_grant_entry *shared;
    struct grant_active *active;

    AUDIT_CHECK(grant_entry(m->granter->grants, m->ref, &shared, &active),
                "a handle of domain %u is of no entry", d->id);
    AUDIT_CHECK(active->readers + active->writers != 0 && active->domid == d->id,
                "a handle of domain %u is of an entry that is not pinned for it", d->id);
    AUDIT_CHECK(a->nr_pins < AUDIT_PINS, "too many pins");
    a->pin[a->nr_pins++] = (struct audit_pin){active, (m->state & GRANT_MAP_WRITE) != 0};
    return NULL;
}

static const char *audit_handles(struct audit *a, const struct domain *d)
{
    const struct grant_table *t = d->grants;
    uint32_t live = 0, free = 0;

    for (uint32_t h = 0; h < t->nr_maps; h++) {
        const struct grant_map *m = grant_map_at(t, h);

        if (m->state == GRANT_MAP_FREE) {
            continue;
        }
        AUDIT_CHECK((m->state & GRANT_MAP_LIVE) != 0, "handle %u of domain %u is being unmapped", h,
                    d->id);
        AUDIT_PART(audit_handle(a, d, m));
        live++;
    }
    for (uint32_t f = t->free_map; f != 0; f = grant_map_at(t, f - 1)->next) {
        AUDIT_CHECK(f <= t->nr_maps && grant_map_at(t, f - 1)->state == GRANT_MAP_FREE &&
                        free < t->nr_maps,
                    "the free handles of domain %u are no list", d->id);
        free++;
    }
    AUDIT_CHECK(live == t->live_maps && live + free == t->nr_maps,
                "domain %u has %u live handles and %u free ones of %u, %u are counted", d->id, live,
                free, t->nr_maps, t->live_maps);
    return NULL;
}

const char *audit_grants(struct audit *a, const struct domain *d)
{
    const struct grant_table *t = d->grants;

    AUDIT_CHECK(t->lock.word == 0 && t->maptrack_lock.word == 0, "grants of domain %u are locked",
                d->id);
    AUDIT_CHECK(t->nr_frames <= t->max_frames && t->nr_maps <= t->max_chunks * GRANT_MAPS_PER_CHUNK,
                "the grant table of domain %u is too large", d->id);
    for (uint32_t i = 0; i < t->nr_frames; i++) {
        uint32_t frame = audit_index(t->frame[i].mfn);

        AUDIT_CHECK(frame_table[frame].class == PAGE_SHARED && frame_table[frame].owner == d->id &&
                        (a->seen[frame] & SEEN_SHARED) == 0,
                    "grant frame %u of domain %u is not its own", i, d->id);
        a->seen[frame] |= SEEN_SHARED;
    }
    return audit_handles(a, d);
}

/* --- Pins, when all handles are known --- */

static const char *audit_pinned(struct audit *a, const struct domain *d, grant_ref_t ref,
                                const struct grant_active *active)
{
    uint32_t readers = 0, writers = 0, i;

    AUDIT_CHECK(active->lock.word == 0, "grant %u of domain %u is locked", ref, d->id);
    for (i = 0; i < a->nr_pins; i++) {
        if (a->pin[i].active == active) {
            writers += a->pin[i].write;
            readers += !a->pin[i].write;
        }
    }
    AUDIT_CHECK(readers == active->readers && writers == active->writers,
                "grant %u of domain %u has %u+%u pins, %u+%u handles", ref, d->id, active->readers,
                active->writers, readers, writers);
    AUDIT_PART(audit_ref(a, active->mfn, "a pin"));
    AUDIT_CHECK(mfn_to_page(active->mfn)->class == PAGE_GUEST &&
                    mfn_to_page(active->mfn)->owner == d->id,
                "grant %u of domain %u pins a frame that is not its RAM", ref, d->id);
    return NULL;
}

const char *audit_pins(struct audit *a)
{
    for (unsigned int n = 0; n < a->nr; n++) {
        const struct domain *d = a->domain[n];
        const struct grant_table *t = d->grants;
        uint32_t pins = 0;

        for (grant_ref_t ref = 0; ref < t->nr_frames * GRANT_ENTRIES_PER_PAGE; ref++) {
            const struct grant_active *active =
                &t->frame[ref / GRANT_ENTRIES_PER_PAGE].active[ref % GRANT_ENTRIES_PER_PAGE];

            if ((active->readers | active->writers | active->lock.word) != 0) {
                AUDIT_PART(audit_pinned(a, d, ref, active));
                pins++;
            }
        }
        AUDIT_CHECK(d->refs == pins + (n < a->listed), "domain %u has %u references, %u of pins",
                    d->id, d->refs, pins);
    }
    return NULL;
}
