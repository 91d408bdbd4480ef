/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix's machine: five domains that know each other, and what can be seen of them. */
#include "unit.h"

#include "machine.h"

#include "matrix.h"

#include <hearth/abi_types.h>
#include <hearth/domain_state.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/hypercall.h>
#include <hearth/p2m_state.h>
#include <hearth/shared.h>
#include <hearth/vcpu_state.h>
#include <hearth/xsm.h>

#define DOMAINS     5U
#define MOST_PAGES  64U
#define STATE_SIZE  (256U << 10)
#define BESIDE      0xc3U /* what stands around the argument */
#define OP_BIND     0U
#define OP_BIND_IPI 7U
#define OP_MAP      0U

static struct domain *dom[DOMAINS];
static size_t heap_before;
static uint64_t frames_before;

/* Frames of RAM, by gfn from ARG_GFN on. */
#define SPAN (RAM_GFN + RAM_PAGES - ARG_GFN)
static mfn_t frame[DOMAINS][SPAN];

/* --- Building --- */

static void *va(uint16_t id, uint64_t gfn_at)
{
    return mfn_to_virt(frame[id][gfn_at - ARG_GFN]);
}

static void build_memory(struct domain *d)
{
    d->max_pages = MOST_PAGES;
    for (uint64_t at = ARG_GFN; at < ARG_GFN + SPAN; at++) {
        mfn_t *m = &frame[d->id][at - ARG_GFN];

        *m = INVALID_MFN;
        if (at != ARG_END_GFN && at != HOLE_GFN) {
            assert_int_equal(page_alloc_guest(d, 0, 0, m), 0);
            memset(mfn_to_virt(*m), at < ARG_END_GFN ? (int)BESIDE : (int)d->id + 1, PAGE_SIZE);
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

    memcpy(va(id, BUFFER_GFN), arg, size);
    this_cpu()->current = dom[id]->vcpu[0];
    assert_int_equal(fn(dom[id]->vcpu[0], &args), 0);
    this_cpu()->current = NULL;
    memcpy(arg, va(id, BUFFER_GFN), size);
}

static void grant(uint16_t id, grant_ref_t ref, uint16_t to, uint64_t gfn_at)
{
    union guest_grant_entry *e;
    mfn_t m;

    assert_int_equal(grant_shared_frame(dom[id], 0, &m), 0);
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

    for (uint16_t id = 0; id < DOMAINS; id++) {
        uint16_t other = id == PEER ? GUEST : PEER;

        assert_int_equal(evtchn_alloc_unbound(dom[id], other, &port), 0);
        assert_int_equal(port, 1);
        grant(id, DEFAULT_REF, other, RAM_GFN + 1);
    }
    assert_int_equal(evtchn_alloc_unbound(dom[PEER], GUEST, &port), 0);
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
    for (uint16_t id = 0; id < DOMAINS; id++) {
        dom[id] = build_domain(id);
    }
    build_channels_and_grants();
    printk(LOG_ERR, "something to read\n");
    dom[DYING]->arch.release_steps = 3;
    assert_int_equal(domain_kill(dom[DYING]), -ERESTART);
    machine_turn();
}

static uint64_t frames(void)
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
    frames_before = frames();
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
    return frames() != frames_before ? "frames are left" : NULL;
}

void matrix_fill_buffer(uint16_t id, uint64_t word)
{
    for (unsigned int i = 0; i < BUFFER_PAGES; i++) {
        uint64_t *words = va(id, BUFFER_GFN + i);

        for (size_t n = 0; n < PAGE_SIZE / sizeof(word); n++) {
            words[n] = word;
        }
    }
}

/* --- Calls --- */

/* Between the call's structure and the caller's memory, as far as there is any. */
static void transfer(const struct matrix_call *c, uint8_t *to_arg)
{
    for (uint32_t i = 0; i < c->size; i++) {
        uint64_t at = (c->at + i) >> PAGE_SHIFT;

        if (c->at + i >= c->at && at >= ARG_GFN && at < ARG_GFN + SPAN && at != ARG_END_GFN &&
            at != HOLE_GFN) {
            uint8_t *byte = (uint8_t *)va(c->caller, at) + (c->at + i) % PAGE_SIZE;

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
            memcpy(&err, va(c->caller, BUFFER_GFN), sizeof(err));
        }
    }
    return status != 0 ? status : err;
}

void matrix_issue(struct matrix_call *c)
{
    struct vcpu *v = dom[c->caller]->vcpu[0];
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
    transfer(c, c->arg);
    c->status = c->rc == 0 ? status_of(c) : 0;
}

/* --- State --- */

struct image {
    uint16_t id;
    size_t size;
    uint64_t memory;
    uint8_t bytes[STATE_SIZE];
};

static struct {
    size_t heap;
    uint64_t frames;
    unsigned int domains;
    struct image image[DOMAINS];
    uint64_t readonly;
} before;
static struct image after;
static uint16_t caller;

static uint64_t hash(uint64_t h, const void *from, size_t size)
{
    const uint64_t *word = from;

    for (size_t i = 0; i < size / sizeof(*word); i++) {
        h = (h ^ word[i]) * 0x9e3779b97f4a7c15;
        h ^= h >> 29;
    }
    return h;
}

/* Where a call may write whatever comes of it. */
static bool is_scratch(const struct domain *d, mfn_t m)
{
    const mfn_t *f = frame[d->id];

    return d->id == caller &&
           (mfn_eq(m, f[0]) || mfn_eq(m, f[1]) || mfn_eq(m, f[BUFFER_GFN - ARG_GFN]) ||
            mfn_eq(m, f[BUFFER_GFN + 1 - ARG_GFN]));
}

/* Contents and references of all that is the domain's, in any order. */
static uint64_t memory_of(struct domain *d)
{
    uint64_t sum = d->shared_info != NULL ? hash(1, d->shared_info, PAGE_SIZE) : 0;
    struct page *pg;

    spin_lock(&d->pages_lock);
    for (pg = page_list_first(&d->pages); pg != NULL; pg = page_list_next(pg)) {
        mfn_t m = page_to_mfn(pg);
        uint64_t words[2] = {m.n, pg->word};

        sum += hash(2, words, sizeof(words));
        sum += is_scratch(d, m) ? 0 : hash(m.n, mfn_to_virt(m), PAGE_SIZE);
    }
    spin_unlock(&d->pages_lock);
    return sum;
}

static void add(struct state_stream *s, const void *from, size_t size)
{
    assert_true(s->pos + size <= s->size);
    memcpy(s->data + s->pos, from, size);
    s->pos += size;
}

/* What its records do not have. */
static void add_rest(struct domain *d, struct state_stream *s)
{
    const uint64_t rest[] = {
        d->life,
        d->refs,
        d->nr_vcpus,
        d->pause_count,
        d->tools_pause_count,
        d->is_debugged,
        d->is_shut_down,
        d->is_shutting_down,
        d->is_being_killed,
        d->tot_pages,
        d->shared_pages,
        d->watchdogs_used,
        d->kill_step,
        d->console.length,
        d->p2m[0]->table_pages,
        d->p2m[0]->table_limit,
        d->p2m[0]->dying,
        d->arch.release_steps,
    };

    add(s, rest, sizeof(rest));
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        const struct vcpu *v = d->vcpu[i];
        const uint64_t words[] = {
            v->initialised,     v->pause_count, v->polling,           v->polling ? v->poll_port : 0,
            (uintptr_t)v->info, v->info_mfn.n,  v->runstate_area.a,   (uintptr_t)v->fifo,
            v->sched.pause,     v->arch.entry,  v->poll_timer.expires};

        add(s, words, sizeof(words));
        add(s, v->virq_port, sizeof(v->virq_port));
    }
}

