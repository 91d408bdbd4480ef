/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping grants into the caller, handles, unmapping with one TLB flush for a batch. */
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>

#include "private.h"

/* Another chunk of free handles. */
static int grant_maptrack_grow(struct grant_table *t) REQUIRES(t->maptrack_lock)
{
    uint32_t index = t->nr_maps / GRANT_MAPS_PER_CHUNK;
    struct grant_map *chunk;

    if (index >= t->max_chunks) {
        return -ENOSPC;
    }
    if (t->chunk == NULL) {
        t->chunk = heap_alloc_array(t->max_chunks, sizeof(struct grant_map *));
    }
    chunk = t->chunk != NULL ? heap_alloc_array(GRANT_MAPS_PER_CHUNK, sizeof(*chunk)) : NULL;
    if (chunk == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < GRANT_MAPS_PER_CHUNK - 1; i++) {
        chunk[i].next = t->nr_maps + i + 2;
    }
    chunk[GRANT_MAPS_PER_CHUNK - 1].next = t->free_map;
    t->chunk[index] = chunk;
    t->free_map = t->nr_maps + 1;
    store_release(&t->nr_maps, t->nr_maps + GRANT_MAPS_PER_CHUNK);
    return 0;
}

static always_inline struct grant_map *grant_handle_alloc(struct grant_table *t, uint32_t *handle)
{
    struct grant_map *m = NULL;

    spin_lock(&t->maptrack_lock);
    if (likely(t->free_map != 0) || grant_maptrack_grow(t) == 0) {
        uint32_t h = t->free_map - 1;

        *handle = h;
        m = &t->chunk[h / GRANT_MAPS_PER_CHUNK][h % GRANT_MAPS_PER_CHUNK];
        t->free_map = m->next;
        t->live_maps++;
    }
    spin_unlock(&t->maptrack_lock);
    return m;
}

static always_inline void grant_handle_free(struct grant_table *t, struct grant_map *m,
                                            uint32_t handle)
{
    m->granter = NULL;
    store_release(&m->state, GRANT_MAP_FREE);
    spin_lock(&t->maptrack_lock);
    m->next = t->free_map;
    t->free_map = handle + 1;
    t->live_maps--;
    spin_unlock(&t->maptrack_lock);
}

/* Pins, references and maps; the handle is the caller's, not yet live. */
static always_inline int16_t grant_map_frame(struct domain *d, struct grant_map *m, bool write,
                                             mfn_t *frame)
{
    unsigned int access = write ? P2M_RW : P2M_R;
    int16_t status = grant_pin(d, m->granter, m->ref, write, GRANT_MAPS, frame);

    if (status != GNTST_OKAY) {
        return status;
    }
    if (!page_get_again(*frame)) {
        status = GNTST_BAD_PAGE;
    } else if (p2m_map(d->p2m[0], m->gfn, *frame, 1, P2M_GRANT, access) != 0) {
        page_put(*frame);
        status = GNTST_GENERAL_ERROR;
    }
    if (status != GNTST_OKAY) {
        grant_unpin(m->granter, m->ref, write);
    }
    return status;
}

static always_inline int16_t grant_map_granter(struct domain *d, const struct grant_map_arg *a,
                                               enum xsm_hook hook, struct domain **granter)
{
    if (unlikely(a->dom == DOMID_SELF)) {
        return GNTST_BAD_DOMAIN; /* XEN-ABI: who maps of itself calls itself by its id */
    }
    *granter = domain_find(a->dom);
    if (*granter == NULL || READ_ONCE((*granter)->life) != DOMAIN_ALIVE) {
        return GNTST_BAD_DOMAIN;
    }
    if (xsm_check_pair(hook, d, d, *granter) != 0) {
        return GNTST_PERMISSION_DENIED;
    }
    return GNTST_OKAY;
}

/*
 * Flags that are not served. XEN-ABI: the order of the checks is what guests see in status; those
 * flags that are not known are told when all else is right.
 */
static noinline int16_t grant_map_refuse(struct domain *d, const struct grant_map_arg *a,
                                         enum xsm_hook hook)
{
    bool write = (a->flags & GNTMAP_READONLY) == 0;
    struct domain *granter;
    int16_t status;
    mfn_t frame;

    if ((a->flags & (GNTMAP_HOST_MAP | GNTMAP_DEVICE_MAP)) == 0) {
        return GNTST_BAD_GNTREF;
    }
    if ((a->flags & (GNTMAP_DEVICE_MAP | GNTMAP_APPLICATION_MAP | GNTMAP_CONTAINS_PTE)) != 0) {
        return GNTST_GENERAL_ERROR;
    }
    status = grant_map_granter(d, a, hook, &granter);
    if (status == GNTST_OKAY) {
        status = grant_pin(d, granter, a->ref, write, GRANT_MAPS, &frame);
    }
    if (status != GNTST_OKAY) {
        return status;
    }
    grant_unpin(granter, a->ref, write);
    return GNTST_GENERAL_ERROR;
}

