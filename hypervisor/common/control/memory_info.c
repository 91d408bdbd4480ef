/* SPDX-License-Identifier: Apache-2.0 */
/* memory_op: questions about memory (public/memory.h). */
#include <hearth/domain.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/vcpu.h>

int64_t memory_op_maximum_ram_page(struct vcpu *v)
{
    (void)v;
    return (int64_t)page_last_mfn().n + 1; /* XEN-ABI: the first that is not there */
}

int memory_op_current_reservation(struct vcpu *v, struct domain *d, struct memory_domain_arg *a)
{
    (void)v;
    (void)a;
    return (int)MIN(READ_ONCE(d->tot_pages), (uint64_t)INT32_MAX);
}

int memory_op_maximum_reservation(struct vcpu *v, struct domain *d, struct memory_domain_arg *a)
{
    (void)v;
    (void)a;
    return (int)MIN(READ_ONCE(d->max_pages), (uint64_t)INT32_MAX);
}

int memory_op_maximum_gpfn(struct vcpu *v, struct domain *d, struct memory_domain_arg *a)
{
    (void)v;
    (void)a;
    return (int)MIN(READ_ONCE(d->p2m[0]->highest_gfn), (uint64_t)INT32_MAX);
}

/* XEN-ABI: on Arm these have no sense, but `xl mem-set` sets a target first; so it succeeds. */
int memory_op_get_pod_target(struct vcpu *v, struct domain *d, struct memory_pod_target_arg *a)
{
    (void)v;
    a->tot_pages = READ_ONCE(d->tot_pages);
    a->pod_cache_pages = 0; /* nothing is populated on demand */
    a->pod_entries = 0;
    return 0;
}

int memory_op_set_pod_target(struct vcpu *v, struct domain *d, struct memory_pod_target_arg *a)
{
    return memory_op_get_pod_target(v, d, a);
}

/* No page is shared between domains behind their backs. */
int64_t memory_op_get_sharing_freed_pages(struct vcpu *v)
{
    (void)v;
    return 0;
}

int64_t memory_op_get_sharing_shared_pages(struct vcpu *v)
{
    (void)v;
    return 0;
}
