/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix's machine: six domains that know each other, and the calls that they make. */
#include "unit.h"

#include "machine.h"

#include "matrix_world.h"

#include <hearth/abi_types.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/hypercall.h>
#include <hearth/shared.h>

#define MOST_PAGES  64U /* also of page tables */
#define OP_BIND     0U
#define OP_BIND_IPI 7U
#define OP_MAP      0U

struct domain *matrix_dom[MATRIX_DOMAINS];
mfn_t matrix_frame[MATRIX_DOMAINS][SPAN];
static size_t heap_before;
static uint64_t frames_before;

/* --- Building --- */

static void build_memory(struct domain *d)
{
    d->max_pages = MOST_PAGES;
    d->p2m[0]->table_limit = d->p2m[0]->table_pages + MOST_PAGES;
    for (uint64_t at = ARG_GFN; at < ARG_GFN + SPAN; at++) {
        mfn_t *m = &matrix_frame[d->id][at - ARG_GFN];

        *m = INVALID_MFN;
        if (at != ARG_END_GFN && at != HOLE_GFN) {
            assert_int_equal(page_alloc_guest(d, 0, 0, m), 0);
            memset(mfn_to_virt(*m), (int)d->id + 1, PAGE_SIZE);
            assert_int_equal(
                p2m_map(d->p2m[0], gfn(at), *m, 1, P2M_RAM, at == READONLY_GFN ? P2M_R : P2M_RWX),
                0);
        }
    }
}

static struct domain *build_domain(domid_t id)
{
    struct domain_config config = machine_config;
    struct domain *d;

    config.privileged = id == CONTROL;
    config.hardware = id == CONTROL;
    config.nr_spis = 1; /* a virtual UART's */
    d = machine_domain(id, &config, 0);
    assert_non_null(d);
    d->vcpu[0]->initialised = true;
    sched_clear_pause(d->vcpu[0], PAUSE_DOWN);
    build_memory(d);
    return d;
}

static void call_as(uint16_t id, machine_call_fn fn, uint64_t cmd, void *arg, size_t size)
{
    struct hypercall_args args = {.arg = {cmd, PAGE_OF(BUFFER_GFN), 1}};

    memcpy(matrix_va(id, BUFFER_GFN), arg, size);
    this_cpu()->current = matrix_dom[id]->vcpu[0];
    assert_int_equal(fn(matrix_dom[id]->vcpu[0], &args), 0);
    this_cpu()->current = NULL;
    memcpy(arg, matrix_va(id, BUFFER_GFN), size);
}

static void grant(uint16_t id, grant_ref_t ref, uint16_t to, uint64_t gfn_at)
{
    union guest_grant_entry *e;
    mfn_t m;

    assert_int_equal(grant_shared_frame(matrix_dom[id], 0, &m), 0);
    e = (union guest_grant_entry *)mfn_to_virt(m) + ref;
    e->frame = (uint32_t)gfn_at;
    e->domid = to;
    e->flags = GTF_PERMIT_ACCESS;
}

/*
 * Of each domain: port 1 waits for a peer, port 2 of GUEST and PEER are tied, port 3 of GUEST is an
 * IPI; one page is granted to the peer, another is mapped by it.
 */
static void build_channels_and_grants(void)
{
    struct evtchn_bind_interdomain_arg bind = {.remote_dom = PEER, .remote_port = 2};
    struct evtchn_bind_ipi_arg ipi = {.vcpu = 0};
    struct grant_map_arg map = {.host_addr = PAGE_OF(GRANT_GFN), .flags = 2, .dom = PEER};
    evtchn_port_t port;

    for (uint16_t id = 0; id < NEWBORN; id++) {
        uint16_t other = id == PEER ? GUEST : PEER;

        assert_int_equal(evtchn_alloc_unbound(matrix_dom[id], other, &port), 0);
        assert_int_equal(port, 1);
        grant(id, DEFAULT_REF, other, RAM_GFN + 1);
    }
    assert_int_equal(evtchn_alloc_unbound(matrix_dom[PEER], GUEST, &port), 0);
    call_as(GUEST, hypercall_event_channel_op, OP_BIND, &bind, sizeof(bind));
    call_as(GUEST, hypercall_event_channel_op, OP_BIND_IPI, &ipi, sizeof(ipi));
    assert_int_equal(bind.local_port, 2);
    grant(PEER, MAPPED_REF, GUEST, RAM_GFN + 2);
    map.ref = MAPPED_REF;
    call_as(GUEST, hypercall_grant_table_op, OP_MAP, &map, sizeof(map));
    assert_int_equal(map.status, 0);
    assert_int_equal(map.handle, 0);
}