static always_inline int16_t grant_map_one(struct domain *d, struct grant_map_arg *a,
                                           enum xsm_hook hook)
{
    bool write = (a->flags & GNTMAP_READONLY) == 0;
    struct domain *granter;
    struct grant_map *m;
    uint32_t handle;
    mfn_t frame;
    int16_t status;

    if (unlikely((a->flags & ~GNTMAP_READONLY) != GNTMAP_HOST_MAP)) {
        return grant_map_refuse(d, a, hook);
    }
    status = grant_map_granter(d, a, hook, &granter);
    if (status != GNTST_OKAY) {
        return status;
    }
    m = grant_handle_alloc(d->grants, &handle);
    if (m == NULL) {
        return GNTST_NO_DEVICE_SPACE;
    }
    m->granter = granter;
    m->ref = a->ref;
    m->gfn = gaddr_to_gfn(gaddr(a->host_addr));
    status = grant_map_frame(d, m, write, &frame);
    if (status != GNTST_OKAY) {
        grant_handle_free(d->grants, m, handle);
        return status;
    }
    store_release(&m->state, GRANT_MAP_LIVE | (write ? GRANT_MAP_WRITE : 0));
    a->handle = handle;
    /* Where devices see it: the machine address if the domain is its own bus address space. */
    a->dev_bus_addr = d->is_direct_mapped ? mfn_to_paddr(frame).a : a->host_addr & PAGE_MASK;
    return GNTST_OKAY;
}

static noinline void grant_map_batch(struct domain *d, struct grant_map_arg *a, unsigned int n,
                                     enum xsm_hook hook)
{
    for (unsigned int i = 0; i < n; i++) {
        a[i].status = grant_map_one(d, &a[i], hook);
    }
}

int grant_op_map(struct vcpu *v, struct grant_map_arg *a, unsigned int n, enum xsm_hook hook)
{
    if (n != 1) {
        grant_map_batch(v->domain, a, n, hook);
        return 0;
    }
    a->status = grant_map_one(v->domain, a, hook);
    return 0;
}

/* Takes a certain handle, growing the maptrack to it. */
static struct grant_map *grant_handle_take(struct grant_table *t, uint32_t handle)
{
    struct grant_map *found = NULL;
    uint32_t *link;

    spin_lock(&t->maptrack_lock);
    while (handle >= t->nr_maps && grant_maptrack_grow(t) == 0) {
    }
    for (link = &t->free_map; *link != 0 && found == NULL;) {
        struct grant_map *m = grant_map_at(t, *link - 1);

        if (*link == handle + 1) {
            *link = m->next;
            t->live_maps++;
            found = m;
        } else {
            link = &m->next;
        }
    }
    spin_unlock(&t->maptrack_lock);
    return found;
}

/* State records: the mapping that had `handle`, made again. */
int grant_map_restore(struct domain *d, uint32_t handle, struct domain *granter, grant_ref_t ref,
                      gfn_t at, bool write)
{
    struct grant_map *m = grant_handle_take(d->grants, handle);
    mfn_t frame;

    if (m == NULL) {
        return -EINVAL;
    }
    m->granter = granter;
    m->ref = ref;
    m->gfn = at;
    if (grant_map_frame(d, m, write, &frame) != GNTST_OKAY) {
        grant_handle_free(d->grants, m, handle);
        return -EINVAL;
    }
    store_release(&m->state, GRANT_MAP_LIVE | (write ? GRANT_MAP_WRITE : 0));
    return 0;
}

/* What is left to do for a handle after the flush. */
struct grant_unmapped {
    struct grant_map *map;
    union guest_grant_entry *shared;
    struct grant_active *active;
    uint32_t handle;
    bool write;
};

/*
 * Claims a live handle and removes its mapping. The mapping may be gone by other means
 * (remove_from_physmap, something else mapped there): the handle then ends all the same.
 */
static always_inline bool grant_unmap_claim(struct domain *d, struct grant_map *m, uint32_t handle,
                                            struct grant_unmapped *u)
{
    uint32_t state = READ_ONCE(m->state);
    int rc;

    if ((state & GRANT_MAP_LIVE) == 0 || !atomic_cas(&m->state, &state, GRANT_MAP_BUSY)) {
        return false;
    }
    u->map = m;
    u->handle = handle;
    u->write = (state & GRANT_MAP_WRITE) != 0;
    /* Pinned by this handle, so mfn is stable. -ENOENT is the case above. */
    grant_pinned_entry(m->granter->grants, m->ref, &u->shared, &u->active);
    rc = p2m_unmap_exact(d->p2m[0], m->gfn, u->active->mfn, P2M_GRANT);
    ASSERT(rc == 0 || rc == -ENOENT || READ_ONCE(d->life) != DOMAIN_ALIVE);
    (void)rc;
    return true;
}

/* After the flush: the granter may have its page back. */
static always_inline void grant_unmap_complete(struct domain *d, const struct grant_unmapped *u)
{
    grant_unpin_entry(u->map->granter, u->shared, u->active, u->write);
    grant_handle_free(d->grants, u->map, u->handle);
}

