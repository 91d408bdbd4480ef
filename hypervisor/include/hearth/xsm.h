/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security hooks: who may do what to whom. Each dispatch row names one; the policy answers.
 * 0: allowed; -EPERM otherwise. Policies: dummy (Xen's defaults) and SILO (see docs).
 */
#pragma once

#include <hearth/compiler.h>

struct domain;

enum xsm_hook {
#define XSM_HOOK(id, default_rule) XSM_##id,
#include <hearth/xsm_hooks.def>
#undef XSM_HOOK
    NR_XSM_HOOKS
};

/* `target` is NULL for operations on the host or on the caller itself. */
int xsm_check(enum xsm_hook hook, const struct domain *caller, const struct domain *target)
    must_check;
/* Event channels and grants between two domains, other than by privilege (SILO cuts these). */
int xsm_check_pair(enum xsm_hook hook, const struct domain *caller, const struct domain *a,
                   const struct domain *b) must_check;
void xsm_init(const char *policy);
