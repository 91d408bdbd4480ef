/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few domains with memory, vCPUs and tables on the host's machine, for the tests and fuzzers of
 * event channels and grants. What common/domain and common/sched would do is faked here; all else
 * is the real code. A domain's first frame of RAM, at WORLD_GFN, is where arguments are put.
 */
#pragma once

#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/heap.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/shared.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#include <asm/host.h>

#define WORLD_DOMAINS 4U
#define WORLD_VCPUS   3U
#define WORLD_GFN     0x100U
#ifndef WORLD_PAGES
#define WORLD_PAGES 24U
#define WORLD_BITS  40U /* of a guest's addresses */
#endif

struct world_domain {
    struct domain d;
    struct vcpu v[WORLD_VCPUS];
    struct vcpu *vcpus[WORLD_VCPUS];
    struct p2m p2m;
    struct p2m *p2ms[1];
    struct guest_vcpu_info info[WORLD_VCPUS];
    struct guest_shared_info *shared;
    mfn_t page[WORLD_PAGES];
    bool alive;
};

static struct world_domain world[WORLD_DOMAINS];
static unsigned int world_wakes, world_polls;

static inline struct domain *world_find(domid_t id)
{
    for (unsigned int i = 0; i < WORLD_DOMAINS; i++) {
        if (world[i].alive && world[i].d.id == id) {
            return &world[i].d;
        }
    }
    return NULL;
}

/* --- Fakes --- */

struct domain *domain_find(domid_t id)
{
    struct vcpu *v = current_vcpu();

    return id == DOMID_SELF ? (v != NULL ? v->domain : NULL) : world_find(id);
}

struct vcpu *domain_vcpu(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

bool domain_get(struct domain *d)
{
    d->refs++;
    return true;
}

void domain_put(struct domain *d)
{
    if (d->refs-- == 0) {
        abort();
    }
}

void vcpu_post_work(struct vcpu *v, unsigned long work)
{
    v->work |= work;
    world_polls += work == VCPU_WORK_POLL;
}

void sched_wake(struct vcpu *v)
{
    (void)v;
    world_wakes++;
}

void sched_softirq(void)
{
}

/* --- The world --- */

#define WORLD_MUST(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #cond);                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline void *world_va(unsigned int n, unsigned int page)
{
    return mfn_to_virt(world[n].page[page]);
}

static inline void world_memory(struct world_domain *w)
{
    mfn_t m;

    spin_lock_init(&w->d.lock, RANK_DOMAIN);
    spin_lock_init(&w->d.pages_lock, RANK_PAGES);
    w->d.max_pages = 1000;
    w->p2ms[0] = &w->p2m;
    w->d.p2m = w->p2ms;
    w->d.nr_p2m = 1;
    WORLD_MUST(p2m_init(&w->p2m, &w->d, WORLD_BITS) == 0);
    for (unsigned int i = 0; i < WORLD_PAGES; i++) {
        WORLD_MUST(page_alloc_guest(&w->d, 0, 0, &w->page[i]) == 0);
        memset(mfn_to_virt(w->page[i]), 0, PAGE_SIZE);
        WORLD_MUST(p2m_map(&w->p2m, gfn(WORLD_GFN + i), w->page[i], 1, P2M_RAM, P2M_RWX) == 0);
    }
    WORLD_MUST(page_alloc(0, PAGE_SHARED, ALLOC_ZERO, &m) == 0);
    page_set_owner(m, &w->d);
    w->shared = mfn_to_virt(m);
    w->d.shared_info = w->shared;
    w->d.shared_info_mfn = m;
}

/* Domain n of the array; id 0 is privileged. */
static inline struct domain *world_domain_as(unsigned int n, domid_t id,
                                             const struct domain_config *config)
{
    struct world_domain *w = &world[n];

    memset(w, 0, sizeof(*w));
    w->d.id = id;
    w->d.refs = 1;
    w->d.is_privileged = id == 0;
    w->d.config = *config;
    if (config->max_grant_frames == 0) {
        w->d.config.max_grant_frames = 64;
        w->d.config.max_maptrack_frames = 1024;
    }
    w->d.max_vcpus = WORLD_VCPUS;
    w->d.vcpu = w->vcpus;
    world_memory(w);
    for (unsigned int i = 0; i < WORLD_VCPUS; i++) {
        w->vcpus[i] = &w->v[i];
        w->v[i].domain = &w->d;
        w->v[i].id = i;
        w->v[i].info = i == 0 ? &w->shared->vcpu_info[0] : &w->info[i];
    }
    w->alive = true;
    WORLD_MUST(evtchn_domain_init(&w->d) == 0);
    WORLD_MUST(grant_domain_init(&w->d) == 0);
    return &w->d;
}

static inline struct domain *world_domain(unsigned int n, const struct domain_config *config)
{
    return world_domain_as(n, (domid_t)n, config);
}

/* Lets grace periods pass. */
static inline void world_settle(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        softirq_run();
        rcu_quiescent();
    }
}