void matrix_build(void)
{
    for (uint16_t id = 0; id < NEWBORN; id++) {
        matrix_dom[id] = build_domain(id);
    }
    assert_int_equal(domain_create(NEWBORN, &machine_config, &matrix_dom[NEWBORN]), 0);
    matrix_dom[NEWBORN]->tools_pause_count = 1;
    build_channels_and_grants();
    printk(LOG_ERR, "something to read\n");
    matrix_dom[DYING]->arch.release_steps = 3;
    assert_int_equal(domain_kill(matrix_dom[DYING]), -ERESTART);
    machine_turn();
}

uint64_t matrix_free_frames(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free + heap_slab_pages();
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Arrays of timers grow, and stay. */
static void grow_timers(void)
{
    static struct timer t[MOST_PAGES];
    unsigned int cpu;

    for_each_cpu (cpu) {
        for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
            timer_init(&t[i], nothing, NULL, cpu);
            assert_int_equal(timer_set(&t[i], now() + NS_PER_S), 0);
        }
        for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
            timer_kill(&t[i]);
        }
    }
}

void matrix_boot(void)
{
    machine_boot(2);
    host_advance(NS_PER_S);
    grow_timers();
    matrix_build(); /* what grows once and stays: heaps of timers, slabs */
    (void)matrix_end();
    heap_before = heap_in_use();
    frames_before = matrix_free_frames();
}

const char *matrix_end(void)
{
    struct page_stats s;

    this_cpu()->current = NULL;
    machine_turn();
    while (domain_list.prev != &domain_list) {
        machine_kill(list_entry(domain_list.prev, struct domain, list));
    }
    machine_turn();
    page_stats(&s);
    if (s.guest != 0) {
        return "guests' frames are left";
    }
    if (heap_in_use() != heap_before) {
        return "memory of the heap is left";
    }
    return matrix_free_frames() != frames_before ? "frames are left" : NULL;
}

void matrix_fill_buffer(uint16_t id, uint64_t word)
{
    for (unsigned int i = 0; i < BUFFER_PAGES; i++) {
        uint64_t *words = matrix_va(id, BUFFER_GFN + i);

        for (size_t n = 0; n < PAGE_SIZE / sizeof(word); n++) {
            words[n] = word;
        }
    }
}

/* --- Calls --- */

void matrix_transfer(const struct matrix_call *c, uint8_t *to_arg)
{
    for (uint32_t i = 0; i < c->size; i++) {
        uint64_t at = (c->at + i) >> PAGE_SHIFT;

        if (c->at + i >= c->at && at >= ARG_GFN && at < ARG_GFN + SPAN && at != ARG_END_GFN &&
            at != HOLE_GFN) {
            uint8_t *byte = (uint8_t *)matrix_va(c->caller, at) + (c->at + i) % PAGE_SIZE;

            if (to_arg != NULL) {
                to_arg[i] = *byte;
            } else {
                *byte = c->arg[i];
            }
        }
    }
}

/* An item's own status: a field of that name, or the first of an array of errors. */
static int64_t status_of(const struct matrix_call *c)
{
    int16_t status = 0;
    int32_t err = 0;

    for (size_t i = 0; i < matrix_nr_fields; i++) {
        const struct matrix_field *f = &matrix_fields[i];
        size_t n = strlen(f->arg);

        if (c->row->arg == NULL || strncmp(c->row->arg, f->arg, n) != 0 ||
            strcmp(c->row->arg + n, "_arg") != 0) {
            continue;
        }
        if (strcmp(f->name, "status") == 0 && c->row->form == FORM_GRANT && c->reg[2] != 0) {
            memcpy(&status, &c->arg[f->offset], sizeof(status));
        }
        if (strcmp(f->name, "errs") == 0 && matrix_get(c, f) == PAGE_OF(BUFFER_GFN)) {
            memcpy(&err, matrix_va(c->caller, BUFFER_GFN), sizeof(err));
        }
    }
    return status != 0 ? status : err;
}

void matrix_issue(struct matrix_call *c)
{
    struct vcpu *v = matrix_dom[c->caller]->vcpu[0];
    struct hypercall_args args;

    memcpy(args.arg, c->reg, sizeof(args.arg));
    do {
        this_cpu()->current = v;
        this_cpu()->softirq_pending = 0;
        c->rc = hypercall(v, c->row->hypercall, &args);
        if (c->rc == -ERESTART) {
            machine_turn();
        }
    } while (c->rc == -ERESTART);
    matrix_transfer(c, c->arg);
    c->status = c->rc == 0 ? status_of(c) : 0;
}
