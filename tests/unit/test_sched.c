/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling: shares by weight, states of a vCPU, what happens while a state is being saved. */
#include "unit.h"

#include "machine.h"

#include "../../hypervisor/common/sched/private.h"

#define CPUS 2U

static struct domain *dom[4];

static int setup(void **state)
{
    static struct domain_config config;

    (void)state;
    machine_boot(CPUS);
    config = machine_config;
    for (unsigned int i = 0; i < ARRAY_SIZE(dom); i++) {
        dom[i] = machine_domain((domid_t)(i + 1), &config, 0);
        assert_non_null(dom[i]);
        domain_unpause(dom[i]);
    }
    return 0;
}

static nanosec_t ran(struct vcpu *v)
{
    struct runstate_info r;

    sched_runstate(v, &r);
    return r.time[RUNSTATE_RUNNING];
}

static uint32_t state_of(struct vcpu *v)
{
    struct runstate_info r;

    sched_runstate(v, &r);
    return r.state;
}

static void pin(struct vcpu *v, unsigned long cpu_mask)
{
    unsigned long mask[BITS_TO_LONGS(CONFIG_NR_CPUS)] = {cpu_mask};

    assert_int_equal(sched_set_affinity(v, mask, NULL), 0);
}

static void set_weight(struct domain *d, uint32_t weight)
{
    struct sched_params p = {.weight = weight};

    assert_int_equal(sched_set_params(d, &p), 0);
}

static void up(struct vcpu *v)
{
    sched_clear_pause(v, PAUSE_DOWN);
}

/* All vCPUs down again, on any CPU, of normal weight. */
static int calm(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(dom); i++) {
        set_weight(dom[i], 256);
        for (unsigned int k = 0; k < 2; k++) {
            sched_set_pause(dom[i]->vcpu[k], PAUSE_DOWN);
            sched_clear_pause(dom[i]->vcpu[k], PAUSE_BLOCKED);
            pin(dom[i]->vcpu[k], ~0UL);
        }
    }
    machine_turn();
    for (unsigned int i = 0; i < CPUS; i++) {
        assert_null(cpus[i]->current);
    }
    return 0;
}

static void assert_share(nanosec_t got, nanosec_t want)
{
    nanosec_t off = got > want ? got - want : want - got;

    if (off > want / 50) {
        fail_msg("ran %lu ms, expected %lu ms", (unsigned long)(got / NS_PER_MS),
                 (unsigned long)(want / NS_PER_MS));
    }
}

static void test_weights(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];
    nanosec_t a0 = ran(a), b0 = ran(b);

    (void)state;
    set_weight(dom[1], 512);
    pin(a, 1);
    pin(b, 1);
    up(a);
    up(b);
    machine_run(9 * NS_PER_S);
    assert_share(ran(a) - a0, 3 * NS_PER_S);
    assert_share(ran(b) - b0, 6 * NS_PER_S);
}

/* Three equal vCPUs on two CPUs: two thirds of a CPU for each. */
static void test_more_cpus(void **state)
{
    nanosec_t before[3];

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        before[i] = ran(dom[i]->vcpu[0]);
        up(dom[i]->vcpu[0]);
    }
    machine_run(9 * NS_PER_S);
    for (unsigned int i = 0; i < 3; i++) {
        assert_share(ran(dom[i]->vcpu[0]) - before[i], 6 * NS_PER_S);
    }
}

/* Who sleeps a lot gets the CPU soon, and no more than that. */
static void test_sleeper(void **state)
{
    struct vcpu *busy = dom[0]->vcpu[0];
    struct vcpu *sleeper = dom[1]->vcpu[0];
    nanosec_t b0;

    (void)state;
    pin(busy, 1);
    pin(sleeper, 1);
    up(busy);
    up(sleeper);
    sched_set_pause(sleeper, PAUSE_BLOCKED);
    machine_run(10 * NS_PER_S);
    sched_wake(sleeper);
    machine_run(2 * NS_PER_MS);
    assert_ptr_equal(cpus[0]->current, sleeper);
    b0 = ran(busy);
    machine_run(2 * NS_PER_S);
    assert_share(ran(busy) - b0, NS_PER_S);
}