static inline void world_destroy(unsigned int n)
{
    struct world_domain *w = &world[n];

    w->d.life = DOMAIN_DYING;
    while (grant_domain_release_mappings(&w->d) == -ERESTART) {
    }
    while (evtchn_domain_destroy(&w->d) == -ERESTART) {
    }
    while (p2m_destroy(&w->p2m) == -ERESTART) {
        world_settle();
    }
    world_settle();
    for (unsigned int i = 0; i < WORLD_PAGES; i++) {
        if (mfn_is_valid_value(w->page[i])) {
            WORLD_MUST(page_get(w->page[i], &w->d));
            WORLD_MUST(page_disown(&w->d, w->page[i]) == 0);
            page_put(w->page[i]);
        }
    }
}

/* When nobody refers to it any more. */
static inline void world_free(unsigned int n)
{
    struct world_domain *w = &world[n];

    WORLD_MUST(w->d.refs == 1);
    w->alive = false;
    evtchn_domain_free(&w->d);
    while (grant_domain_free(&w->d) == -ERESTART) {
    }
    page_free(w->d.shared_info_mfn, 0);
    world_settle();
}

static inline void world_enter(unsigned int n, unsigned int vcpu)
{
    this_cpu()->current = &world[n].v[vcpu];
}

/* Operations of the current vCPU; arguments pass through guest memory. */
static inline int64_t world_call(int64_t (*fn)(struct vcpu *, struct hypercall_args *),
                                 uint64_t cmd, void *arg, size_t size, uint32_t count)
{
    struct vcpu *v = current_vcpu();
    struct world_domain *w = container_of(v->domain, struct world_domain, d);
    struct hypercall_args args = {.arg = {cmd, (uint64_t)WORLD_GFN << PAGE_SHIFT, count}};
    int64_t rc;

    memcpy(mfn_to_virt(w->page[0]), arg, size);
    do {
        rc = fn(v, &args);
        if (rc == -ERESTART) {
            softirq_run();
            this_cpu()->softirq_pending = 0;
        }
    } while (rc == -ERESTART);
    memcpy(arg, mfn_to_virt(w->page[0]), size);
    world_settle();
    return rc;
}

#define EVTCHN(cmd, arg) world_call(hypercall_event_channel_op, cmd, &(arg), sizeof(arg), 0)
#define GNTTAB(cmd, array, n)                                                                      \
    world_call(hypercall_grant_table_op, cmd, array, (n) * sizeof((array)[0]), n)

static inline void world_audit(void)
{
    struct domain *all[WORLD_DOMAINS];
    unsigned int n = 0;
    const char *bad = NULL;

    for (unsigned int i = 0; i < WORLD_DOMAINS && bad == NULL; i++) {
        if (world[i].alive) {
            bad = evtchn_audit(&world[i].d);
            all[n++] = &world[i].d;
        }
    }
    bad = bad != NULL ? bad : grant_audit(all, n);
    if (bad != NULL) {
        fprintf(stderr, "audit: %s\n", bad);
        abort();
    }
}
