/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of the whole system (audit.h) finds what it is there for: each invariant is broken
 * once, by hand, and named; a sound system passes before and after.
 */
#include "unit.h"

#include "tools.h"

#include "audit.h"

#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/heap.h>
#include <hearth/shared.h>
#include <hearth/timer.h>

#include "common/event/private.h"
#include "common/grant/private.h"
#include "common/sched/private.h"

#define PAGES 8U
#define REF   8U
#define AT    0x800U /* where b sees a's grant, and after it a's frame as a foreign one */

static struct domain *a, *b;
static mfn_t own_frame;
static const struct audit_own own = {&own_frame, 1};

static struct page *page_of(struct domain *d, unsigned int page)
{
    return mfn_to_page(virt_to_mfn(machine_va(d, page)));
}

/* The audit says `what`, which is part of its text. */
#define FINDS(what)                                                                                \
    do {                                                                                           \
        const char *said = audit_machine(&own);                                                    \
                                                                                                   \
        if (said == NULL || strstr(said, what) == NULL) {                                          \
            fail_msg("wanted \"%s\", got \"%s\"", what, said == NULL ? "(sound)" : said);          \
        }                                                                                          \
    } while (0)

/* `lvalue` is `value` for a moment, in which the audit says `what`. */
#define BREAKS(lvalue, value, what)                                                                \
    do {                                                                                           \
        __typeof__((void)0, (lvalue)) sound = (lvalue);                                            \
                                                                                                   \
        (lvalue) = (value);                                                                        \
        FINDS(what);                                                                               \
        (lvalue) = sound;                                                                          \
        assert_null(audit_machine(&own));                                                          \
    } while (0)

static struct domain *live_domain(domid_t id)
{
    struct domain *d = machine_domain(id, &machine_config, PAGES);

    domain_unpause(d);
    return d;
}

/* b maps a's page 1 by a grant, and page 2 as a foreign frame. */
static void share_pages(void)
{
    struct grant_map_arg m = {.host_addr = (uint64_t)AT << PAGE_SHIFT,
                              .flags = GNTMAP_HOST_MAP,
                              .ref = REF,
                              .dom = a->id};
    mfn_t frame = virt_to_mfn(machine_va(a, 2));

    assert_int_equal(grant_seed(a, REF, b->id, gfn(MACHINE_GFN + 1), false), 0);
    assert_int_equal(grant_op_map(b->vcpu[0], &m, 1, XSM_GRANT_MAP), 0);
    assert_int_equal(m.status, 0);
    assert_true(page_get(frame, a));
    assert_int_equal(p2m_map(b->p2m[0], gfn(AT + 1), frame, 1, P2M_FOREIGN, P2M_RW), 0);
}

static void bind_ports(void)
{
    struct evtchn_bind_interdomain_arg i = {.remote_dom = a->id};
    struct evtchn_bind_virq_arg v = {.virq = VIRQ_DEBUG, .vcpu = 0};
    struct evtchn_init_control_arg c = {.control_gfn = MACHINE_GFN + 3};
    struct evtchn_expand_array_arg e = {.array_gfn = MACHINE_GFN + 4};

    assert_int_equal(evtchn_alloc_unbound(a, b->id, &i.remote_port), 0);
    assert_int_equal(evtchn_op_bind_interdomain(b->vcpu[0], &i), 0);
    assert_int_equal(evtchn_op_bind_virq(b->vcpu[0], &v), 0);
    assert_int_equal(evtchn_op_init_control(b->vcpu[0], &c), 0);
    assert_int_equal(evtchn_op_expand_array(b->vcpu[0], &e), 0);
}

static int setup(void **state)
{
    static const struct mem_range bank = {HOST_RAM_START, HOST_RAM_START + MiB(8)};

    (void)state;
    host_boot_banks(1, &bank, 1, true);
    sched_init();
    audit_begin();
    assert_int_equal(page_alloc(0, PAGE_SHARED, ALLOC_ZERO, &own_frame), 0);
    a = live_domain(1);
    b = live_domain(2);
    share_pages();
    bind_ports();
    machine_turn();
    assert_null(audit_machine(&own));
    return 0;
}

/* --- Frames --- */