static always_inline int16_t grant_unmap_one(struct domain *d, const struct grant_unmap_arg *a,
                                             struct grant_unmapped *u, unsigned int *count)
{
    struct grant_map *m = grant_map_at(d->grants, a->handle);

    if (m == NULL || (READ_ONCE(m->state) & GRANT_MAP_LIVE) == 0) {
        return GNTST_BAD_HANDLE;
    }
    if (a->host_addr == 0) {
        return GNTST_OKAY; /* XEN-ABI: a zero address leaves the host mapping alone */
    }
    if (!gfn_eq(gaddr_to_gfn(gaddr(a->host_addr)), m->gfn)) {
        return GNTST_GENERAL_ERROR;
    }
    if (!grant_unmap_claim(d, m, a->handle, u)) {
        return GNTST_BAD_HANDLE;
    }
    (*count)++;
    return GNTST_OKAY;
}

static noinline void grant_unmap_batch(struct domain *d, struct grant_unmap_arg *a, unsigned int n)
{
    struct grant_unmapped u[GRANT_BATCH];
    unsigned int count = 0;

    p2m_batch_begin(d->p2m[0]);
    for (unsigned int i = 0; i < n; i++) {
        a[i].status = grant_unmap_one(d, &a[i], &u[count], &count);
    }
    p2m_batch_end(d->p2m[0]);
    for (unsigned int i = 0; i < count; i++) {
        grant_unmap_complete(d, &u[i]);
    }
}

int grant_op_unmap(struct vcpu *v, struct grant_unmap_arg *a, unsigned int n, enum xsm_hook hook)
{
    struct domain *d = v->domain;
    struct grant_unmapped u;
    unsigned int count = 0;
    int rc = xsm_check(hook, d, NULL);

    if (rc != 0) {
        return rc;
    }
    if (n != 1) {
        grant_unmap_batch(d, a, n);
        return 0;
    }
    a->status = grant_unmap_one(d, a, &u, &count);
    if (count != 0) {
        grant_unmap_complete(d, &u);
    }
    return 0;
}

int grant_op_unmap_and_replace(struct vcpu *v, struct grant_unmap_and_replace_arg *a,
                               unsigned int n, enum xsm_hook hook)
{
    (void)hook;
    /* Guests whose page tables Hearth does not write have nothing to replace. */
    for (unsigned int i = 0; i < n; i++) {
        const struct grant_map *m = grant_map_at(v->domain->grants, a[i].handle);
        bool live = m != NULL && (READ_ONCE(m->state) & GRANT_MAP_LIVE) != 0;

        a[i].status = live ? GNTST_GENERAL_ERROR : GNTST_BAD_HANDLE;
    }
    return 0;
}

int grant_domain_release_mappings(struct domain *d)
{
    struct grant_table *t = d->grants;

    while (t != NULL && t->release_next < t->nr_maps) {
        struct grant_unmapped u[GRANT_BATCH];
        unsigned int count = 0;

        p2m_batch_begin(d->p2m[0]);
        for (unsigned int i = 0; i < GRANT_BATCH && t->release_next < t->nr_maps; i++) {
            uint32_t handle = t->release_next++;

            count += grant_unmap_claim(d, grant_map_at(t, handle), handle, &u[count]);
        }
        p2m_batch_end(d->p2m[0]);
        for (unsigned int i = 0; i < count; i++) {
            grant_unmap_complete(d, &u[i]);
        }
        if (preempt_check()) {
            return -ERESTART;
        }
    }
    return 0;
}

/* Whether a live handle maps `frame`: looks at some handles from *cursor on; false: not all seen.
 */
bool grant_maps_frame(const struct grant_table *t, mfn_t frame, uint32_t *cursor, bool *found)
{
    uint32_t first = *cursor * GRANT_BATCH;
    uint32_t maps = load_acquire(&t->nr_maps);

    *found = false;
    for (uint32_t h = first; h < maps && h < first + GRANT_BATCH; h++) {
        const struct grant_map *m = grant_map_at(t, h);
        union guest_grant_entry *shared;
        struct grant_active *active;

        if ((load_acquire(&m->state) & GRANT_MAP_LIVE) != 0) {
            struct domain *granter = READ_ONCE(m->granter);

            if (granter != NULL && grant_entry(granter->grants, m->ref, &shared, &active) &&
                mfn_eq(active->mfn, frame)) {
                *found = true;
                return true;
            }
        }
    }
    (*cursor)++;
    return first + GRANT_BATCH >= maps;
}

int grant_maptrack_free(struct grant_table *t)
{
    while (t->nr_maps > 0) {
        t->nr_maps -= GRANT_MAPS_PER_CHUNK;
        heap_free(t->chunk[t->nr_maps / GRANT_MAPS_PER_CHUNK]);
        if (t->nr_maps % (GRANT_MAPS_PER_CHUNK * GRANT_FREED_PER_CHECK) == 0 && preempt_check()) {
            return -ERESTART;
        }
    }
    heap_free(t->chunk);
    t->chunk = NULL;
    return 0;
}
