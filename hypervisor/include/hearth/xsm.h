/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security hooks: who may do what to whom. Each dispatch row names one; the policy answers.
 * 0: allowed; -EPERM otherwise. Policies: dummy (Xen's defaults) and SILO: two unprivileged domains
 * may not share memory or events, whatever they agree on.
 */
#pragma once

#include <hearth/compiler.h>

struct domain;

/* See xsm_hooks.def. */
enum xsm_rule {
    XSM_RULE_ANY,
    XSM_RULE_PEER,
    XSM_RULE_TARGET,
    XSM_RULE_PRIV,
    XSM_RULE_HARDWARE,
    XSM_RULE_CONSOLE,
};

enum xsm_hook {
#define XSM_HOOK(id, default_rule) XSM_##id,
#include <hearth/xsm_hooks.def>
#undef XSM_HOOK
    NR_XSM_HOOKS
};

/* The default rule of a hook; folded away where the hook is a constant. */
static always_inline enum xsm_rule xsm_rule(enum xsm_hook hook)
{
    static const uint8_t rules[NR_XSM_HOOKS] = {
#define XSM_HOOK(id, default_rule) [XSM_##id] = XSM_RULE_##default_rule,
#include <hearth/xsm_hooks.def>
#undef XSM_HOOK
    };

    return (enum xsm_rule)rules[hook];
}

/* The policy's answer, whatever the rule. */
int xsm_decide(enum xsm_hook hook, const struct domain *caller,
               const struct domain *target) must_check;

/* `target` is NULL for operations on the host or on the caller itself. */
static always_inline must_check int xsm_check(enum xsm_hook hook, const struct domain *caller,
                                              const struct domain *target)
{
    return xsm_rule(hook) == XSM_RULE_ANY ? 0 : xsm_decide(hook, caller, target);
}

/* Event channels and grants between two domains, other than by privilege (SILO cuts these).
 * b NULL: a domain that does not exist yet; -ESRCH where the policy must know it. */
int xsm_check_pair(enum xsm_hook hook, const struct domain *caller, const struct domain *a,
                   const struct domain *b) must_check;
/* "dummy" or "silo"; "" means the one of Kconfig, as does anything else, which is named in a
 * warning. Start-up only. */
void xsm_init(const char *policy);
