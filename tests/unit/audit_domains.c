/* SPDX-License-Identifier: Apache-2.0 */
/* Domains, their vCPUs, channels and timers, and the scheduler's queues. See audit.h. */
#include "audit_parts.h"

#include <hearth/cpu.h>

#include "common/console/private.h"
#include "common/event/private.h"
#include "common/grant/private.h"
#include "common/sched/private.h"
#include "common/vuart/private.h"

/* --- Which domains there are --- */

/* Those that a live handle of d keeps. */
static const char *audit_kept(struct audit *a, const struct domain *d)
{
    const struct grant_table *t = d->grants;

    for (uint32_t h = 0; h < t->nr_maps; h++) {
        const struct grant_map *m = grant_map_at(t, h);

        if ((m->state & GRANT_MAP_LIVE) != 0 && !audit_knows(a, m->granter)) {
            AUDIT_CHECK(m->granter->life == DOMAIN_DEAD, "domain %u is on no list, and not dead",
                        m->granter->id);
            AUDIT_CHECK(a->nr < AUDIT_DOMAINS, "too many domains");
            a->domain[a->nr++] = m->granter;
        }
    }
    return NULL;
}

static const char *audit_life(const struct domain *d)
{
    uint32_t pauses = d->tools_pause_count + d->is_shut_down + (d->kill_step != 0);

    AUDIT_CHECK(!d->is_being_killed, "domain %u is being killed by nobody", d->id);
    AUDIT_CHECK((d->life == DOMAIN_ALIVE) == (d->kill_step == 0), "domain %u is alive at step %u",
                d->id, d->kill_step);
    AUDIT_CHECK(d->pause_count == pauses, "domain %u is paused %u times, for %u reasons", d->id,
                d->pause_count, pauses);
    return NULL;
}

const char *audit_domains(struct audit *a)
{
    struct domain *d;
    const struct list *before = &domain_list;

    for_each_domain (d) {
        AUDIT_CHECK(a->nr < AUDIT_DOMAINS, "too many domains");
        AUDIT_CHECK(d->list.prev == before, "the list of domains is broken at %u", d->id);
        AUDIT_CHECK(a->nr == 0 || a->domain[a->nr - 1]->id < d->id, "domains are not in order");
        AUDIT_CHECK(domain_find(d->id) == d, "domain %u is not found by its id", d->id);
        AUDIT_CHECK(d->life != DOMAIN_DEAD, "domain %u is dead, and listed", d->id);
        AUDIT_PART(audit_life(d));
        a->domain[a->nr++] = d;
        before = &d->list;
    }
    AUDIT_CHECK(domain_list.prev == before, "the list of domains has no end");
    a->listed = a->nr;
    for (unsigned int i = 0; i < a->listed; i++) {
        AUDIT_PART(audit_kept(a, a->domain[i]));
    }
    return NULL;
}

/* --- vCPUs --- */

static const char *audit_info(struct audit *a, const struct vcpu *v)
{
    const char *at = (const char *)v->info;
    const char *page;

    if (!mfn_is_valid_value(v->info_mfn)) {
        page = v->domain->shared_info;
        AUDIT_CHECK(v->info == NULL || (at >= page && at < page + PAGE_SIZE),
                    "vCPU %u of domain %u has a vcpu_info of nowhere", v->id, v->domain->id);
        return NULL;
    }
    page = mfn_to_virt(v->info_mfn);
    AUDIT_CHECK(at >= page && at < page + PAGE_SIZE,
                "vCPU %u of domain %u has its vcpu_info elsewhere", v->id, v->domain->id);
    return audit_ref(a, v->info_mfn, "a vcpu_info");
}

static const char *audit_unit(const struct vcpu *v)
{
    const struct sched_unit *u = &v->sched;
    bool ready = u->pause == 0;

    AUDIT_CHECK(((u->pause & PAUSE_DOMAIN) != 0) == (v->domain->pause_count != 0) &&
                    ((u->pause & PAUSE_VCPU) != 0) == (v->pause_count != 0),
                "vCPU %u of domain %u is paused by nobody, or not paused", v->id, v->domain->id);
    AUDIT_CHECK(u->on_cpu == CPU_NONE || cpus[u->on_cpu]->current == v,
                "vCPU %u of domain %u is on a CPU that runs another", v->id, v->domain->id);
    AUDIT_CHECK(ready == (u->queued || u->on_cpu != CPU_NONE) && !(u->queued && !ready),
                "vCPU %u of domain %u is %s", v->id, v->domain->id,
                ready ? "ready, and on no queue" : "not ready, and queued");
    return NULL;
}

static const char *audit_virqs(const struct vcpu *v)
{
    const struct evtchn_table *t = v->domain->events;

    for (uint32_t i = 0; i < NR_VIRQS; i++) {
        const struct evtchn *c = evtchn_at(t, v->virq_port[i]);

        AUDIT_CHECK(v->virq_port[i] == 0 || (c != NULL && c->state == EVTCHN_VIRQ && c->data == i),
                    "VIRQ %u of vCPU %u of domain %u has a port that is not its", i, v->id,
                    v->domain->id);
    }
    return NULL;
}

