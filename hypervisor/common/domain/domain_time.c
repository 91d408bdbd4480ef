/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock in a domain's shared_info (public/xen.h): the time of day when the machine
 * started, moved by the domain's offset, under a version that is odd while it changes.
 */
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/lock.h>
#include <hearth/shared.h>
#include <hearth/timer.h>

/* One writer at a time, which reads the time inside: the last one leaves the newest. */
static struct spinlock tell_lock = SPINLOCK_INIT(RANK_WALLCLOCK);

void domain_tell_time(struct domain *d)
{
    struct guest_shared_info *s = d->shared_info;
    nanosec_t base;
    uint64_t secs;
    uint32_t version;

    spin_lock(&tell_lock);
    base = wallclock_base();
    secs = base / NS_PER_S + READ_ONCE(d->time_offset_s);
    version = READ_ONCE(s->wc_version) & ~1U;
    WRITE_ONCE(s->wc_version, version + 1);
    smp_mb(); /* readers see the odd version before the change */
    WRITE_ONCE(s->wc_sec, (uint32_t)secs);
    WRITE_ONCE(s->wc_sec_hi, (uint32_t)(secs >> 32));
    WRITE_ONCE(s->wc_nsec, (uint32_t)(base % NS_PER_S));
    smp_mb(); /* and the change before the even one */
    WRITE_ONCE(s->wc_version, version + 2);
    spin_unlock(&tell_lock);
}
