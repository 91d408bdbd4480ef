/* SPDX-License-Identifier: Apache-2.0 */
/* memory_op: from its rows to the handlers in common/control. */
#include <hearth/hypercall/handlers.h>

#include "op.h"

/*
 * XEN-ABI: progress of a reservation stands above the command in the command word: extents, or
 * (decrease_reservation) frames.
 */
#define MEMOP_EXTENT_SHIFT 6U
#define MEMOP_CMD_MASK     ((1U << MEMOP_EXTENT_SHIFT) - 1)

#define OP_TARGET(number, name, type, direction, hook, field)                                      \
    OP_CASE_TARGET(memory, number, name, type, direction, hook, field)
#define OP_REFUSED(number, name, error, why) OP_CASE_REFUSED(number, error)
#define OP_RESERVATION(number, name, type, hook)
#define OP_NULL(number, name, hook) OP_CASE_NULL(memory, number, name, hook)

static int64_t reservation(struct vcpu *v, uint32_t cmd, uint64_t start, guest_ptr_t arg,
                           uint64_t *done)
{
    struct memory_reservation_arg a;
    struct domain *d;
    int rc = guest_copy_in(&a, arg, sizeof(a));

    /* XEN-ABI: the result is a number of extents, so a fault before the first gives `start`. */
    *done = start;
    if (rc != 0) {
        return (int64_t)start;
    }
    d = domain_find(a.domid);
    if (d == NULL || xsm_check(XSM_MEMORY_TARGET, v->domain, d) != 0) {
        return (int64_t)start;
    }
    return memory_op_reservation(v, d, cmd, &a, done);
}

/* XEN-ABI: a start above a command that has none. add_to_physmap alone does not look at it. */
static int64_t refuse_start(uint32_t cmd)
{
    switch (cmd) {
    case 2:  /* maximum_ram_page */
    case 3:  /* current_reservation */
    case 4:  /* maximum_reservation */
    case 14: /* maximum_gpfn */
    case 15: /* remove_from_physmap */
        return -EINVAL;
    default:
        return -ENOSYS;
    }
}

int64_t hypercall_memory_op(struct vcpu *v, struct hypercall_args *args)
{
    guest_ptr_t arg = guest_ptr(args->arg[1]);
    uint64_t start = args->arg[0] >> MEMOP_EXTENT_SHIFT;
    uint32_t cmd = (uint32_t)args->arg[0] & MEMOP_CMD_MASK;
    uint64_t done;
    int64_t rc;

    if (cmd == MEMORY_INCREASE_RESERVATION || cmd == MEMORY_DECREASE_RESERVATION ||
        cmd == MEMORY_POPULATE_PHYSMAP) {
        rc = reservation(v, cmd, start, arg, &done);
        if (rc == -ERESTART) {
            args->arg[0] = done << MEMOP_EXTENT_SHIFT | cmd;
        }
        return rc;
    }
    if (start != 0 && cmd != MEMORY_ADD_TO_PHYSMAP) {
        return refuse_start(cmd);
    }
    switch (cmd) {
#include <hearth/hypercall/memory.def>
    default:
        return -ENOSYS;
    }
}
