/* SPDX-License-Identifier: Apache-2.0 */
/* From a hypercall's number to its function, by direct calls (-fno-jump-tables: a compare tree). */
#include <hearth/errno.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/vcpu.h>

int64_t hypercall(struct vcpu *v, uint64_t nr, struct hypercall_args *args)
{
    switch (nr) {
#define HYPERCALL(number, name)                                                                    \
    case number:                                                                                   \
        return hypercall_##name(v, args);
#define HYPERCALL_REFUSED(number, name, error, why)                                                \
    case number:                                                                                   \
        return -(error);
#include <hearth/hypercall/hypercalls.def>
#undef HYPERCALL
#undef HYPERCALL_REFUSED
    default:
        return -ENOSYS;
    }
}
