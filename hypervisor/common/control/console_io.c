/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_io (public/xen.h): the console of the control and hardware domains, and output of guests
 * that Hearth has started, which have no input here (console_domain_read). Output is copied in
 * small pieces, each counted off the arguments before the next preemption check.
 */
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define PIECE 128U

static int64_t op_write(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t count = (uint32_t)args->arg[1];
    char piece[PIECE];

    while (count != 0) {
        uint32_t n = MIN(count, PIECE);

        if (guest_copy_in(piece, guest_ptr(args->arg[2]), n) != 0) {
            return -EFAULT;
        }
        console_domain_write(v->domain, piece, n);
        count -= n;
        args->arg[1] = count;
        args->arg[2] += n;
        if (count != 0 && preempt_check()) {
            return -ERESTART;
        }
    }
    return 0;
}

/* At most what the input buffer holds, so there is nothing to preempt. */
static int64_t op_read(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t count = (uint32_t)args->arg[1];
    guest_ptr_t to = guest_ptr(args->arg[2]);
    char piece[PIECE];
    uint32_t done = 0;

    if (count > INT32_MAX) {
        return -E2BIG;
    }
    while (done < count) {
        size_t n = console_domain_read(v->domain, piece, MIN(count - done, PIECE));

        if (n == 0) {
            break;
        }
        if (guest_copy_out(to, piece, n) != 0) {
            return -EFAULT;
        }
        to.a += n;
        done += (uint32_t)n;
        if (preempt_check()) {
            break;
        }
    }
    return done;
}

#define CONSOLE_OP(number, name, hook)                                                             \
    case number:                                                                                   \
        rc = xsm_check(XSM_##hook, v->domain, NULL);                                               \
        return rc != 0 ? rc : op_##name(v, args);

int64_t hypercall_console_io(struct vcpu *v, struct hypercall_args *args)
{
    int rc;

    switch ((uint32_t)args->arg[0]) {
#include <hearth/hypercall/console.def>
    default:
        rc = xsm_check(XSM_CONSOLE_IO, v->domain, NULL);
        return rc != 0 ? rc : -ENOSYS;
    }
}