/* Years alone on a CPU are no debt when others are let in. */
static void test_no_starvation(void **state)
{
    struct vcpu *alone = dom[0]->vcpu[0];
    struct vcpu *a = dom[1]->vcpu[0];
    struct vcpu *b = dom[2]->vcpu[0];
    nanosec_t before;

    (void)state;
    pin(alone, 2);
    pin(a, 1);
    pin(b, 1);
    up(alone);
    up(a);
    up(b);
    machine_run(100 * NS_PER_S);
    pin(a, 2);
    pin(b, 2);
    machine_run(4 * NS_PER_S);
    before = ran(alone);
    machine_run(3 * NS_PER_S);
    assert_share(ran(alone) - before, NS_PER_S);
}

/* One of very little weight still runs, and at most one slice apart from its share. */
static void test_light(void **state)
{
    struct vcpu *light = dom[0]->vcpu[0];
    struct vcpu *heavy = dom[1]->vcpu[0];
    nanosec_t l0 = ran(light);

    (void)state;
    set_weight(dom[0], 1);
    set_weight(dom[1], 256);
    pin(light, 1);
    pin(heavy, 1);
    up(light);
    up(heavy);
    machine_run(257 * NS_PER_S);
    assert_in_range(ran(light) - l0, NS_PER_S - 20 * NS_PER_MS, NS_PER_S + 20 * NS_PER_MS);
}

static void set_cap(struct domain *d, uint32_t cap)
{
    struct sched_params p = {.weight = 256, .cap = cap};

    assert_int_equal(sched_set_params(d, &p), 0);
}

/* How long all of d's vCPUs ran. */
static nanosec_t ran_all(struct domain *d)
{
    return ran(d->vcpu[0]) + ran(d->vcpu[1]);
}

/* Caps hold to 2 %, on an idle machine, against others, and over several vCPUs. */
static void test_caps(void **state)
{
    static const uint32_t caps[] = {1, 10, 50, 99, 100, 150, 200};

    (void)state;
    up(dom[0]->vcpu[0]);
    up(dom[0]->vcpu[1]);
    for (unsigned int i = 0; i < ARRAY_SIZE(caps); i++) {
        nanosec_t before = ran_all(dom[0]);

        set_cap(dom[0], caps[i]);
        machine_run(20 * NS_PER_S);
        assert_share(ran_all(dom[0]) - before, caps[i] * NS_PER_S / 5);
    }
}

/* What a capped domain leaves, others have; without its cap it has its half again. */
static void test_cap_against_others(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];
    nanosec_t a0 = ran(a), b0 = ran(b);

    (void)state;
    set_cap(dom[0], 30);
    pin(a, 1);
    pin(b, 1);
    up(a);
    up(b);
    machine_run(10 * NS_PER_S);
    assert_share(ran(a) - a0, 3 * NS_PER_S);
    assert_share(ran(b) - b0, 7 * NS_PER_S);
    set_cap(dom[0], 0);
    a0 = ran(a);
    machine_run(10 * NS_PER_S);
    assert_share(ran(a) - a0, 5 * NS_PER_S);
}

/* A parked vCPU is runnable, may be paused and destroyed, and holds nobody back. */
static void test_parked(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];
    struct vcpu *c = dom[2]->vcpu[0];
    nanosec_t b0, c0;

    (void)state;
    set_cap(dom[0], 1);
    set_weight(dom[2], 512);
    pin(a, 1);
    pin(b, 1);
    pin(c, 1);
    up(a);
    machine_run(5 * NS_PER_MS);
    assert_null(cpus[0]->current);
    assert_true(a->sched.parked);
    assert_int_equal(state_of(a), RUNSTATE_RUNNABLE);
    assert_int_equal(cpupool0.nr_queued, 0);
    sched_set_pause(a, PAUSE_VCPU);
    assert_false(a->sched.queued || a->sched.parked);
    sched_clear_pause(a, PAUSE_VCPU);
    assert_true(a->sched.parked);
    up(b);
    up(c);
    b0 = ran(b);
    c0 = ran(c);
    machine_run(30 * NS_PER_S);
    assert_share(ran(b) - b0, 99 * NS_PER_S / 10);
    assert_share(ran(c) - c0, 198 * NS_PER_S / 10);
}

