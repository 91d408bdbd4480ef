/* SPDX-License-Identifier: Apache-2.0 */
/* multicall: a list of hypercalls in guest memory, run in order (public/xen.h). */
#include <hearth/abi_types.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>

#define MULTICALL_NR 13U

/* An entry that wants to go on later is written back with the arguments for it. */
static int run_entry(struct vcpu *v, guest_ptr_t at)
{
    struct multicall_entry_arg e;
    struct hypercall_args args;
    int rc = guest_copy_in(&e, at, sizeof(e));

    if (rc != 0) {
        return rc;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(args.arg); i++) {
        args.arg[i] = e.args[i];
    }
    e.result = e.op == MULTICALL_NR ? (uint64_t)-EINVAL : (uint64_t)hypercall(v, e.op, &args);
    if ((int64_t)e.result == -ERESTART) {
        for (unsigned int i = 0; i < ARRAY_SIZE(args.arg); i++) {
            e.args[i] = args.arg[i];
        }
        rc = guest_copy_out(at, &e, sizeof(e));
        return rc != 0 ? rc : -ERESTART;
    }
    return guest_copy_out(at, &e, sizeof(e));
}

int64_t hypercall_multicall(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t nr = (uint32_t)args->arg[1];

    for (uint32_t i = 0; i < nr; i++) {
        guest_ptr_t at;
        int rc =
            guest_ptr_index(guest_ptr(args->arg[0]), i, sizeof(struct multicall_entry_arg), &at)
                ? run_entry(v, at)
                : -EFAULT;

        if (rc == -ERESTART || (rc == 0 && i + 1 < nr && preempt_check())) {
            uint32_t behind = rc == -ERESTART ? i : i + 1;

            args->arg[0] += behind * sizeof(struct multicall_entry_arg);
            args->arg[1] = nr - behind;
            return -ERESTART;
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
