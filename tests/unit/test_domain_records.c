/* SPDX-License-Identifier: Apache-2.0 */
/* STATE_P2M, STATE_VCPU, STATE_SCHED, STATE_TIMER: into a second domain, and back the same. */
#include "unit.h"

#include "machine.h"

#include <hearth/domain_state.h>
#include <hearth/p2m_state.h>
#include <hearth/shared.h>
#include <hearth/vcpu_state.h>

static uint8_t first[65536], second[65536];
static struct domain *a, *b;

static int setup(void **state)
{
    (void)state;
    machine_boot(2);
    a = machine_domain(4, &machine_config, 8);
    b = machine_domain(5, &machine_config, 0);
    host_advance(NS_PER_S);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    machine_kill(a);
    machine_kill(b);
    return 0;
}

/* --- p2m --- */

static size_t save_p2m(struct domain *d, uint8_t *to, unsigned int *records)
{
    struct state_stream s = {.data = to, .size = sizeof(first)};
    uint64_t next = 0;

    *records = 0;
    while (next <= d->p2m[0]->highest_gfn) {
        p2m_state_save(d->p2m[0], &next, &s);
        *records += 1;
    }
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load_p2m(struct domain *d, const uint8_t *from, size_t size)
{
    struct state_stream s = {.data = (uint8_t *)(uintptr_t)from, .size = size};
    int rc = 0;

    while (rc == 0 && s.pos < size) {
        rc = p2m_state_load(d->p2m[0], &s);
    }
    return rc;
}

static void unmap_all(struct domain *d)
{
    assert_int_equal(p2m_unmap(d->p2m[0], gfn(0), d->p2m[0]->highest_gfn + 1), 0);
}

static void expect_entry(uint64_t at, mfn_t m, enum p2m_type type, unsigned int access)
{
    struct p2m_entry e;

    assert_int_equal(p2m_lookup(a->p2m[0], gfn(at), &e), 0);
    assert_int_equal(e.mfn.n, m.n);
    assert_int_equal(e.type, type);
    assert_int_equal(e.access, access);
}

static void test_p2m(void **state)
{
    unsigned int records;
    mfn_t block, single, foreign;
    uint32_t refs;
    size_t n;

    (void)state;
    assert_int_equal(page_alloc_guest(a, 9, 0, &block), 0);
    assert_int_equal(p2m_map(a->p2m[0], gfn(0x2000), block, 512, P2M_RAM, P2M_RWX), 0);
    assert_int_equal(page_alloc_guest(a, 0, 0, &single), 0);
    assert_int_equal(p2m_map(a->p2m[0], gfn(0x5003), single, 1, P2M_RAM, P2M_R), 0);
    assert_int_equal(page_alloc_guest(b, 0, 0, &foreign), 0);
    assert_true(page_get(foreign, b));
    assert_int_equal(p2m_map(a->p2m[0], gfn(0x5004), foreign, 1, P2M_FOREIGN, P2M_RW), 0);
    refs = mfn_to_page(foreign)->refs;

    n = save_p2m(a, first, &records);
    unmap_all(a);
    assert_int_equal(mfn_to_page(foreign)->refs, refs - 1);
    assert_int_equal(load_p2m(a, first, n), 0);
    assert_int_equal(mfn_to_page(foreign)->refs, refs);
    expect_entry(0x2000, block, P2M_RAM, P2M_RWX);
    expect_entry(0x21ff, mfn_add(block, 511), P2M_RAM, P2M_RWX);
    expect_entry(0x5003, single, P2M_RAM, P2M_R);
    expect_entry(0x5004, foreign, P2M_FOREIGN, P2M_RW);
    assert_int_equal(save_p2m(a, second, &records), n);
    assert_memory_equal(first, second, n);

    /* Another domain's RAM does not become its own; cut short, nothing is read beyond. */
    assert_int_equal(load_p2m(b, first, n), -EINVAL);
    for (size_t cut = 1; cut < n; cut += 7) {
        assert_true(load_p2m(a, first, cut) < 0);
    }
    assert_int_equal(load_p2m(a, first, n), 0);
    assert_int_equal(mfn_to_page(foreign)->refs, refs);
}

/* More runs than a record has: every second frame. */
static void test_p2m_many_runs(void **state)
{
    unsigned int records;
    size_t n;

    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        mfn_t m;

        assert_int_equal(page_alloc_guest(a, 0, 0, &m), 0);
        assert_int_equal(p2m_map(a->p2m[0], gfn(0x8000 + 2 * i), m, 1, P2M_RAM, P2M_RW), 0);
    }
    n = save_p2m(a, first, &records);
    assert_true(records >= 4);
    unmap_all(a);
    assert_int_equal(load_p2m(a, first, n), 0);
    assert_int_equal(save_p2m(a, second, &records), n);
    assert_memory_equal(first, second, n);
}

/* Any byte of a record may be wrong: an error, or a mapping of the domain's own frames. */
static void test_p2m_corrupt(void **state)
{
    unsigned int records;
    size_t n = save_p2m(a, first, &records);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        memcpy(second, first, n);
        second[i] ^= (uint8_t)(1 + unit_random() % 255);
        (void)load_p2m(a, second, n);
    }
    for (uint64_t at = 0; at < 0x9000; at++) {
        struct p2m_entry e;

        if (p2m_lookup(a->p2m[0], gfn(at), &e) == 0 && e.type == P2M_RAM) {
            assert_int_equal(mfn_to_page(e.mfn)->owner, a->id);
        }
    }
}

