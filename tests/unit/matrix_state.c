/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of the matrix's machine: its state, before and after, and its invariants. */
#include "unit.h"

#include "machine.h"

#include "matrix_world.h"

#include <hearth/domain_state.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/p2m_state.h>
#include <hearth/vcpu_state.h>

#define STATE_SIZE (256U << 10)
#define BESIDE     0xc3U /* what stands around the argument */

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
    struct image image[MATRIX_DOMAINS];
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
    const mfn_t *f = matrix_frame[d->id];

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

        if (v == NULL) {
            continue;
        }
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
        if (d->vcpu[i] != NULL) {
            vcpu_state_save(d->vcpu[i], &s);
        }
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

bool matrix_all_alive(void)
{
    for (unsigned int i = 0; i < MATRIX_DOMAINS; i++) {
        if (domain_find((domid_t)i) != matrix_dom[i]) {
            return false;
        }
    }
    return true;
}

void matrix_remember(const struct matrix_call *c)
{
    caller = c->caller;
    memset(matrix_va(caller, ARG_GFN), BESIDE, PAGE_SIZE);
    memset(matrix_va(caller, ARG_GFN + 1), BESIDE, PAGE_SIZE);
    if (c->put) {
        matrix_transfer(c, NULL);
    }
    before.heap = heap_in_use();
    before.frames = matrix_free_frames();
    before.domains = count_domains();
    before.readonly = hash(0, matrix_va(caller, READONLY_GFN), PAGE_SIZE);
    for (unsigned int i = 0; i < MATRIX_DOMAINS; i++) {
        take(matrix_dom[i], &before.image[i]);
    }
}

static const char *domain_changed(unsigned int i)
{
    static char text[80];
    const struct image *old = &before.image[i];
    size_t at = 0;

    if (domain_find((domid_t)i) != matrix_dom[i]) {
        snprintf(text, sizeof(text), "domain %u is gone", i);
        return text;
    }
    take(matrix_dom[i], &after);
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
    for (unsigned int i = 0; i < MATRIX_DOMAINS; i++) {
        const char *what = domain_changed(i);

        if (what != NULL) {
            return what;
        }
    }
    if (heap_in_use() != before.heap) {
        return "what is in use of the heap";
    }
    return matrix_free_frames() != before.frames ? "the number of free frames" : NULL;
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
    struct domain *all[MATRIX_DOMAINS + 4];
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
    mfn_t readonly = matrix_frame[c->caller][READONLY_GFN - ARG_GFN];
    uint64_t count = c->row->form == FORM_GRANT   ? (uint32_t)c->reg[2]
                     : c->row->form == FORM_CALLS ? (uint32_t)c->reg[1]
                                                  : 1;

    for (uint64_t at = PAGE_OF(ARG_GFN); at < PAGE_OF(ARG_END_GFN); at++) {
        const uint8_t *byte = (uint8_t *)matrix_va(c->caller, at >> PAGE_SHIFT) + at % PAGE_SIZE;

        if (*byte != BESIDE && !(at >= c->at && at - c->at < MAX(count, 1U) * c->size)) {
            return "memory beside the argument was written";
        }
    }
    if (p2m_lookup(matrix_dom[c->caller]->p2m[0], gfn(READONLY_GFN), &e) == 0 &&
        mfn_eq(e.mfn, readonly) && hash(0, mfn_to_virt(readonly), PAGE_SIZE) != before.readonly) {
        return "read-only memory was written";
    }
    return NULL;
}

const char *matrix_broken(const struct matrix_call *c)
{
    const char *bad = locks_held();

    if (bad == NULL && this_cpu()->current != matrix_dom[c->caller]->vcpu[0]) {
        bad = "another vCPU is current";
    }
    bad = bad != NULL ? bad : accounts_broken();
    bad = bad != NULL ? bad : tables_broken();
    return bad != NULL ? bad : beside_broken(c);
}
