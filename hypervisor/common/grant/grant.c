/* SPDX-License-Identifier: Apache-2.0 */
/* Grant tables: birth, growth, death, and questions about their shape. */
#include <hearth/grant.h>

#include <hearth/arch/mm.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/heap.h>
#include <hearth/softirq.h>
#include <hearth/string.h>

#include "private.h"

static int grant_frame_create(struct domain *d, struct grant_frame *f)
{
    size_t entries = GRANT_ENTRIES_PER_PAGE;

    f->active = heap_alloc_array(entries, sizeof(struct grant_active));
    if (f->active == NULL || page_alloc(0, PAGE_SHARED, ALLOC_ZERO, &f->mfn) != 0) {
        heap_free(f->active);
        return -ENOMEM;
    }
    for (size_t i = 0; i < entries; i++) {
        spin_lock_init(&f->active[i].lock, RANK_GRANT_ENTRY);
    }
    page_set_owner(f->mfn, d);
    f->shared = mfn_to_virt(f->mfn);
    return 0;
}

/*
 * The table has more than `index` frames afterwards. -ERESTART: preempted after one of them, which
 * stays, so that the next call goes on from there.
 */
int grant_grow(struct domain *d, uint32_t index)
{
    struct grant_table *t = d->grants;
    int rc = 0;

    if (index >= t->max_frames) {
        return -EINVAL;
    }
    while (rc == 0 && index >= load_acquire(&t->nr_frames)) {
        spin_lock(&t->lock);
        if (index >= t->nr_frames) {
            rc = grant_frame_create(d, &t->frame[t->nr_frames]);
            if (rc == 0) {
                store_release(&t->nr_frames, t->nr_frames + 1);
            }
        }
        spin_unlock(&t->lock);
        if (rc == 0 && preempt_check()) {
            rc = -ERESTART;
        }
    }
    return rc;
}

int grant_domain_init(struct domain *d)
{
    struct grant_table *t = heap_alloc(sizeof(*t));
    int rc;

    if (t == NULL) {
        return -ENOMEM;
    }
    t->frame = heap_alloc_array(d->config.max_grant_frames, sizeof(*t->frame));
    if (t->frame == NULL) {
        heap_free(t);
        return -ENOMEM;
    }
    spin_lock_init(&t->lock, RANK_GRANT);
    spin_lock_init(&t->maptrack_lock, RANK_MAPTRACK);
    t->max_frames = d->config.max_grant_frames;
    t->max_chunks = d->config.max_maptrack_frames * GRANT_CHUNKS_PER_FRAME;
    rc = grant_frame_create(d, &t->frame[0]);
    if (rc != 0) {
        heap_free(t->frame);
        heap_free(t);
        return rc;
    }
    t->nr_frames = 1;
    d->grants = t;
    return 0;
}

uint32_t grant_max_frames(const struct domain *d)
{
    return d->grants != NULL ? d->grants->max_frames : 0;
}

void grant_domain_named(struct domain *d)
{
    for (uint32_t i = 0; i < d->grants->nr_frames; i++) {
        page_set_owner(d->grants->frame[i].mfn, d);
    }
}

int grant_domain_free(struct domain *d)
{
    struct grant_table *t = d->grants;

    if (t == NULL) {
        return 0;
    }
    while (t->nr_frames > 0) {
        const struct grant_frame *f = &t->frame[--t->nr_frames];

        page_free(f->mfn, 0);
        heap_free(f->active);
        if (t->nr_frames % GRANT_FREED_PER_CHECK == 0 && preempt_check()) {
            return -ERESTART;
        }
    }
    if (grant_maptrack_free(t) != 0) {
        return -ERESTART;
    }
    d->grants = NULL;
    heap_free(t->frame);
    heap_free(t);
    return 0;
}

int grant_shared_frame(struct domain *d, uint32_t index, mfn_t *out)
{
    int rc = grant_grow(d, index);

    if (rc == 0) {
        *out = d->grants->frame[index_nospec(index, d->grants->max_frames)].mfn;
    }
    return rc;
}

int grant_seed(struct domain *d, grant_ref_t ref, domid_t to, gfn_t frame, bool readonly)
{
    union guest_grant_entry *shared;
    struct grant_active *active;

    if (frame.n > UINT32_MAX || !grant_entry(d->grants, ref, &shared, &active)) {
        return -EINVAL;
    }
    WRITE_ONCE(shared->frame, (uint32_t)frame.n);
    store_release(&shared->head,
                  GTF_PERMIT_ACCESS | (readonly ? GTF_READONLY : 0) | (uint32_t)to << 16);
    return 0;
}

