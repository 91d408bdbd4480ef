/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: identity, references, pausing, the end, and that nothing of one stays behind. */
#include "unit.h"

#include <hearth/bitmap.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/irq.h>
#include <hearth/shared.h>

#include "machine.h"

static const char *stopped;

static void note_stop(const char *how)
{
    stopped = how;
}

static int setup(void **state)
{
    struct domain *d;

    (void)state;
    machine_boot(2);
    /* Slabs and timer heaps are made once and stay. */
    d = machine_domain(1, &machine_config, 4);
    assert_non_null(d);
    machine_kill(d);
    d = machine_domain(0x7fef, &machine_config, 4);
    machine_kill(d);
    return 0;
}

static uint64_t free_pages(void)
{
    struct page_stats s;

    machine_turn();
    page_stats(&s);
    return s.free;
}

static void test_nothing_stays(void **state)
{
    uint64_t pages = free_pages();
    size_t heap = heap_in_use();

    (void)state;
    for (unsigned int i = 0; i < 20; i++) {
        struct domain *d = machine_domain(DOMID_INVALID, &machine_config, 1 + i * 7);

        assert_non_null(d);
        assert_true(free_pages() < pages);
        assert_int_equal(d->tot_pages, 1 + i * 7);
        if (i % 2 != 0) {
            domain_unpause(d);
            machine_turn();
        }
        d->arch.release_steps = i % 3; /* restarts on the way */
        machine_kill(d);
        assert_int_equal(free_pages(), pages);
        assert_int_equal(heap_in_use(), heap);
    }
}

/* The table of ids gives back what it needed for them, and finds who shares a block with the dead.
 */
static void test_ids_leave_nothing(void **state)
{
    size_t heap = heap_in_use();
    struct domain *stays = machine_domain(0x4001, &machine_config, 1);

    (void)state;
    for (domid_t id = 0x3e00; id < 0x4200; id += 0x3f) {
        struct domain *d = machine_domain(id, &machine_config, 1);

        assert_ptr_equal(domain_find(id), d);
        machine_kill(d);
        assert_null(domain_find(id));
        assert_ptr_equal(domain_find(0x4001), stays);
    }
    machine_kill(stays);
    machine_turn();
    assert_int_equal(heap_in_use(), heap);
}

static struct domain *freed;
static bool was_there;

static void interrupted(void *arg)
{
    (void)arg;
    was_there = freed->grants != NULL;
}

/* The last of a domain goes in pieces; an interrupt that waits is handled between them. */
static void test_end_is_preempted(void **state)
{
    struct domain_config config = machine_config;
    size_t heap;
    mfn_t m;

    (void)state;
    assert_int_equal(irq_request(5, IRQ_EDGE, interrupted, NULL), 0);
    heap = heap_in_use();
    config.max_grant_frames = 200;
    freed = machine_domain(5, &config, 1);
    assert_int_equal(grant_shared_frame(freed, 199, &m), 0);
    assert_true(domain_get(freed));
    machine_kill(freed);
    domain_put(freed);
    host_irq_raise(5);
    machine_turn();
    assert_true(was_there);
    assert_int_equal(heap_in_use(), heap);
}

/* A reference keeps the structure, not what the domain held. */
static void test_reference_outlives(void **state)
{
    size_t heap = heap_in_use();
    struct domain *d = machine_domain(5, &machine_config, 3);

    (void)state;
    assert_ptr_equal(domain_find(5), d);
    assert_true(domain_get(d));
    machine_kill(d);
    assert_null(domain_find(5));
    assert_int_equal(d->life, DOMAIN_DEAD);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(domain_kill(d), 0); /* again: nothing to do */
    assert_true(heap_in_use() > heap);
    domain_put(d);
    machine_turn();
    assert_int_equal(heap_in_use(), heap);
}