const char *audit_vcpus(struct audit *a, const struct domain *d)
{
    uint32_t frame = audit_index(d->shared_info_mfn);
    uint32_t nr = 0, i;
    const struct vcpu *v;

    AUDIT_CHECK(frame_table[frame].class == PAGE_SHARED && frame_table[frame].owner == d->id &&
                    d->shared_info == mfn_to_virt(d->shared_info_mfn),
                "the shared_info of domain %u is not its own", d->id);
    a->seen[frame] |= SEEN_SHARED;
    for_each_vcpu (d, i, v) {
        AUDIT_CHECK(v->domain == d && v->id == i, "vCPU %u of domain %u is another", i, d->id);
        AUDIT_PART(audit_info(a, v));
        AUDIT_PART(audit_unit(v));
        AUDIT_PART(audit_virqs(v));
        a->nr_timers += v->poll_timer.heap_index != 0;
        nr++;
    }
    AUDIT_CHECK(nr == d->nr_vcpus, "domain %u has %u vCPUs, %u are counted", d->id, nr,
                d->nr_vcpus);
    for (i = 0; i < NR_WATCHDOGS; i++) {
        a->nr_timers += d->watchdog[i].heap_index != 0;
    }
    return NULL;
}

/* --- Timers and queues: nothing of who is gone --- */

static const char *audit_queue(const struct audit *a, const struct list *queue, uint32_t *n)
{
    for (const struct list *l = queue->next; l != queue; l = l->next) {
        const struct sched_unit *u = list_entry(l, const struct sched_unit, queue);

        AUDIT_CHECK(l->next->prev == l, "a run queue is broken");
        AUDIT_CHECK(audit_knows(a, u->vcpu->domain) && u->queued && u->on_cpu == CPU_NONE,
                    "a vCPU is queued that should not be");
        ++*n;
    }
    return NULL;
}

const char *audit_scheduler(const struct audit *a)
{
    const struct cpu *c = this_cpu();
    uint32_t queued = 0, parked = 0;

    AUDIT_PART(audit_queue(a, &cpupool0.queue, &queued));
    AUDIT_PART(audit_queue(a, &cpupool0.parked, &parked));
    AUDIT_CHECK(queued == cpupool0.nr_queued, "%u vCPUs are queued, %u are counted", queued,
                cpupool0.nr_queued);
    AUDIT_CHECK(cpupool0.lock.word == 0 && c->timer_lock.word == 0, "the scheduler is locked");
    AUDIT_CHECK(c->current == NULL || audit_knows(a, c->current->domain),
                "a vCPU runs whose domain is gone");
    for (uint32_t i = 0; i < c->timer_count; i++) {
        AUDIT_CHECK(c->timers[i]->heap_index == i + 1, "timer %u is not at its place", i);
        AUDIT_CHECK(i == 0 || c->timers[(i - 1) / 2]->expires <= c->timers[i]->expires,
                    "timer %u is out of order", i);
    }
    AUDIT_CHECK(c->timer_count == a->nr_timers + (c->sched->slice.heap_index != 0),
                "%u timers are armed, %u are somebody's", c->timer_count, a->nr_timers);
    return NULL;
}

/* --- Channels, and the consoles that have one --- */

static const char *audit_console(struct audit *a, const struct domain *d)
{
    const struct console_pv *pv = d->console_pv;

    if (pv == NULL) {
        return NULL;
    }
    AUDIT_CHECK(pv->lock.word == 0, "the PV console of domain %u is locked", d->id);
    return pv->ring != NULL ? audit_ref(a, pv->mfn, "a PV console's ring") : NULL;
}

static const char *audit_vuart(struct audit *a, const struct domain *d)
{
    const struct vuart *u = d->vuart;

    if (u == NULL) {
        return NULL;
    }
    AUDIT_CHECK(u->lock.word == 0 && !u->tell, "the UART of domain %u is busy", d->id);
    if (u->ring == NULL) {
        return NULL;
    }
    AUDIT_CHECK(d->events->dead || evtchn_is_own(evtchn_at(d->events, u->port)),
                "the UART of domain %u has a channel that is not its", d->id);
    return audit_ref(a, u->ring_mfn, "a UART's ring");
}

static const char *audit_fifo_frames(struct audit *a, const struct domain *d)
{
    const struct evtchn_fifo *f = d->events->fifo;
    const struct vcpu *v;
    uint32_t i;

    for (i = 0; f != NULL && i < f->pages; i++) {
        AUDIT_CHECK(f->array[i].va == mfn_to_virt(f->array[i].mfn),
                    "event array page %u of domain %u is elsewhere", i, d->id);
        AUDIT_PART(audit_ref(a, f->array[i].mfn, "an event array"));
    }
    for_each_vcpu (d, i, v) {
        if (v->fifo != NULL) {
            AUDIT_CHECK(v->fifo->lock.word == 0, "a queue of domain %u is locked", d->id);
            AUDIT_PART(audit_ref(a, v->fifo->frame.mfn, "a control block"));
        }
    }
    return NULL;
}

const char *audit_events(struct audit *a, const struct domain *d)
{
    const struct evtchn_table *t = d->events;
    const char *bad = evtchn_audit(d);
    uint32_t pollers = 0, i;
    const struct vcpu *v;

    AUDIT_CHECK(bad == NULL, "channels of domain %u: %s", d->id, bad);
    AUDIT_CHECK(t->lock.word == 0, "channels of domain %u are locked", d->id);
    for (evtchn_port_t p = 0; t->bound != 0 && p < t->valid; p++) {
        const struct evtchn *c = evtchn_at(t, p);

        AUDIT_CHECK(c->peer == NULL || (audit_knows(a, c->peer->domain) && !t->dead),
                    "port %u of domain %u has a peer that is gone", p, d->id);
        AUDIT_CHECK(c->notify < d->max_vcpus || evtchn_is_own(c),
                    "port %u of domain %u tells no vCPU", p, d->id);
    }
    for_each_vcpu (d, i, v) {
        pollers += v->polling;
    }
    AUDIT_CHECK(pollers == t->pollers, "%u vCPUs of domain %u poll, %u are counted", pollers, d->id,
                t->pollers);
    AUDIT_PART(audit_vuart(a, d));
    AUDIT_PART(audit_console(a, d));
    return audit_fifo_frames(a, d);
}
