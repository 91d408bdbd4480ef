/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small machine with real domains, vCPUs and scheduler for programs of hypercalls: who runs is
 * chosen, a call goes as far as it gets, and the whole system is audited after it.
 */
#pragma once

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/audit.h"

#include <hearth/boot.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/heap.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/rcu.h>
#include <hearth/sched.h>
#include <hearth/shared.h>
#include <hearth/softirq.h>
#include <hearth/uart.h>
#include <hearth/xsm.h>

#include <asm/host.h>

#define DOMAINS   5U /* ids from 0 */
#define VCPUS     2U
#define HANDLES   32U
#define RAM_GFN   0x100U
#define RAM_PAGES 12U
#define FAR_GFN   0x40000U
#define BANK_SIZE MiB(4)

/* Where a vCPU's arguments are: a page of its own, that it cannot lose. */
#define ARG_VA      0xa00000000ULL
#define ARG_BUFFERS 2048U
#define BUFFER_SIZE 256U

/* A vCPU that is not asked to run has this beside the scheduler's own reasons. */
#define PAUSE_HELD (1UL << 16)

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #cond);                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A vCPU's place, whatever vCPU is there. */
struct caller {
    mfn_t page;
    bool pending; /* a call that goes on */
    uint64_t nr;
    struct hypercall_args args;
};

/* What guests tell each other through the store: the last grants and unbound ports. */
#define OFFERS 8U

struct offer {
    uint32_t from, to;
    uint32_t nr; /* of the grant or the port */
};

static struct offer grant_offers[OFFERS], port_offers[OFFERS];
static unsigned int nr_grant_offers, nr_port_offers;

static struct caller callers[DOMAINS][VCPUS];
static uint64_t mapped_at[DOMAINS][HANDLES]; /* what the mappers know of their handles */
static mfn_t own[DOMAINS * VCPUS + BANK_SIZE / PAGE_SIZE];
static unsigned int nr_own; /* callers' pages; the rest of nr_pages is hoarded */
static unsigned int nr_pages;
static size_t base_heap;
static jmp_buf machine_ended;
static char last_words[4096];
static size_t nr_words;
static unsigned int step_nr;
static bool at_start; /* which is the same each time, and audited at its end */
static bool tracing;  /* TRACE=1 beside an input: what the calls are */

/* --- The machine --- */

static void remember(char c)
{
    last_words[nr_words++ % sizeof(last_words)] = c;
}

static void on_stop(const char *how)
{
    if (strcmp(how, "halt") != 0) {
        longjmp(machine_ended, 1);
    }
    fprintf(stderr, "step %u, and before that:\n", step_nr);
    for (size_t i = 0; i < sizeof(last_words); i++) {
        char c = last_words[(nr_words + i) % sizeof(last_words)];

        if (c != '\0') {
            fputc(c, stderr);
        }
    }
}

static int translate(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame)
{
    struct p2m_entry e;

    if (va.a >> PAGE_SHIFT == ARG_VA >> PAGE_SHIFT) {
        *frame = callers[v->domain->id][v->id].page;
        return 0;
    }
    if (p2m_lookup(v->domain->p2m[0], gfn(va.a >> PAGE_SHIFT), &e) != 0 ||
        (e.access & (write ? P2M_W : P2M_R)) == 0) {
        return -EFAULT;
    }
    *frame = e.mfn;
    return 0;
}

static void settle(void)
{
    do {
        rcu_quiescent();
        softirq_run();
    } while (this_cpu()->softirq_pending != 0);
}

static void audit(void)
{
    const struct audit_own mine = {own, nr_pages};
    const char *bad = at_start ? NULL : audit_machine(&mine);

    if (bad != NULL) {
        fprintf(stderr, "audit after step %u: %s\n", step_nr, bad);
        abort();
    }
}

static void boot(void)
{
    static const struct mem_range bank = {HOST_RAM_START, HOST_RAM_START + BANK_SIZE};
    static const struct uart uart = {.name = "memory", .putc = remember};
    static struct timer first;

    host_boot_banks(1, &bank, 1, true);
    boot_info.cmdline = "";
    cmdline_parse("");
    host_on_stop = on_stop;
    tracing = getenv("TRACE") != NULL;
    host_translate = translate;
    console_set_uart(&uart);
    sched_init();
    timer_init(&first, NULL, NULL, 0);
    MUST(timer_set(&first, TIMER_NEVER - 1) == 0); /* the CPU's table of timers is there then */
    timer_stop(&first);
    audit_begin();
    for (unsigned int i = 0; i < DOMAINS * VCPUS; i++) {
        MUST(page_alloc(0, PAGE_SHARED, ALLOC_ZERO, &own[i]) == 0);
        callers[i / VCPUS][i % VCPUS].page = own[i];
    }
    nr_own = nr_pages = DOMAINS * VCPUS;
    base_heap = heap_in_use();
}