static void test_references(void **state)
{
    (void)state;
    BREAKS(page_of(a, 0)->refs, 2, "has 2 references, of which 1");
    BREAKS(page_of(a, 1)->refs, 2, "has 2 references, of which 3");
    BREAKS(page_of(a, 2)->refs, 1, "has 1 references, of which 2");
    BREAKS(page_of(b, 3)->refs, 1, "has 1 references, of which 2");
    BREAKS(page_of(b, 4)->refs, 3, "has 3 references, of which 2");
    BREAKS(mfn_to_page(a->shared_info_mfn)->refs, 2, "has 2 references, of which 1");
}

static void test_ownership(void **state)
{
    struct page *pg = page_of(a, 5);

    (void)state;
    BREAKS(pg->owner, b->id, "on the list of domain 1 is not its RAM");
    BREAKS(pg->class, PAGE_SHARED, "on the list of domain 1 is not its RAM");
    BREAKS(pg->class, PAGE_OFFLINE, "on the list of domain 1 is not its RAM");
    BREAKS(a->tot_pages, PAGES + 1, "domain 1 has 8 frames, 8 listed and 9 charged");
    BREAKS(a->pages.count, PAGES - 1, "7 listed");
    BREAKS(pg->prev, 0, "the list of domain 1 is broken");
    BREAKS(frame_table[a->pages.tail].next, a->pages.head, "is listed twice");
    BREAKS(mfn_to_page(own_frame)->class, PAGE_HEAP, "is not the test's");
    BREAKS(mfn_to_page(own_frame)->word, (uint64_t)PAGE_SHARED << 56, "without references");
    BREAKS(pg->flags, 0, "references, of which 0"); /* its allocation reference is nobody's */
    page_list_del(&a->pages, pg);
    FINDS("8 charged");
    a->tot_pages--;
    FINDS("which it does not own");
    a->tot_pages++;
    page_list_add(&a->pages, pg);
    assert_null(audit_machine(&own));
}

static void test_lost_frames(void **state)
{
    mfn_t m;
    void *p, *q;

    (void)state;
    assert_int_equal(page_alloc(0, PAGE_TABLE, 0, &m), 0);
    FINDS("is no p2m's");
    page_free(m, 0);
    assert_int_equal(page_alloc(0, PAGE_SHARED, 0, &m), 0);
    FINDS("is nobody's");
    page_free(m, 0);
    assert_int_equal(page_alloc(0, PAGE_HEAP, 0, &m), 0);
    FINDS("bytes of heap are in use");
    page_free(m, 0);
    p = heap_alloc(64);
    BREAKS(mfn_to_page(virt_to_mfn(p))->slab_used, 0, "bytes of heap are in use");
    BREAKS(mfn_to_page(virt_to_mfn(p))->slab_used, 1000, "is overfull");
    BREAKS(mfn_to_page(virt_to_mfn(p))->owner, 40, "is of no size");
    heap_free(p);
    p = heap_alloc(PAGE_SIZE / 2);
    q = heap_alloc(PAGE_SIZE / 2);
    assert_ptr_equal((char *)p + PAGE_SIZE / 2, q); /* they fill a slab, as large as a page */
    BREAKS(mfn_to_page(virt_to_mfn(p))->owner, 0, "slabs");
    heap_free(p);
    heap_free(q);
    p = heap_alloc(4 * PAGE_SIZE);
    BREAKS(mfn_to_page(virt_to_mfn(p))[1].word, 1, "is in use");
    heap_free(p);
    assert_null(audit_machine(&own));
}

static void test_free_frames(void **state)
{
    struct page *head = NULL, *boot = NULL;

    (void)state;
    for (struct page *pg = frame_table + 1; boot == NULL; pg += 1U << pg->order) {
        boot = pg->class == PAGE_NONE ? pg : NULL;
    }
    BREAKS(boot->class, PAGE_OFFLINE, "is of class 6");
    for (struct page *pg = frame_table + 1; head == NULL; pg++) {
        head = pg->class == PAGE_FREE && pg->order > 2 && pg->next == 0 ? pg : NULL;
    }
    BREAKS(head->flags, 0, "has no head");
    BREAKS(head[1].word, 1ULL << 60, "is in use");
    BREAKS(head->class, PAGE_HEAP, "frames are free");
    BREAKS(head->content, head->content == 0 ? 1 : 0, "dirty");
    BREAKS(head->next, 1, "has a bad neighbour");
    BREAKS(head->word, 0, "are in no class");
}