static void test_ids(void **state)
{
    struct domain_config bad = machine_config;
    struct domain *a, *b, *c, *d;
    size_t heap = heap_in_use();
    domid_t id;

    (void)state;
    a = machine_domain(7, &machine_config, 0);
    assert_int_equal(domain_create(7, &machine_config, &b), -EEXIST);
    assert_int_equal(domain_create(DOMID_FIRST_RESERVED, &machine_config, &b), -EINVAL);
    bad.max_vcpus = 0;
    assert_int_equal(domain_create(8, &bad, &b), -EINVAL);
    assert_null(domain_find(DOMID_IO));
    assert_null(domain_find(0xffff));

    b = machine_domain(DOMID_INVALID, &machine_config, 0);
    id = b->id;
    assert_int_not_equal(id, 0);
    machine_kill(b);
    c = machine_domain(DOMID_INVALID, &machine_config, 0);
    assert_int_not_equal(c->id, id); /* not at once again */
    d = machine_domain(3, &machine_config, 0);
    assert_int_equal(d->id, 3);

    /* Walks go in the order of ids, and meet none that is gone. */
    {
        uint32_t last = 0;

        for_each_domain (b) {
            assert_true(b->id > last);
            last = b->id;
        }
        assert_true(last != 0);
    }
    machine_kill(a);
    a = machine_domain(7, &machine_config, 0);
    assert_ptr_equal(domain_find(7), a);
    machine_kill(a);
    machine_kill(c);
    machine_kill(d);
    machine_turn(); /* what failed above ends by RCU */
    assert_int_equal(heap_in_use(), heap);
}

/* Every id in turn, while some are taken. */
static void test_id_wrap(void **state)
{
    struct domain_config one = machine_config;
    struct domain *kept, *d;
    domid_t first;

    (void)state;
    one.max_vcpus = 1;
    kept = machine_domain(0x7fee, &one, 0);
    d = machine_domain(DOMID_INVALID, &one, 0);
    first = d->id;
    machine_kill(d);
    for (unsigned int i = 0; i < 40; i++) {
        d = machine_domain(DOMID_INVALID, &one, 0);
        assert_int_equal(d->id, first + 1 + i);
        machine_kill(d);
    }
    machine_kill(kept);
}

static void test_vcpus(void **state)
{
    struct domain *d;

    (void)state;
    assert_int_equal(domain_create(9, &machine_config, &d), 0);
    assert_null(domain_vcpu(d, 0));
    assert_int_equal(vcpu_create(d, 2), -EINVAL);
    assert_int_equal(vcpu_create(d, 1), 0);
    assert_int_equal(vcpu_create(d, 1), -EEXIST);
    assert_non_null(domain_vcpu(d, 1));
    assert_null(domain_vcpu(d, 0));
    assert_null(domain_vcpu(d, 2));
    assert_null(domain_vcpu(d, UINT32_MAX));
    assert_int_equal(d->nr_vcpus, 1);
    machine_kill(d);
}

static void test_pause_counts(void **state)
{
    struct domain *d = machine_domain(9, &machine_config, 0);
    struct vcpu *v = d->vcpu[0];

    (void)state;
    sched_clear_pause(v, PAUSE_DOWN);
    machine_turn();
    assert_int_equal(v->sched.on_cpu, CPU_NONE); /* created paused */
    domain_unpause(d);
    machine_turn();
    assert_int_not_equal(v->sched.on_cpu, CPU_NONE);
    domain_pause_nosync(d);
    domain_pause_nosync(d);
    machine_turn();
    assert_int_equal(v->sched.on_cpu, CPU_NONE);
    domain_unpause(d);
    vcpu_pause_nosync(v);
    vcpu_pause_nosync(v);
    domain_unpause(d);
    machine_turn();
    assert_int_equal(v->sched.on_cpu, CPU_NONE);
    vcpu_unpause(v);
    machine_turn();
    assert_int_equal(v->sched.on_cpu, CPU_NONE);
    vcpu_unpause(v);
    machine_turn();
    assert_int_not_equal(v->sched.on_cpu, CPU_NONE);
    domain_pause_nosync(d);
    machine_turn();
    machine_kill(d);
}

static void test_shutdown_once(void **state)
{
    struct domain *d = machine_domain(9, &machine_config, 0);

    (void)state;
    domain_unpause(d);
    domain_shutdown(d, SHUTDOWN_REBOOT);
    assert_true(d->is_shut_down);
    assert_int_equal(d->pause_count, 1);
    domain_shutdown(d, SHUTDOWN_POWEROFF);
    domain_crash(d, "a test says so");
    assert_int_equal(d->shutdown_code, SHUTDOWN_REBOOT);
    assert_int_equal(d->pause_count, 1);
    assert_null(d->shutdown_why);
    domain_resume(d);
    assert_false(d->is_shut_down);
    assert_int_equal(d->pause_count, 0);
    domain_resume(d);
    assert_int_equal(d->pause_count, 0);
    domain_crash(d, "a test says so");
    assert_int_equal(d->shutdown_code, SHUTDOWN_CRASH);
    assert_string_equal(d->shutdown_why, "a test says so");
    machine_kill(d);
}