static void hoard(unsigned int leave)
{
    struct page_stats s;

    page_stats(&s);
    for (; s.free > leave && nr_pages < ARRAY_SIZE(own); s.free--) {
        MUST(page_alloc(0, PAGE_SHARED, ALLOC_RESERVE, &own[nr_pages]) == 0);
        nr_pages++;
    }
}

static void give_back(void)
{
    while (nr_pages > nr_own) {
        page_free(own[--nr_pages], 0);
    }
}

/* --- vCPUs --- */

static struct vcpu *vcpu_at(unsigned int id, unsigned int vcpu)
{
    struct domain *d = domain_find((domid_t)id);

    return d == NULL ? NULL : domain_vcpu(d, vcpu);
}

static void hold_all_but(const struct vcpu *chosen)
{
    struct domain *d;
    struct vcpu *v;
    uint32_t i;

    for_each_domain (d) {
        for_each_vcpu (d, i, v) {
            bool held = (v->sched.pause & PAUSE_HELD) != 0;

            if (v == chosen && held) {
                sched_clear_pause(v, PAUSE_HELD);
            } else if (v != chosen && !held) {
                sched_set_pause(v, PAUSE_HELD);
            }
        }
    }
}

static bool may_run(const struct vcpu *v)
{
    return v != NULL && (v->sched.pause & ~(PAUSE_HELD | PAUSE_BLOCKED)) == 0;
}

/* Lets v run, which an interrupt wakes if it waits; if it cannot, dom0's first. */
static struct vcpu *enter(struct vcpu *v)
{
    if (!may_run(v)) {
        v = vcpu_at(0, 0);
        domain_resume(v->domain);
    }
    sched_wake(v);
    hold_all_but(v);
    MUST(vcpu_resume() == v);
    return v;
}

/* What belongs to a vCPU that is gone is forgotten. */
static void forget_the_dead(void)
{
    for (unsigned int i = 0; i < DOMAINS; i++) {
        const struct domain *d = domain_find((domid_t)i);

        if (d == NULL || d->life != DOMAIN_ALIVE) {
            for (unsigned int j = 0; j < VCPUS; j++) {
                callers[i][j].pending = false;
            }
        }
    }
}

/* The caller's call, as far as it gets before something else is to be done. */
static int64_t call_once(struct vcpu *v, struct caller *c, bool preempt)
{
    int64_t rc;

    if (preempt) {
        softirq_raise(SOFTIRQ_TIMER);
    }
    rc = hypercall(v, c->nr, &c->args);
    if (tracing) {
        fprintf(stderr, "%u: d%uv%u call %lu: %lx %lx %lx: %ld%s\n", step_nr, v->domain->id, v->id,
                c->nr, c->args.arg[0], c->args.arg[1], c->args.arg[2], rc,
                preempt ? ", to be preempted" : "");
    }
    c->pending = rc == -ERESTART;
    settle();
    forget_the_dead();
    audit();
    return rc;
}

/* To its end, unless it was preempted on purpose or cannot go on. */
static int64_t call(struct vcpu *v, struct caller *c, bool preempt)
{
    int64_t rc = call_once(v, c, preempt);

    for (unsigned int i = 0; c->pending && !preempt && may_run(v); i++) {
        MUST(i < 10000);
        (void)enter(v);
        rc = call_once(v, c, false);
    }
    return rc;
}

/* --- What callers learn --- */

/* What a mapper hears of its handles. */
static void learn_handles(const struct vcpu *v, const uint8_t *page)
{
    const struct grant_map_arg *m = (const void *)page;

    for (unsigned int i = 0; i < 3; i++) {
        if (m[i].flags != 0 && m[i].status == 0 && m[i].handle < HANDLES) {
            mapped_at[v->domain->id][m[i].handle] = m[i].host_addr;
        }
    }
}

static uint32_t id_of(const struct vcpu *v, domid_t id)
{
    return id == DOMID_SELF ? v->domain->id : id;
}

static void learn_port(const struct vcpu *v, const uint8_t *page)
{
    const struct evtchn_alloc_unbound_arg *u = (const void *)page;

    port_offers[nr_port_offers++ % OFFERS] =
        (struct offer){id_of(v, u->dom), id_of(v, u->remote_dom), u->port};
}
