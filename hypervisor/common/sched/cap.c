/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caps: a domain with one has a budget of CPU time for each period, which its vCPUs share on
 * whatever CPUs they run. What they overrun is a debt to the next periods, so that the share is
 * exact over time; what they leave is lost.
 *
 * All functions: the lock of the domain's pool is held.
 */
#include <hearth/domain.h>

#include "private.h"

#define PERIOD  (10 * NS_PER_MS)
#define PERCENT (PERIOD / 100)
#define MANY    (1U << 20) /* periods; more of them pay no debt that there can be */

static int64_t whole(const struct domain *d)
{
    return (int64_t)(PERCENT * d->sched.cap);
}

void cap_charge(struct domain *d, nanosec_t ran)
{
    if (d->sched.cap != 0) {
        d->budget.left -= (int64_t)ran;
    }
}

static void refill(struct domain *d, nanosec_t at)
{
    struct sched_budget *b = &d->budget;
    uint64_t periods;

    if (at >= b->until) {
        periods = (at - b->until) / PERIOD + 1;
        b->until += periods * PERIOD;
        b->left = MIN(b->left + (int64_t)MIN(periods, MANY) * whole(d), whole(d));
    }
}

bool cap_spent(struct domain *d, nanosec_t at)
{
    if (d->sched.cap == 0) {
        return false;
    }
    refill(d, at);
    return d->budget.left <= 0;
}