/* --- p2m --- */

static uint64_t *entry_of(struct domain *d, uint64_t at)
{
    const struct pt *pt = &d->p2m[0]->pt;
    const struct pt_format *f = pt->ops->format;
    uint64_t *table = pt->root;

    for (unsigned int level = pt->levels - 1U; level > 0; level--) {
        uint64_t e = table[at >> (9 * level) & 511];

        table = mfn_to_virt(mfn((e & f->frame_mask) >> f->frame_shift));
    }
    return &table[at & 511];
}

static uint64_t leaf_of(const struct domain *d, mfn_t m, enum p2m_type type, unsigned int level)
{
    return d->p2m[0]->pt.ops->format->leaf(m.n, PT_R | PT_SOFT(type), level);
}

static void test_p2m(void **state)
{
    mfn_t m = virt_to_mfn(machine_va(a, 0));
    uint64_t *ram = entry_of(a, MACHINE_GFN + 5), *other = entry_of(b, MACHINE_GFN + 5);
    uint64_t *grant = entry_of(b, AT), *foreign = entry_of(b, AT + 1);

    (void)state;
    BREAKS(*ram, *other, "which it does not own");
    BREAKS(*ram, *entry_of(a, MACHINE_GFN + 6), "is RAM at two places");
    BREAKS(*ram, *ram & ~PAGE_MASK, "which it does not own");
    BREAKS(entry_of(b, MACHINE_GFN)[20], *entry_of(a, MACHINE_GFN), "which it does not own");
    BREAKS(*grant, *foreign, "references, of which");
    BREAKS(*grant, 0, "has 3 references, of which 2");
    BREAKS(*foreign, 0, "has 2 references, of which 1");
    BREAKS(entry_of(b, MACHINE_GFN)[20], *grant, "without a grant to write");
    BREAKS(entry_of(b, AT)[7], *foreign, "above the highest");
    BREAKS(*ram, leaf_of(a, m, P2M_MMIO, 0), "is a device");
    BREAKS(b->p2m[0]->lock.word, 1, "is locked");
    BREAKS(b->p2m[0]->highest_gfn, AT - 1, "above the highest");
    BREAKS(b->p2m[0]->table_pages, 1, "1 are charged");
    BREAKS(b->p2m[0]->table_limit, 1, "1 are allowed");
    BREAKS(b->p2m[0]->nr_dropped, 1, "has something pending");
    BREAKS(b->p2m[0]->pt.flush_end, 1, "has something pending");
    BREAKS(b->p2m[0]->batch_owner, 1, "has something pending");
    BREAKS(b->p2m[0]->limbo, 1, "wait for readers");
}

static void test_tables(void **state)
{
    uint64_t *root = b->p2m[0]->pt.root;
    uint64_t (*table)(uint64_t) = b->p2m[0]->pt.ops->format->table;
    mfn_t m;

    (void)state;
    assert_int_equal(page_alloc(0, PAGE_TABLE, ALLOC_ZERO, &m), 0);
    *(uint64_t *)mfn_to_virt(m) = 0;
    root[1] = table(m.n);
    FINDS("is empty");
    b->p2m[0]->highest_gfn = UINT32_MAX;
    root[1] = leaf_of(b, m, P2M_FOREIGN, 2);
    FINDS("a block of others' frames");
    b->p2m[0]->highest_gfn = AT + 1;
    root[1] = 0;
    page_free(m, 0);
    BREAKS(root[1], table(virt_to_mfn(machine_va(b, 5)).n), "is of class 4");
    BREAKS(root[1], root[0], "is linked twice");
    BREAKS(root[0], a->p2m[0]->pt.root[0], "is linked twice");
    BREAKS(page_of(a, 0)->class, PAGE_TABLE, "is not its RAM");
}

/* --- Grants --- */

