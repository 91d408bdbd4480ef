/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed wrappers over hypercall() and the public headers of Debian's libxen-dev.
 */
#ifndef HEARTH_GUEST_HYPERCALL_H
#define HEARTH_GUEST_HYPERCALL_H

#include <guest.h>

#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* Has a stage 1 translation in a tiny kernel, and never a stage 2 one. */
#define BAD_ADDRESS 0x6f00000000ULL
/* No such domain, vCPU, port. */
#define BAD_DOMAIN 0x6ff0
#define BAD_VCPU   0x7fff
#define BAD_PORT   0x7fffffff

#define ADDRESS(p) ((uint64_t)(uintptr_t)(p))

static inline long evtchn_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, ADDRESS(arg), 0, 0, 0);
}

static inline long memory_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, op, ADDRESS(arg), 0, 0, 0);
}

static inline long grant_op(unsigned int op, void *args, unsigned int count)
{
    return hypercall(__HYPERVISOR_grant_table_op, op, ADDRESS(args), count, 0, 0);
}

static inline long version_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, op, ADDRESS(arg), 0, 0, 0);
}

static inline long vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, op, vcpu, ADDRESS(arg), 0, 0);
}

static inline long sched_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, op, ADDRESS(arg), 0, 0, 0);
}

static inline long hvm_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_hvm_op, op, ADDRESS(arg), 0, 0, 0);
}

/* Adds one frame of `space` at gfn. */
static inline long map_frame(unsigned int space, unsigned long index, uint64_t gfn)
{
    struct xen_add_to_physmap x = {.domid = DOMID_SELF, .space = space, .idx = index, .gpfn = gfn};

    return memory_op(XENMEM_add_to_physmap, &x);
}

#endif
