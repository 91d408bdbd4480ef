/* SPDX-License-Identifier: Apache-2.0 */
/* Prototypes of domctl's handlers, from its rows, and what they share with sysctl. */
#pragma once

#include <hearth/abi_domctl.h>

struct domain;
struct vcpu;

#define DOMCTL(number, name, member, direction, hook)                                              \
    int domctl_op_##name(struct vcpu *v, struct domain *d, struct domctl_##member##_arg *a);
#define DOMCTL_NULL(number, name, hook) int domctl_op_##name(struct vcpu *v, struct domain *d);
#define DOMCTL_ANY(number, name, hook)                                                             \
    int domctl_op_##name(struct vcpu *v, struct domctl_request_arg *r);
#define DOMCTL_REFUSED(number, name, error, why)

#include <hearth/hypercall/domctl.def>

#undef DOMCTL
#undef DOMCTL_NULL
#undef DOMCTL_ANY
#undef DOMCTL_REFUSED

/* What getdomaininfo and getdomaininfolist tell of d. */
void domain_info(struct domain *d, struct domctl_getdomaininfo_arg *info);

/*
 * Bitmaps of callers. _in: at most nr_bits of the caller's are taken, the rest of dst is clear,
 * what the caller has beyond is ignored. _out: the caller's bytes beyond nr_bits are cleared.
 * -EFAULT.
 */
int bitmap_arg_in(unsigned long *dst, const struct bitmap_arg *src, uint32_t nr_bits) must_check;
int bitmap_arg_out(const struct bitmap_arg *dst, const unsigned long *src,
                   uint32_t nr_bits) must_check;