/* Domain of a query, or a status. */
static int16_t grant_target(struct vcpu *v, domid_t dom, enum xsm_hook hook, struct domain **out)
{
    *out = domain_find(dom);
    if (*out == NULL) {
        return GNTST_BAD_DOMAIN;
    }
    return xsm_check(hook, v->domain, *out) != 0 ? GNTST_PERMISSION_DENIED : GNTST_OKAY;
}

int grant_op_query_size(struct vcpu *v, struct grant_query_size_arg *a, enum xsm_hook hook)
{
    struct domain *d;

    a->status = grant_target(v, a->dom, hook, &d);
    if (a->status == GNTST_OKAY) {
        a->nr_frames = load_acquire(&d->grants->nr_frames);
        a->max_nr_frames = d->grants->max_frames;
    }
    return 0;
}

/* XEN-ABI: where a translated guest's table lies is for it to choose, by add_to_physmap. */
static int16_t grant_list_nowhere(guest_ptr_t list, uint32_t n)
{
    uint64_t nowhere[GRANT_BATCH];

    memset(nowhere, 0xff, sizeof(nowhere));
    for (uint32_t i = 0; i < n; i += GRANT_BATCH) {
        uint32_t some = MIN(n - i, GRANT_BATCH);
        guest_ptr_t at;

        if (!guest_ptr_index(list, i, sizeof(nowhere[0]), &at) ||
            guest_copy_out(at, nowhere, some * sizeof(nowhere[0])) != 0) {
            return GNTST_BAD_VIRT_ADDR;
        }
    }
    return GNTST_OKAY;
}

int grant_op_setup_table(struct vcpu *v, struct grant_setup_table_arg *a, enum xsm_hook hook)
{
    struct domain *d;
    int rc = 0;

    a->status = grant_target(v, a->dom, hook, &d);
    if (a->status != GNTST_OKAY) {
        return 0;
    }
    if (a->nr_frames > 0) {
        rc = grant_grow(d, a->nr_frames - 1);
    }
    if (rc == -ERESTART) {
        return rc;
    }
    a->status = rc != 0 ? GNTST_GENERAL_ERROR : grant_list_nowhere(a->frame_list, a->nr_frames);
    return 0;
}

int grant_op_set_version(struct vcpu *v, struct grant_set_version_arg *a, enum xsm_hook hook)
{
    uint32_t wanted = a->version;
    int rc = xsm_check(hook, v->domain, NULL);

    /* XEN-ABI: the version in force is written back whatever the result; 2 was left out. */
    a->version = 1;
    if (rc != 0) {
        return rc;
    }
    return wanted == 1 ? 0 : wanted == 2 ? -ENOSYS : -EINVAL;
}

int grant_op_get_version(struct vcpu *v, struct grant_get_version_arg *a, enum xsm_hook hook)
{
    struct domain *d = domain_find(a->dom);

    if (d == NULL) {
        return -ESRCH;
    }
    a->version = 1;
    return xsm_check(hook, v->domain, d);
}

static int16_t grant_swap_one(struct grant_table *t,
                              const struct grant_swap_arg *s) NO_LOCK_ANALYSIS
{
    union guest_grant_entry *ea, *eb;
    struct grant_active *a, *b;
    int16_t status = GNTST_OKAY;

    if (!grant_entry(t, s->ref_a, &ea, &a) || !grant_entry(t, s->ref_b, &eb, &b)) {
        return GNTST_BAD_GNTREF;
    }
    spin_lock_pair(&a->lock, &b->lock);
    if (a->readers + a->writers + b->readers + b->writers != 0) {
        status = GNTST_EAGAIN;
    } else {
        uint64_t word = READ_ONCE(ea->word);

        WRITE_ONCE(ea->word, READ_ONCE(eb->word));
        WRITE_ONCE(eb->word, word);
    }
    spin_unlock_pair(&a->lock, &b->lock);
    return status;
}

int grant_op_swap(struct vcpu *v, struct grant_swap_arg *a, unsigned int n, enum xsm_hook hook)
{
    int rc = xsm_check(hook, v->domain, NULL);

    for (unsigned int i = 0; rc == 0 && i < n; i++) {
        a[i].status = grant_swap_one(v->domain->grants, &a[i]);
    }
    return rc;
}