/* --- vCPU --- */

static size_t save_vcpu(struct vcpu *v, uint8_t *to)
{
    struct state_stream s = {.data = to, .size = sizeof(first)};

    vcpu_state_save(v, &s);
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load_vcpu(struct vcpu *v, const uint8_t *from, size_t size)
{
    struct state_stream s = {.data = (uint8_t *)(uintptr_t)from, .size = size};

    return vcpu_state_load(v, &s);
}

static void test_vcpu(void **state)
{
    struct vcpu *from = a->vcpu[0], *to = b->vcpu[0];
    DECLARE_BITMAP(cpu1, CONFIG_NR_CPUS) = {2};
    struct runstate_info was, is;
    mfn_t frame;
    size_t n;

    (void)state;
    from->initialised = true;
    from->runstate_area = guest_ptr(0x1234560);
    assert_int_equal(sched_set_affinity(from, cpu1, NULL), 0);
    sched_clear_pause(from, PAUSE_DOWN);
    host_advance(3 * NS_PER_S);
    n = save_vcpu(from, first);
    sched_runstate(from, &was);

    assert_int_equal(load_vcpu(to, first, n), 0);
    assert_true(to->initialised);
    assert_int_equal(to->runstate_area.a, 0x1234560);
    assert_int_equal(to->sched.hard_affinity[0], 2);
    assert_int_equal(to->sched.pause & PAUSE_DOWN, 0);
    sched_runstate(to, &is);
    for (unsigned int i = 0; i < 4; i++) {
        assert_true(is.time[i] >= was.time[i]);
    }

    /* vcpu_info in a frame of the guest's own: with a reference; another domain's is refused. */
    assert_int_equal(page_alloc_guest(b, 0, 0, &frame), 0);
    to->info_mfn = frame;
    assert_true(page_get(frame, b));
    to->info = (void *)((char *)mfn_to_virt(frame) + 64);
    n = save_vcpu(to, first);
    assert_int_equal(load_vcpu(b->vcpu[0], first, n), -EINVAL); /* it has one */
    to->info_mfn = INVALID_MFN;
    page_put(frame);
    assert_int_equal(load_vcpu(a->vcpu[0], first, n), -EINVAL);
    assert_int_equal(load_vcpu(to, first, n), 0);
    assert_ptr_equal(to->info, (char *)mfn_to_virt(frame) + 64);
    assert_int_equal(mfn_to_page(frame)->refs, 2);
    assert_int_equal(save_vcpu(to, second), n);
    assert_memory_equal(first, second, 32); /* all but the time that went on */
}

static void test_vcpu_refused(void **state)
{
    size_t n = save_vcpu(a->vcpu[0], first);

    (void)state;
    for (size_t cut = 0; cut < n; cut++) {
        assert_true(load_vcpu(a->vcpu[0], first, cut) < 0);
    }
    memcpy(second, first, n);
    second[16 + 20] |= 0x80; /* a flag that nobody knows */
    assert_int_equal(load_vcpu(a->vcpu[0], second, n), -EINVAL);
    memset(second, 0xff, sizeof(second));
    memcpy(second, first, 16);
    assert_int_equal(load_vcpu(a->vcpu[0], second, n), -EINVAL);
}

/* --- Watchdogs --- */

static void test_watchdogs(void **state)
{
    struct sched_watchdog_arg arg = {.id = 0, .timeout = 10};
    struct state_stream s = {.data = first, .size = sizeof(first)};

    (void)state;
    this_cpu()->current = a->vcpu[0];
    assert_int_equal(sched_op_watchdog(a->vcpu[0], &arg), 1);
    this_cpu()->current = NULL;
    host_advance(4 * NS_PER_S);
    watchdog_state_save(a, &s);
    assert_int_equal(s.error, 0);
    s.size = s.pos;

    /* Elsewhere, six of the ten seconds are left. */
    s.pos = 0;
    assert_int_equal(watchdog_state_load(b, &s), 0);
    assert_int_equal(b->watchdogs_used, 1);
    machine_run(5 * NS_PER_S);
    assert_false(b->is_shut_down);
    machine_run(2 * NS_PER_S);
    assert_true(b->is_shut_down);
    assert_int_equal(b->shutdown_code, SHUTDOWN_WATCHDOG);

    s.pos = 0;
    memset(first + 16, 0xff, 8);
    assert_int_equal(watchdog_state_load(b, &s), -EINVAL);
    s.pos = 0;
    s.size -= 8;
    assert_true(watchdog_state_load(b, &s) < 0);
}

/* Without an id it is set, whatever the time: none is over at once. */
static void test_watchdog_of_no_time(void **state)
{
    struct sched_watchdog_arg arg = {.id = 0, .timeout = 0};

    (void)state;
    domain_resume(a);
    this_cpu()->current = a->vcpu[0];
    assert_int_equal(sched_op_watchdog(a->vcpu[0], &arg), 2);
    this_cpu()->current = NULL;
    machine_turn();
    assert_true(a->is_shut_down);
    assert_int_equal(a->shutdown_code, SHUTDOWN_WATCHDOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p2m),         cmocka_unit_test(test_p2m_many_runs),
        cmocka_unit_test(test_vcpu),        cmocka_unit_test(test_vcpu_refused),
        cmocka_unit_test(test_watchdogs),   cmocka_unit_test(test_watchdog_of_no_time),
        cmocka_unit_test(test_p2m_corrupt),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