static void test_yield(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];

    (void)state;
    pin(a, 1);
    pin(b, 1);
    up(a);
    machine_turn();
    assert_ptr_equal(cpus[0]->current, a);
    sched_yield_current(); /* nobody waits */
    machine_turn();
    assert_ptr_equal(cpus[0]->current, a);
    up(b);
    machine_turn();
    for (unsigned int i = 0; i < 6; i++) {
        struct vcpu *was = cpus[0]->current;

        sched_yield_current();
        machine_turn();
        assert_ptr_not_equal(cpus[0]->current, was);
    }
}

/* --- States --- */

static void test_states(void **state)
{
    struct vcpu *v = dom[0]->vcpu[0];

    (void)state;
    assert_int_equal(state_of(v), RUNSTATE_OFFLINE);
    pin(v, 1);
    up(v);
    assert_int_equal(state_of(v), RUNSTATE_RUNNABLE);
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_RUNNING);
    assert_int_equal(v->sched.on_cpu, 0);

    sched_block_current();
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_BLOCKED);
    assert_int_equal(v->sched.on_cpu, CPU_NONE);
    assert_null(cpus[0]->current);

    assert_int_equal(domain_pause(dom[0]), 0);
    assert_int_equal(state_of(v), RUNSTATE_OFFLINE);
    sched_wake(v);
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_OFFLINE);
    assert_int_equal(vcpu_pause(v), 0);
    domain_unpause(dom[0]);
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_OFFLINE);
    vcpu_unpause(v);
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_RUNNING);
}

/* What is pending keeps a vCPU from blocking. */
static void test_block_with_reason(void **state)
{
    struct vcpu *v = dom[0]->vcpu[0];

    (void)state;
    pin(v, 1);
    up(v);
    machine_turn();
    v->arch.wakeable = true;
    sched_block_current();
    machine_turn();
    assert_int_equal(state_of(v), RUNSTATE_RUNNING);
    v->arch.wakeable = false;
}

static void test_affinity(void **state)
{
    unsigned long none[BITS_TO_LONGS(CONFIG_NR_CPUS)] = {1UL << 60};
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];

    (void)state;
    pin(a, 1);
    pin(b, 1);
    up(a);
    machine_turn();
    assert_ptr_equal(cpus[0]->current, a);
    assert_int_equal(sched_set_affinity(a, none, NULL), -EINVAL);
    pin(a, 2); /* a running one moves */
    machine_turn();
    assert_ptr_equal(cpus[1]->current, a);
    pin(a, 1);
    machine_turn();
    up(b);
    machine_turn();
    assert_null(cpus[1]->current);
    assert_true(a->sched.queued || b->sched.queued);
    /* A waiting one is let onto an idle CPU: that CPU looks, with no other reason. */
    pin(cpus[0]->current == a ? b : a, 2);
    machine_turn();
    assert_non_null(cpus[1]->current);
}

static void test_params(void **state)
{
    struct sched_params p;
    static const struct sched_params bad[] = {{0, 0}, {65536, 0}, {256, 201}};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_not_equal(sched_set_params(dom[0], &bad[i]), 0);
    }
    sched_get_params(dom[0], &p);
    assert_int_equal(p.weight, 256);
    assert_string_equal(sched_policy_of(dom[0])->name, "credit2");
}

/* --- While a state is being saved: the first part of a switch, then a change, then the rest --- */

/* Chooses on CPU 0 as sched_softirq() does, with `change` between choice and settling. */
static void (*change)(struct vcpu *v);
static struct vcpu *changed;

static void host_hook(struct vcpu *v)
{
    if (change != NULL && v == changed) {
        void (*fn)(struct vcpu *) = change;

        change = NULL;
        fn(v);
    }
}

static void do_pause(struct vcpu *v)
{
    sched_set_pause(v, PAUSE_VCPU);
}

static void do_wake(struct vcpu *v)
{
    sched_wake(v);
}

static void during_save(struct vcpu *v, void (*fn)(struct vcpu *))
{
    changed = v;
    change = fn;
    host_on_vcpu_save = host_hook;
    machine_turn();
    host_on_vcpu_save = NULL;
    assert_null(change);
}

