/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's machine with the real domain and sched modules on it: CPUs that a test turns, domains
 * with vCPUs and a little RAM. Included after unit.h.
 */
#pragma once

#include <hearth/boot.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/rcu.h>
#include <hearth/sched.h>
#include <hearth/softirq.h>
#include <hearth/vcpu.h>

#include <asm/host.h>

#define MACHINE_GFN 0x100U /* where a domain's RAM begins; arguments of calls stand there */

static const struct domain_config machine_config = {
    .max_vcpus = 2, .max_evtchn_port = 127, .max_grant_frames = 4, .max_maptrack_frames = 4};

static inline void machine_boot(unsigned int nr)
{
    host_boot(nr);
    cmdline_parse("");
    sched_init();
    for (unsigned int i = 1; i < nr; i++) {
        (void)host_switch_cpu(i);
        sched_init_cpu();
    }
    (void)host_switch_cpu(0);
}

/* Each CPU does what is pending, some rounds; grace periods pass. */
static inline void machine_turn(void)
{
    unsigned int old = this_cpu()->id;
    unsigned int cpu;

    for (unsigned int round = 0; round < 6; round++) {
        for_each_cpu (cpu) {
            (void)host_switch_cpu(cpu);
            softirq_run();
            rcu_quiescent();
        }
    }
    (void)host_switch_cpu(old);
}

/* Time goes on to each deadline in turn, and each CPU does what that brings. */
static inline void machine_run(nanosec_t duration)
{
    nanosec_t end = host_clock + duration;

    machine_turn();
    while (host_clock < end) {
        nanosec_t next = end;
        unsigned int cpu;

        for_each_cpu (cpu) {
            next = MIN(next, cpus[cpu]->arch.deadline);
        }
        host_advance(MAX(next, host_clock) - host_clock);
        machine_turn();
    }
}

/* A paused domain with vCPUs, all down, and `pages` frames of RAM. */
static inline struct domain *machine_domain(domid_t id, const struct domain_config *config,
                                            unsigned int pages)
{
    struct domain *d = NULL;
    mfn_t m;

    if (domain_create(id, config, &d) != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < config->max_vcpus; i++) {
        assert_int_equal(vcpu_create(d, i), 0);
    }
    for (unsigned int i = 0; i < pages; i++) {
        assert_int_equal(page_alloc_guest(d, 0, 0, &m), 0);
        memset(mfn_to_virt(m), 0, PAGE_SIZE);
        assert_int_equal(p2m_map(d->p2m[0], gfn(MACHINE_GFN + i), m, 1, P2M_RAM, P2M_RWX), 0);
    }
    return d;
}

static inline void machine_kill(struct domain *d)
{
    while (domain_kill(d) == -ERESTART) {
        machine_turn();
    }
    machine_turn();
}

/* Where guest frame MACHINE_GFN + page stands for Hearth. */
static inline void *machine_va(struct domain *d, unsigned int page)
{
    struct p2m_entry e;

    assert_int_equal(p2m_lookup(d->p2m[0], gfn(MACHINE_GFN + page), &e), 0);
    return mfn_to_virt(e.mfn);
}

static inline uint64_t machine_ga(unsigned int page)
{
    return (uint64_t)(MACHINE_GFN + page) << PAGE_SHIFT;
}

typedef int64_t (*machine_call_fn)(struct vcpu *v, struct hypercall_args *args);

/* v makes a hypercall; the argument structure passes through its first frame. */
static inline int64_t machine_call(struct vcpu *v, machine_call_fn fn, uint64_t cmd, void *arg,
                                   size_t size)
{
    struct hypercall_args args = {.arg = {cmd, machine_ga(0)}};
    struct vcpu *old = this_cpu()->current;
    void *at = machine_va(v->domain, 0);
    int64_t rc;

    memcpy(at, arg, size);
    this_cpu()->current = v;
    do {
        this_cpu()->softirq_pending = 0;
        rc = fn(v, &args);
    } while (rc == -ERESTART);
    this_cpu()->current = old;
    memcpy(arg, at, size);
    return rc;
}