/* The machine stays up until the last domain has ended, then goes as dom0 asked. */
static void test_last_one_out(void **state)
{
    struct domain_config config = machine_config;
    struct domain *dom0, *d;

    (void)state;
    config.hardware = true;
    config.privileged = true;
    host_on_stop = note_stop;
    dom0 = machine_domain(0, &config, 0);
    d = machine_domain(9, &machine_config, 0);
    assert_ptr_equal(hardware_domain, dom0);
    domain_unpause(dom0);
    domain_unpause(d);
    stopped = NULL;
    domain_shutdown(d, SHUTDOWN_POWEROFF);
    assert_null(stopped);
    domain_resume(d);
    domain_shutdown(dom0, SHUTDOWN_SUSPEND);
    assert_null(stopped);
    machine_kill(d);
    machine_kill(dom0);
    assert_null(hardware_domain);
    host_on_stop = NULL;
}

#define BIND_VIRQ 1U /* EVTCHNOP_bind_virq */

/* dom0's tools hear of a domain's death once it is gone, so that they let go of its pages. */
static void test_death_is_told(void **state)
{
    struct evtchn_bind_virq_arg a = {.virq = VIRQ_DOM_EXC, .vcpu = 0};
    struct domain_config config = machine_config;
    const struct guest_shared_info *shared;
    struct domain *dom0, *d;

    (void)state;
    config.hardware = true;
    config.privileged = true;
    dom0 = machine_domain(0, &config, 1);
    shared = dom0->shared_info;
    d = machine_domain(9, &machine_config, 0);
    assert_int_equal(
        machine_call(dom0->vcpu[0], hypercall_event_channel_op, BIND_VIRQ, &a, sizeof(a)), 0);
    d->arch.release_steps = 1; /* one restart: not gone yet */
    assert_int_equal(domain_kill(d), -ERESTART);
    assert_false(bit_test(shared->evtchn_pending, a.port));
    machine_kill(d);
    assert_true(bit_test(shared->evtchn_pending, a.port));
    machine_kill(dom0);
}

/* --- Without memory --- */

static mfn_t hoard[HOST_RAM_SIZE / PAGE_SIZE];
static unsigned int nr_hoard;

static void take_all(void)
{
    while (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &hoard[nr_hoard]) == 0) {
        nr_hoard++;
    }
}

static void give(unsigned int n)
{
    for (; n > 0 && nr_hoard > 0; n--) {
        page_free(hoard[--nr_hoard], 0);
    }
}

static void test_out_of_memory(void **state)
{
    uint64_t pages = free_pages();
    unsigned int failed = 0;

    (void)state;
    for (unsigned int spare = 0;; spare++) {
        struct domain *d = NULL;
        uint64_t before;
        size_t heap;
        int rc;

        take_all();
        give(spare);
        before = free_pages();
        heap = heap_in_use();
        rc = domain_create(11, &machine_config, &d);
        if (rc == 0) {
            machine_kill(d);
        } else {
            assert_int_equal(rc, -ENOMEM);
            assert_null(domain_find(11));
            failed++;
        }
        assert_int_equal(free_pages(), before);
        assert_int_equal(heap_in_use(), heap);
        give(nr_hoard);
        if (rc == 0) {
            break;
        }
        assert_true(spare < 200);
    }
    assert_true(failed > 3);
    assert_int_equal(free_pages(), pages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_stays),
        cmocka_unit_test(test_ids_leave_nothing),
        cmocka_unit_test(test_end_is_preempted),
        cmocka_unit_test(test_reference_outlives),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_id_wrap),
        cmocka_unit_test(test_vcpus),
        cmocka_unit_test(test_pause_counts),
        cmocka_unit_test(test_shutdown_once),
        cmocka_unit_test(test_last_one_out),
        cmocka_unit_test(test_death_is_told),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
