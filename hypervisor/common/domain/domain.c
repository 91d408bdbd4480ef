/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, references, pause counts. The end of a domain is in domain_end.c. */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/printf.h>
#include <hearth/shared.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>

#include "private.h"

#define DEFAULT_WEIGHT 256U

bool domain_get(struct domain *d)
{
    uint32_t refs = READ_ONCE(d->refs);

    do {
        if (refs == 0) {
            return false;
        }
    } while (!atomic_cas(&d->refs, &refs, refs + 1));
    return true;
}

static void free_p2ms(struct domain *d)
{
    for (uint32_t i = 0; i < d->nr_p2m; i++) {
        heap_free(d->p2m[i]);
    }
    heap_free(d->p2m);
}

/*
 * No reference and no reader is left. Also the end of a domain_create() that failed half-way. What
 * may be long is first, and preemptible: the rest comes with another grace period.
 */
static void domain_free(struct rcu_head *head)
{
    struct domain *d = container_of(head, struct domain, rcu);

    if (grant_domain_free(d) == -ERESTART) {
        rcu_call(head, domain_free);
        return;
    }
    for (uint32_t i = 0; d->vcpu != NULL && i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL) {
            vcpu_free(d->vcpu[i]);
        }
    }
    heap_free(d->vcpu);
    evtchn_domain_free(d);
    vpl011_destroy(d);
    console_pv_free(d);
    arch_domain_destroy(d);
    if (d->shared_info != NULL) {
        page_free(d->shared_info_mfn, 0);
    }
    free_p2ms(d);
    heap_free(d);
}

void domain_put(struct domain *d)
{
    if (atomic_fetch_sub(&d->refs, 1) == 1) {
        rcu_call(&d->rcu, domain_free);
    }
}

static int create_p2m(struct domain *d)
{
    int rc;

    d->p2m = heap_alloc_array(1, sizeof(*d->p2m));
    if (d->p2m == NULL) {
        return -ENOMEM;
    }
    d->p2m[0] = heap_alloc(sizeof(*d->p2m[0]));
    if (d->p2m[0] == NULL) {
        return -ENOMEM;
    }
    rc = p2m_init(d->p2m[0], d, arch_guest_address_bits());
    if (rc != 0) {
        heap_free(d->p2m[0]);
        return rc;
    }
    d->nr_p2m = 1;
    return 0;
}

static int create_shared_info(struct domain *d)
{
    int rc = page_alloc(0, PAGE_SHARED, ALLOC_ZERO, &d->shared_info_mfn);

    if (rc == 0) {
        d->shared_info = mfn_to_virt(d->shared_info_mfn);
        page_set_owner(d->shared_info_mfn, d);
    }
    return rc;
}

static void set_identity(struct domain *d, const struct domain_config *config)
{
    d->refs = 1;
    d->life = DOMAIN_ALIVE;
    d->pause_count = 1;
    d->shutdown_code = SHUTDOWN_NONE;
    d->max_vcpus = config->max_vcpus;
    d->is_privileged = config->privileged;
    d->is_hardware = config->hardware;
    d->is_direct_mapped = config->direct_map;
    d->has_console = config->console;
    d->max_pages = UINT32_MAX;
    d->ssid = config->ssidref;
    d->pool = sched_default_pool();
    d->sched.weight = DEFAULT_WEIGHT;
    memcpy(d->handle, config->handle, sizeof(d->handle));
    spin_lock_init(&d->lock, RANK_DOMAIN);
    spin_lock_init(&d->pages_lock, RANK_PAGES);
}

/* The parts in order; whatever fails, undo_create() undoes what is there. */
static int create_parts(struct domain *d)
{
    int rc;

    d->vcpu = heap_alloc_array(d->max_vcpus, sizeof(struct vcpu *));
    if (d->vcpu == NULL) {
        return -ENOMEM;
    }
    rc = create_p2m(d);
    if (rc == 0) {
        rc = create_shared_info(d);
    }
    if (rc == 0) {
        rc = evtchn_domain_init(d);
    }
    if (rc == 0) {
        rc = grant_domain_init(d);
    }
    if (rc == 0) {
        rc = arch_domain_create(d);
    }
    return rc;
}

