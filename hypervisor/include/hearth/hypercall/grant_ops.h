/* SPDX-License-Identifier: Apache-2.0 */
/* grant_table_op: the handlers of its rows, which common/grant has. */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/compiler.h>
#include <hearth/xsm.h>

struct vcpu;

#define GRANT_BATCH 32U /* items of an array done between preemption checks, with one TLB flush */

#define OP_ARRAY(number, name, type, hook)                                                         \
    int grant_op_##name(struct vcpu *v, struct type *a, unsigned int n, enum xsm_hook hook_id);
#define OP_ONE(number, name, type, hook)                                                           \
    int grant_op_##name(struct vcpu *v, struct type *a, enum xsm_hook hook_id) must_check;
#define OP_CURSOR(number, name, type, hook)                                                        \
    int grant_op_##name(struct vcpu *v, const struct type *a, uint32_t *cursor) must_check;
#define OP_REFUSED(number, name, error, why)
#include <hearth/hypercall/grant.def>
#undef OP_ARRAY
#undef OP_ONE
#undef OP_CURSOR
#undef OP_REFUSED