static void test_pause_while_saved(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];
    struct vcpu *b = dom[1]->vcpu[0];

    (void)state;
    pin(a, 1);
    pin(b, 1);
    up(a);
    machine_turn();
    up(b);
    machine_run(NS_PER_MS / 2);
    assert_ptr_equal(cpus[0]->current, a);
    sched_yield_current(); /* a is queued again, then paused before its state is saved */
    during_save(a, do_pause);
    assert_int_equal(state_of(a), RUNSTATE_OFFLINE);
    assert_false(a->sched.queued);
    machine_run(20 * NS_PER_MS);
    assert_ptr_equal(cpus[0]->current, b);
    sched_clear_pause(a, PAUSE_VCPU);
    sched_set_pause(b, PAUSE_DOWN);
    machine_turn();
    assert_ptr_equal(cpus[0]->current, a);
}

static void test_wake_while_saved(void **state)
{
    struct vcpu *a = dom[0]->vcpu[0];

    (void)state;
    pin(a, 1);
    up(a);
    machine_turn();
    sched_block_current();
    during_save(a, do_wake);
    assert_ptr_equal(cpus[0]->current, a);
    assert_int_equal(state_of(a), RUNSTATE_RUNNING);
}

/* Times in the four states always add up to the time that passed. */
static void test_runstate_sums(void **state)
{
    struct runstate_info first[4], r;
    nanosec_t start = host_clock;

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        sched_runstate(dom[i]->vcpu[0], &first[i]);
    }
    for (unsigned int step = 0; step < 2000; step++) {
        struct vcpu *v = dom[unit_below(4)]->vcpu[0];
        unsigned long bit = 1UL << unit_below(4);

        if (unit_below(2) != 0) {
            sched_clear_pause(v, bit);
        } else {
            sched_set_pause(v, bit);
        }
        if (unit_below(8) == 0) {
            pin(v, 1 + unit_below(3));
        }
        machine_run(unit_below(3 * NS_PER_MS));
        for (unsigned int i = 0; i < 4; i++) {
            nanosec_t sum = 0;

            sched_runstate(dom[i]->vcpu[0], &r);
            for (unsigned int k = 0; k < 4; k++) {
                sum += r.time[k] - first[i].time[k];
            }
            assert_int_equal(sum, host_clock - start);
            assert_true((r.state == RUNSTATE_RUNNING) == (dom[i]->vcpu[0]->sched.on_cpu < CPUS));
            assert_true(r.state != RUNSTATE_RUNNING || dom[i]->vcpu[0]->sched.pause == 0);
        }
        /* Nobody waits for a CPU that idles. */
        for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
            for (unsigned int i = 0; i < 4 && cpus[cpu]->current == NULL; i++) {
                struct sched_unit *u = &dom[i]->vcpu[0]->sched;

                assert_false(u->queued && sched_allowed(u, cpu));
            }
        }
    }
    for (unsigned int i = 0; i < 4; i++) {
        for (unsigned int bit = 1; bit < 4; bit++) {
            sched_clear_pause(dom[i]->vcpu[0], 1UL << bit);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_weights, calm),
        cmocka_unit_test_teardown(test_more_cpus, calm),
        cmocka_unit_test_teardown(test_sleeper, calm),
        cmocka_unit_test_teardown(test_no_starvation, calm),
        cmocka_unit_test_teardown(test_light, calm),
        cmocka_unit_test_teardown(test_caps, calm),
        cmocka_unit_test_teardown(test_cap_against_others, calm),
        cmocka_unit_test_teardown(test_parked, calm),
        cmocka_unit_test_teardown(test_yield, calm),
        cmocka_unit_test_teardown(test_states, calm),
        cmocka_unit_test_teardown(test_block_with_reason, calm),
        cmocka_unit_test_teardown(test_affinity, calm),
        cmocka_unit_test_teardown(test_params, calm),
        cmocka_unit_test_teardown(test_pause_while_saved, calm),
        cmocka_unit_test_teardown(test_wake_while_saved, calm),
        cmocka_unit_test_teardown(test_runstate_sums, calm),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
