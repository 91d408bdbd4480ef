/* SPDX-License-Identifier: Apache-2.0 */
/* SCHEDOP_watchdog (public/sched.h): a domain that does not touch its watchdog in time is ended. */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/domain_state.h>
#include <hearth/errno.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#define WATCHDOG_RECORD_VERSION 1U

/* STATE_TIMER of a domain. Time left; 0: not in use. */
struct watchdog_record {
    uint64_t left_ns[NR_WATCHDOGS];
};

static void watchdog_expired(void *arg)
{
    struct domain *d = arg;

    d->shutdown_why = "its watchdog was not touched in time";
    domain_shutdown(d, SHUTDOWN_WATCHDOG);
}

/* d->lock held. */
static int arm(struct domain *d, unsigned int i, nanosec_t time)
{
    struct timer *t = &d->watchdog[i];
    int rc;

    if (t->fn == NULL) {
        timer_init(t, watchdog_expired, d, this_cpu_id());
    }
    rc = timer_set(t, now() + time);
    if (rc == 0) {
        d->watchdogs_used |= 1U << i;
    }
    return rc;
}

/* Id 0 takes a free one and returns its number; timeout 0 lets it go. */
int sched_op_watchdog(struct vcpu *v, struct sched_watchdog_arg *a)
{
    struct domain *d = v->domain;
    uint32_t id = a->id;
    int rc = 0;

    if (id > NR_WATCHDOGS) {
        return -EINVAL;
    }
    id = (uint32_t)index_nospec(id, NR_WATCHDOGS + 1);
    spin_lock(&d->lock);
    if (id == 0) {
        while (id < NR_WATCHDOGS && (d->watchdogs_used & (1U << id)) != 0) {
            id++;
        }
        rc = id == NR_WATCHDOGS ? -ENOSPC : (int)++id;
    } else if ((d->watchdogs_used & (1U << (id - 1))) == 0) {
        rc = -EINVAL;
    }
    if (rc == 0 && a->timeout == 0) {
        timer_stop(&d->watchdog[id - 1]);
        d->watchdogs_used &= ~(1U << (id - 1));
    } else if (rc >= 0) {
        int err = arm(d, id - 1, a->timeout * NS_PER_S);

        rc = err != 0 ? err : rc;
    }
    spin_unlock(&d->lock);
    return rc;
}

void watchdog_state_save(struct domain *d, struct state_stream *s)
{
    struct watchdog_record r = {.left_ns = {0}};
    struct state_header h = {.type = STATE_TIMER,
                             .version = WATCHDOG_RECORD_VERSION,
                             .domid = d->id,
                             .length = sizeof(r)};

    spin_lock(&d->lock);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++) {
        if ((d->watchdogs_used & (1U << i)) != 0) {
            /* One that is due now has a moment left, and is not lost. */
            r.left_ns[i] = MAX(d->watchdog[i].expires, now() + 1) - now();
        }
    }
    spin_unlock(&d->lock);
    state_save(s, &h, &r);
}

int watchdog_state_load(struct domain *d, struct state_stream *s)
{
    struct watchdog_record r;
    struct state_header h;
    const void *body;
    int rc = state_next(s, &h, &body);

    if (rc == 0) {
        rc = h.type == STATE_TIMER ? state_expect(&h, WATCHDOG_RECORD_VERSION, sizeof(r)) : -EINVAL;
    }
    if (rc != 0) {
        return rc;
    }
    memcpy(&r, body, sizeof(r));
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++) {
        if (r.left_ns[i] > UINT32_MAX * NS_PER_S) { /* more than a guest can ask for */
            return -EINVAL;
        }
    }
    spin_lock(&d->lock);
    for (unsigned int i = 0; i < NR_WATCHDOGS && rc == 0; i++) {
        if (r.left_ns[i] != 0) {
            rc = arm(d, i, r.left_ns[i]);
        }
    }
    spin_unlock(&d->lock);
    return rc;
}
