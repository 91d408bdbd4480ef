/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs: creation, pausing, work on the way into the guest. */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/heap.h>
#include <hearth/shared.h>
#include <hearth/vcpu.h>
#include <hearth/vcpu_ops.h>

#include "private.h"

/* vcpu_info of vCPUs that are in shared_info neither by number nor by registration. */
static struct guest_vcpu_info *initial_info(struct domain *d, uint32_t id)
{
    struct guest_shared_info *shared = d->shared_info;

    return id < GUEST_LEGACY_VCPUS ? &shared->vcpu_info[id] : NULL;
}

int vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu *v;
    int rc;

    if (id >= d->max_vcpus) {
        return -EINVAL;
    }
    if (d->vcpu[id] != NULL) {
        return -EEXIST;
    }
    v = heap_alloc(sizeof(*v));
    if (v == NULL) {
        return -ENOMEM;
    }
    v->domain = d;
    v->id = id;
    v->info = initial_info(d, id);
    v->info_mfn = INVALID_MFN;
    rc = sched_unit_init(v);
    if (rc != 0) {
        heap_free(v);
        return rc;
    }
    if (d->pause_count != 0) {
        sched_set_pause(v, PAUSE_DOMAIN);
    }
    vcpu_ops_init(v);
    rc = arch_vcpu_create(v);
    if (rc != 0) {
        vcpu_free(v);
        return rc;
    }
    store_release(&d->vcpu[id], v); /* pairs with domain_vcpu() */
    d->nr_vcpus++;
    return 0;
}

void vcpu_free(struct vcpu *v)
{
    sched_unit_destroy(v);
    vcpu_ops_destroy(v);
    evtchn_vcpu_destroy(v);
    arch_vcpu_destroy(v);
    heap_free(v);
}

struct vcpu *domain_vcpu(const struct domain *d, uint32_t id)
{
    if (id >= d->max_vcpus) {
        return NULL;
    }
    return load_acquire(&d->vcpu[index_nospec(id, d->max_vcpus)]);
}

void vcpu_pause_nosync(struct vcpu *v)
{
    spin_lock(&v->domain->lock);
    if (v->pause_count++ == 0) {
        sched_set_pause(v, PAUSE_VCPU);
    }
    spin_unlock(&v->domain->lock);
}

int vcpu_pause(struct vcpu *v)
{
    if (!sched_wait_begin()) {
        return -ERESTART;
    }
    vcpu_pause_nosync(v);
    if (v != current_vcpu()) {
        sched_wait_descheduled(v);
    }
    sched_wait_end();
    return 0;
}

void vcpu_unpause(struct vcpu *v)
{
    spin_lock(&v->domain->lock);
    if (--v->pause_count == 0) {
        sched_clear_pause(v, PAUSE_VCPU);
    }
    spin_unlock(&v->domain->lock);
}

void vcpu_kick(struct vcpu *v)
{
    uint16_t cpu = READ_ONCE(v->sched.on_cpu);

    if (cpu != CPU_NONE && cpu != this_cpu_id()) {
        arch_send_ipi(cpu);
    }
}

void vcpu_post_work(struct vcpu *v, unsigned long work)
{
    (void)atomic_fetch_or(&v->work, work);
    sched_wake(v);
    if (v != current_vcpu()) {
        vcpu_kick(v);
    }
}