/* A domain that nobody saw. Its p2m's tables go when a grace period is over, and it after them. */
static void undo_create(struct rcu_head *head)
{
    struct domain *d = container_of(head, struct domain, rcu);

    if (d->nr_p2m != 0 && p2m_destroy(d->p2m[0]) == -ERESTART) {
        rcu_call(head, undo_create);
    } else {
        domain_free(head);
    }
}

int domain_create(domid_t id, const struct domain_config *config, struct domain **out)
{
    struct domain *d = heap_alloc(sizeof(*d));
    int rc;

    if (d == NULL) {
        return -ENOMEM;
    }
    d->config = *config;
    rc = arch_domain_check_config(&d->config);
    if (rc != 0) {
        heap_free(d);
        return rc;
    }
    set_identity(d, &d->config);
    d->id = DOMID_INVALID;
    rc = create_parts(d);
    if (rc == 0) {
        rc = domain_ids_insert(d, id);
    }
    if (rc != 0) {
        undo_create(&d->rcu);
        return rc;
    }
    /* The id is known now: what was made before it becomes d's. */
    page_set_owner(d->shared_info_mfn, d);
    grant_domain_named(d);
    domain_tell_time(d); /* after it is found by who sets the clock: neither misses the other */
    (void)snprintf(d->name, sizeof(d->name), "dom%u", d->id);
    if (d->is_hardware) {
        hardware_domain = d;
    }
    console_domain_added(d);
    *out = d;
    return 0;
}

static void wait_descheduled(struct domain *d)
{
    struct vcpu *v;
    uint32_t i;

    for_each_vcpu (d, i, v) {
        if (v != current_vcpu()) {
            sched_wait_descheduled(v);
        }
    }
}

static void pause_locked(struct domain *d) REQUIRES(d->lock)
{
    struct vcpu *v;
    uint32_t i;

    if (d->pause_count++ == 0) {
        for_each_vcpu (d, i, v) {
            sched_set_pause(v, PAUSE_DOMAIN);
        }
    }
}

static void unpause_locked(struct domain *d) REQUIRES(d->lock)
{
    struct vcpu *v;
    uint32_t i;

    ASSERT(d->pause_count > 0);
    if (--d->pause_count == 0) {
        if (d->started == 0) {
            d->started = now();
        }
        for_each_vcpu (d, i, v) {
            sched_clear_pause(v, PAUSE_DOMAIN);
        }
    }
}

void domain_pause_nosync(struct domain *d)
{
    spin_lock(&d->lock);
    pause_locked(d);
    spin_unlock(&d->lock);
}

int domain_pause(struct domain *d)
{
    if (!sched_wait_begin()) {
        return -ERESTART;
    }
    domain_pause_nosync(d);
    wait_descheduled(d);
    sched_wait_end();
    return 0;
}

void domain_unpause(struct domain *d)
{
    spin_lock(&d->lock);
    unpause_locked(d);
    spin_unlock(&d->lock);
}

#define MOST_TOOLS_PAUSES 255U

int domain_tools_pause(struct domain *d)
{
    int rc = 0;

    if (!sched_wait_begin()) {
        return -ERESTART;
    }
    spin_lock(&d->lock); /* both counts at once: another CPU may unpause */
    if (d->tools_pause_count == MOST_TOOLS_PAUSES) {
        rc = -EUSERS;
    } else {
        d->tools_pause_count++;
        pause_locked(d);
    }
    spin_unlock(&d->lock);
    if (rc == 0) {
        wait_descheduled(d);
    }
    sched_wait_end();
    return rc;
}

int domain_tools_unpause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if (d->tools_pause_count == 0) {
        rc = -EINVAL;
    } else {
        d->tools_pause_count--;
        unpause_locked(d);
    }
    spin_unlock(&d->lock);
    return rc;
}