static void test_grants(void **state)
{
    struct grant_active *e = &a->grants->frame[0].active[REF];
    struct grant_map *m = grant_map_at(b->grants, 0);
    uint64_t *at = entry_of(b, AT), entry = *at;

    (void)state;
    *at = 0; /* a handle outlives its mapping */
    e->mfn = virt_to_mfn(machine_va(b, 5));
    FINDS("pins a frame that is not its RAM");
    e->mfn = virt_to_mfn(machine_va(a, 1));
    *at = entry;
    BREAKS(e->writers, 2, "has 0+2 pins, 0+1 handles");
    BREAKS(e->readers, 1, "has 1+1 pins, 0+1 handles");
    BREAKS(e->writers, 0, "not pinned for it");
    BREAKS(e->domid, 7, "not pinned for it");
    BREAKS(e[1].readers, 1, "has 1+0 pins, 0+0 handles");
    BREAKS(e[1].lock.word, 1, "is locked");
    BREAKS(e->mfn, virt_to_mfn(machine_va(b, 5)), "without a grant");
    BREAKS(m->state, GRANT_MAP_LIVE, "without a grant to write");
    BREAKS(m->state, GRANT_MAP_FREE, "without a grant");
    BREAKS(m[5].state, GRANT_MAP_BUSY, "is being unmapped");
    m[5].granter = a;
    m[5].ref = 5000;
    BREAKS(m[5].state, GRANT_MAP_LIVE, "is of no entry");
    BREAKS(m->gfn, gfn(AT + 5), "without a grant");
    BREAKS(m->ref, REF + 1, "without a grant");
    BREAKS(b->grants->live_maps, 2, "2 are counted");
    BREAKS(b->grants->free_map, 1, "are no list");
    BREAKS(grant_map_at(b->grants, 5)->next, 3, "are no list");
    BREAKS(b->grants->free_map, 0, "0 free ones");
    BREAKS(a->grants->lock.word, 1, "are locked");
    BREAKS(a->grants->nr_frames, 5, "too large");
    BREAKS(a->grants->frame[0].mfn, b->shared_info_mfn, "is not its own");
}

/* --- Domains and vCPUs --- */

static void test_domains(void **state)
{
    (void)state;
    BREAKS(a->refs, 1, "domain 1 has 1 references, 1 of pins");
    BREAKS(b->refs, 2, "domain 2 has 2 references, 0 of pins");
    BREAKS(a->life, DOMAIN_DYING, "is alive at step 0");
    BREAKS(a->life, DOMAIN_DEAD, "is dead, and listed");
    BREAKS(a->kill_step, 1, "is alive at step 1");
    BREAKS(a->is_being_killed, true, "by nobody");
    BREAKS(a->pause_count, 1, "paused 1 times, for 0 reasons");
    BREAKS(a->tools_pause_count, 1, "paused 0 times, for 1 reasons");
    BREAKS(a->is_shut_down, true, "for 1 reasons");
    BREAKS(b->id, 1, "not in order");
    BREAKS(b->id, 3, "not found by its id");
    BREAKS(b->list.prev, &b->list, "list of domains is broken");
    BREAKS(domain_list.prev, &a->list, "has no end");
    BREAKS(a->lock.word, 1, "a lock of domain 1 is held");
    BREAKS(this_cpu()->lock_rank, RANK_P2M, "a lock of rank 40 is held");
    BREAKS(b->shared_info_mfn, a->shared_info_mfn, "is not its own");
}