static void take(struct domain *d, struct image *to)
{
    struct state_stream s = {.data = to->bytes, .size = sizeof(to->bytes)};
    uint64_t next = 0;

    to->id = d->id;
    domain_state_save(d, &s);
    watchdog_state_save(d, &s);
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        vcpu_state_save(d->vcpu[i], &s);
    }
    evtchn_state_save(d, &s);
    grant_state_save(d, &s);
    while (next <= d->p2m[0]->highest_gfn) {
        p2m_state_save(d->p2m[0], &next, &s);
    }
    assert_int_equal(s.error, 0);
    add_rest(d, &s);
    to->size = s.pos;
    to->memory = memory_of(d);
}

static unsigned int count_domains(void)
{
    struct domain *d;
    unsigned int n = 0;

    for_each_domain (d) {
        n++;
    }
    return n;
}

void matrix_remember(const struct matrix_call *c)
{
    caller = c->caller;
    memset(va(caller, ARG_GFN), BESIDE, PAGE_SIZE);
    memset(va(caller, ARG_GFN + 1), BESIDE, PAGE_SIZE);
    if (c->put) {
        transfer(c, NULL);
    }
    before.heap = heap_in_use();
    before.frames = frames();
    before.domains = count_domains();
    before.readonly = hash(0, va(caller, READONLY_GFN), PAGE_SIZE);
    for (unsigned int i = 0; i < DOMAINS; i++) {
        take(dom[i], &before.image[i]);
    }
}

