/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of domains. A domain that shut down stays, paused, until it is killed; killing releases
 * what it holds, step by step and preemptibly. The end of dom0 does not end the others: the
 * machine goes down when the last running domain has ended and dom0 has asked for it.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/irq.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>
#include <hearth/vcpu_ops.h>

#include "private.h"

static const char *const reason_names[] = {"powered off", "rebooted", "suspended",
                                           "crashed",     "watchdog", "soft reset"};

static const char *reason_name(uint8_t code)
{
    return code < ARRAY_SIZE(reason_names) ? reason_names[code] : "ended";
}

static unsigned int domains_running(void)
{
    struct domain *d;
    unsigned int n = 0;

    for_each_domain (d) {
        n += !d->is_shut_down && d->life == DOMAIN_ALIVE;
    }
    return n;
}

void domain_ended(struct domain *d)
{
    struct domain *dom0 = hardware_domain;
    unsigned int left = domains_running();

    if (dom0 == NULL) {
        if (left == 0) {
            printk(LOG_INFO, "No domain is running any more\n");
        }
        return;
    }
    if (d == dom0 && left != 0) {
        printk(LOG_WARNING, "dom0 %s; %u other domain%s running, so the machine stays up\n",
               reason_name(d->shutdown_code), left, left == 1 ? " is" : "s are");
    }
    if (left != 0 || !dom0->is_shut_down) {
        return;
    }
    if (dom0->shutdown_code == SHUTDOWN_POWEROFF) {
        printk(LOG_INFO, "All domains have ended: powering off\n");
        arch_machine_power_off();
    }
    if (options.noreboot) {
        printk(LOG_INFO, "dom0 %s: halted, reset by hand ('noreboot' given)\n",
               reason_name(dom0->shutdown_code));
        return;
    }
    printk(LOG_INFO, "dom0 %s: restarting the machine\n", reason_name(dom0->shutdown_code));
    arch_machine_restart();
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
    bool first;

    spin_lock(&d->lock);
    first = !d->is_shutting_down && d->life == DOMAIN_ALIVE;
    if (first) {
        d->is_shutting_down = true;
        /* XEN-ABI: SCHEDOP_shutdown_code may have fixed the reason before. */
        if (d->shutdown_code == SHUTDOWN_NONE) {
            d->shutdown_code = (uint8_t)reason;
        }
        d->ended = now();
    }
    spin_unlock(&d->lock);
    if (!first) {
        return;
    }
    domain_pause_nosync(d);
    store_release(&d->is_shut_down, true); /* who sees it may resume it: the pause was counted */
    printk(LOG_INFO, "Domain %u (%s) %s%s%s\n", d->id, d->name, reason_name(d->shutdown_code),
           d->shutdown_why != NULL ? ": " : "", d->shutdown_why != NULL ? d->shutdown_why : "");
    evtchn_send_host_virq(VIRQ_DOM_EXC);
    domain_ended(d);
}

void domain_resume(struct domain *d)
{
    bool was_down;

    spin_lock(&d->lock);
    was_down = load_acquire(&d->is_shut_down);
    if (was_down || !d->is_shutting_down) { /* else it is just going down */
        d->is_shut_down = false;
        d->is_shutting_down = false;
        d->shutdown_code = SHUTDOWN_NONE;
    }
    spin_unlock(&d->lock);
    if (was_down) {
        domain_unpause(d);
    }
}

void domain_crash(struct domain *d, const char *why)
{
    struct vcpu *v = current_vcpu();

    if (READ_ONCE(d->is_shutting_down)) {
        return;
    }
    d->shutdown_why = why;
    printk(LOG_ERR, "Domain %u (%s) crashed: %s\n", d->id, d->name, why);
    if (v != NULL && v->domain == d) {
        printk(LOG_ERR, "vCPU %u:\n", v->id);
        arch_vcpu_dump(v);
    }
    domain_shutdown(d, SHUTDOWN_CRASH);
}

/* --- Killing --- */

static int release_pages(struct domain *d)
{
    for (;;) {
        struct page *pg;
        mfn_t m;
        bool got = false;
        int gone;

        for (unsigned int i = 0; i < 64; i++) {
            spin_lock(&d->pages_lock);
            pg = page_list_first(&d->pages);
            m = pg != NULL ? page_to_mfn(pg) : INVALID_MFN;
            got = pg != NULL && page_get(m, d);
            spin_unlock(&d->pages_lock);
            if (!got) {
                return 0;
            }
            gone = page_disown(d, m);
            (void)gone; /* -ENOENT: a call of the tools that was under way has given it up */
            page_put(m);
        }
        if (preempt_check()) {
            return -ERESTART;
        }
    }
}

static int stop(struct domain *d)
{
    int rc = domain_pause(d);

    if (rc != 0) {
        return rc;
    }
    evtchn_drop_virq_handler(d);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++) {
        if (d->watchdog[i].fn != NULL) {
            timer_kill(&d->watchdog[i]);
        }
    }
    console_domain_removed(d);
    return 0;
}

static int release_devices(struct domain *d)
{
    vpl011_release(d);
    console_pv_release(d);
    return 0;
}

static int release_vcpu_frames(struct domain *d)
{
    struct vcpu *v;
    uint32_t i;

    for_each_vcpu (d, i, v) {
        sched_set_pause(v, PAUSE_DYING);
    }
    return 0;
}

static int release_p2ms(struct domain *d)
{
    for (uint32_t i = 0; i < d->nr_p2m; i++) {
        int rc = p2m_destroy(d->p2m[i]);

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int (*const kill_steps[])(struct domain *d) = {
    stop,
    evtchn_domain_destroy,
    grant_domain_release_mappings,
    arch_domain_release,
    release_devices,
    release_vcpu_frames,
    release_p2ms,
    release_pages,
};

/* One caller at a time takes the steps; another one comes again. */
static int begin_kill(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if (d->is_being_killed) {
        rc = -ERESTART;
    } else if (d->life != DOMAIN_DEAD) {
        d->life = DOMAIN_DYING;
        d->is_shutting_down = true;
        d->is_being_killed = true;
    }
    spin_unlock(&d->lock);
    return rc;
}

static void leave_kill(struct domain *d, enum domain_life life)
{
    spin_lock(&d->lock);
    d->life = (uint16_t)life;
    d->is_being_killed = false;
    spin_unlock(&d->lock);
}

int domain_kill(struct domain *d)
{
    int rc = begin_kill(d);

    if (rc != 0 || d->life == DOMAIN_DEAD) {
        return rc;
    }
    while (d->kill_step < ARRAY_SIZE(kill_steps)) {
        rc = kill_steps[d->kill_step](d);
        if (rc != 0) {
            leave_kill(d, DOMAIN_DYING);
            return rc;
        }
        d->kill_step++;
    }
    leave_kill(d, DOMAIN_DEAD);
    domain_ids_remove(d);
    if (d == hardware_domain) {
        hardware_domain = NULL;
    }
    evtchn_send_host_virq(VIRQ_DOM_EXC);
    domain_put(d);
    /* XEN-ABI: xenstored and xenconsoled let go of what they map of it when they hear this. */
    if (hardware_domain != NULL) {
        evtchn_send_global_virq(hardware_domain, VIRQ_DOM_EXC);
    }
    return 0;
}
