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
    return (int64_t)page_last_mfn().n;
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