static void test_vcpus(void **state)
{
    struct vcpu *v = a->vcpu[0];
    struct vcpu stranger = {.domain = NULL};
    struct timer t, later;

    (void)state;
    BREAKS(v->info, (struct guest_vcpu_info *)machine_va(a, 1), "a vcpu_info of nowhere");
    BREAKS(v->info_mfn, virt_to_mfn(machine_va(a, 1)), "has its vcpu_info elsewhere");
    BREAKS(v->sched.pause, PAUSE_DOWN | PAUSE_DOMAIN, "is paused by nobody");
    BREAKS(v->sched.pause, 0, "is ready, and on no queue");
    BREAKS(v->sched.queued, 1, "is not ready, and queued");
    BREAKS(v->sched.on_cpu, 0, "is on a CPU that runs another");
    BREAKS(this_cpu()->current, &stranger, "whose domain is gone");
    BREAKS(v->pause_count, 1, "or not paused");
    BREAKS(v->polling, true, "1 vCPUs of domain 1 poll, 0 are counted");
    BREAKS(v->virq_port[3], 1, "has a port that is not its");
    BREAKS(a->nr_vcpus, 1, "has 2 vCPUs, 1 are counted");
    BREAKS(a->vcpu[1], v, "is another");
    timer_init(&t, NULL, NULL, 0);
    assert_int_equal(timer_set(&t, now() + NS_PER_S), 0);
    FINDS("1 timers are armed, 0 are somebody's");
    t.heap_index = 3;
    FINDS("is not at its place");
    t.heap_index = 1;
    timer_init(&later, NULL, NULL, 0);
    assert_int_equal(timer_set(&later, now() + 2 * NS_PER_S), 0);
    t.expires = later.expires + 1;
    FINDS("is out of order");
    timer_stop(&later);
    timer_stop(&t);
    BREAKS(cpupool0.nr_queued, 1, "0 vCPUs are queued, 1 are counted");
    BREAKS(cpupool0.lock.word, 1, "the scheduler is locked");
    sched_clear_pause(v, PAUSE_DOWN);
    assert_null(audit_machine(&own));
    BREAKS(cpupool0.queue.prev, NULL, "a run queue is broken");
    BREAKS(v->sched.vcpu, &stranger, "queued that should not be");
    sched_set_pause(v, PAUSE_DOWN);
}

static void test_channels(void **state)
{
    struct evtchn *end = evtchn_at(a->events, 1), *other = evtchn_at(b->events, 1);

    (void)state;
    assert_ptr_equal(end->peer, other);
    BREAKS(end->peer, NULL, "a channel without a peer");
    BREAKS(end->peer, evtchn_at(b->events, 2), "tied to another port");
    BREAKS(end->state, EVTCHN_UNBOUND, "without a channel");
    BREAKS(end->notify, 9, "tells no vCPU");
    BREAKS(evtchn_at(b->events, 2)->state, EVTCHN_IPI, "has a port that is not its");
    BREAKS(b->vcpu[0]->virq_port[VIRQ_DEBUG], 0, "a VIRQ's port that no vCPU knows");
    BREAKS(a->events->bound, 3, "miscounted");
    BREAKS(a->events->free[0].head, 1, "wrong free list");
    BREAKS(a->events->lock.word, 1, "are locked");
    BREAKS(a->events->dead, true, "a peer that is gone");
    BREAKS(b->events->fifo->array[0].va, NULL, "a hole in the event array");
    BREAKS(b->events->fifo->array[0].mfn, virt_to_mfn(machine_va(b, 5)), "is elsewhere");
    BREAKS(b->vcpu[0]->fifo->frame.mfn, virt_to_mfn(machine_va(b, 5)), "references, of which");
    BREAKS(b->vcpu[0]->fifo->frame.mfn, mfn(1), "is no RAM");
    BREAKS(b->vcpu[0]->fifo->frame.mfn, virt_to_mfn(b->events), "of class 2");
    BREAKS(b->vcpu[0]->fifo->lock.word, 1, "a queue of domain 2 is locked");
    BREAKS(b->vcpu[0]->fifo, NULL, "has 2 references, of which 1");
}

/* A granter that is killed while its grant is mapped: found through the handle, until it is freed.
 */
static void test_the_dead(void **state)
{
    struct grant_map *m = grant_map_at(b->grants, 0);
    struct page *foreign = page_of(a, 2);

    (void)state;
    machine_kill(a);
    assert_null(audit_machine(&own));
    assert_ptr_equal(m->granter, a);
    BREAKS(a->refs, 2, "domain 1 has 2 references, 1 of pins");
    BREAKS(a->life, DOMAIN_ALIVE, "is on no list, and not dead");
    BREAKS(mfn_to_page(a->grants->frame[0].active[REF].mfn)->refs, 1, "references, of which 2");
    BREAKS(foreign->class, PAGE_SHARED, "frames are guests'");
    machine_kill(b);
    assert_null(audit_machine(&own));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),  cmocka_unit_test(test_ownership),
        cmocka_unit_test(test_lost_frames), cmocka_unit_test(test_free_frames),
        cmocka_unit_test(test_p2m),         cmocka_unit_test(test_tables),
        cmocka_unit_test(test_grants),      cmocka_unit_test(test_domains),
        cmocka_unit_test(test_vcpus),       cmocka_unit_test(test_channels),
        cmocka_unit_test(test_the_dead),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