static const char *domain_changed(unsigned int i)
{
    static char text[80];
    const struct image *old = &before.image[i];
    size_t at = 0;

    if (domain_find((domid_t)i) != dom[i]) {
        snprintf(text, sizeof(text), "domain %u is gone", i);
        return text;
    }
    take(dom[i], &after);
    if (after.memory != old->memory) {
        snprintf(text, sizeof(text), "memory of domain %u", i);
        return text;
    }
    if (after.size == old->size && memcmp(after.bytes, old->bytes, old->size) == 0) {
        return NULL;
    }
    while (at < MIN(after.size, old->size) && after.bytes[at] == old->bytes[at]) {
        at++;
    }
    snprintf(text, sizeof(text), "state of domain %u: %zu bytes, now %zu, from %zu on", i,
             old->size, after.size, at);
    return text;
}

const char *matrix_changed(void)
{
    this_cpu()->current = NULL;
    machine_turn();
    if (count_domains() != before.domains) {
        return "the number of domains";
    }
    for (unsigned int i = 0; i < DOMAINS; i++) {
        const char *what = domain_changed(i);

        if (what != NULL) {
            return what;
        }
    }
    if (heap_in_use() != before.heap) {
        return "what is in use of the heap";
    }
    return frames() != before.frames ? "the number of free frames" : NULL;
}

const char *matrix_bystander_changed(void)
{
    return domain_changed(BYSTANDER);
}

/* --- Invariants --- */

static const char *locks_held(void)
{
    unsigned int i;

    for_each_cpu (i) {
        if (cpus[i]->lock_rank != 0 || cpus[i]->held_ranks[0] != 0 || cpus[i]->held_ranks[1] != 0) {
            return "a lock is held";
        }
    }
    return NULL;
}

static const char *accounts_broken(void)
{
    struct domain *d;

    for_each_domain (d) {
        uint64_t n = 0;

        for (struct page *pg = page_list_first(&d->pages); pg != NULL; pg = page_list_next(pg)) {
            n++;
            if (pg->owner != d->id || pg->class != PAGE_GUEST || pg->refs == 0) {
                return "a domain has a frame that is not its own";
            }
        }
        if (n != d->tot_pages || n != d->pages.count) {
            return "a domain's frames are not as many as it is charged for";
        }
    }
    return NULL;
}

static const char *tables_broken(void)
{
    struct domain *all[DOMAINS + 4];
    unsigned int n = 0;
    struct domain *d;

    for_each_domain (d) {
        const char *bad = evtchn_audit(d);

        if (bad != NULL) {
            return bad;
        }
        assert_true(n < ARRAY_SIZE(all));
        all[n++] = d;
    }
    return grant_audit(all, n);
}

/* What the call had no business with in the caller's own memory. */
static const char *beside_broken(const struct matrix_call *c)
{
    struct p2m_entry e;
    mfn_t readonly = frame[c->caller][READONLY_GFN - ARG_GFN];
    uint64_t count = c->row->form == FORM_GRANT   ? (uint32_t)c->reg[2]
                     : c->row->form == FORM_CALLS ? (uint32_t)c->reg[1]
                                                  : 1;

    for (uint64_t at = PAGE_OF(ARG_GFN); at < PAGE_OF(ARG_END_GFN); at++) {
        const uint8_t *byte = (uint8_t *)va(c->caller, at >> PAGE_SHIFT) + at % PAGE_SIZE;

        if (*byte != BESIDE && !(at >= c->at && at - c->at < MAX(count, 1U) * c->size)) {
            return "memory beside the argument was written";
        }
    }
    if (p2m_lookup(dom[c->caller]->p2m[0], gfn(READONLY_GFN), &e) == 0 && mfn_eq(e.mfn, readonly) &&
        hash(0, mfn_to_virt(readonly), PAGE_SIZE) != before.readonly) {
        return "read-only memory was written";
    }
    return NULL;
}

const char *matrix_broken(const struct matrix_call *c)
{
    const char *bad = locks_held();

    if (bad == NULL && this_cpu()->current != dom[c->caller]->vcpu[0]) {
        bad = "another vCPU is current";
    }
    bad = bad != NULL ? bad : accounts_broken();
    bad = bad != NULL ? bad : tables_broken();
    return bad != NULL ? bad : beside_broken(c);
}
