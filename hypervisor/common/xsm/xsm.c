/* SPDX-License-Identifier: Apache-2.0 */
/* The two built-in policies. A hook's rule is data (xsm_hooks.def); the policy reads it here. */
#include <hearth/xsm.h>

#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/string.h>

#include "private.h"

int xsm_decide(enum xsm_hook hook, const struct domain *caller, const struct domain *target)
{
    bool allowed = caller->is_privileged;

    switch (xsm_rule(hook)) {
    case XSM_RULE_ANY:
        allowed = true;
        break;
    case XSM_RULE_PEER:
        return xsm_check_pair(hook, caller, caller, target != NULL ? target : caller);
    case XSM_RULE_TARGET:
        allowed = allowed || target == NULL || target == caller;
        break;
    case XSM_RULE_HARDWARE:
        allowed = allowed || caller->is_hardware;
        break;
    case XSM_RULE_CONSOLE:
        allowed = allowed || caller->is_hardware || caller->has_console;
        break;
    case XSM_RULE_PRIV:
        break;
    default:
        allowed = false;
        break;
    }
    return allowed ? 0 : -EPERM;
}

int xsm_check_pair(enum xsm_hook hook, const struct domain *caller, const struct domain *a,
                   const struct domain *b)
{
    (void)hook; /* both policies treat all pairs alike */
    if (!xsm_silo || a == b) {
        return 0;
    }
    if (b == NULL) {
        return -ESRCH;
    }
    return caller->is_privileged || a->is_privileged || b->is_privileged ? 0 : -EPERM;
}

void xsm_init(const char *policy)
{
    bool known = strcmp(policy, "silo") == 0 || strcmp(policy, "dummy") == 0;

    xsm_silo = strcmp(known ? policy : CONFIG_XSM_DEFAULT, "silo") == 0;
    if (!known && policy[0] != '\0') {
        printk(LOG_WARNING, "xsm: unknown policy '%s', using %s\n", policy, CONFIG_XSM_DEFAULT);
    }
}
