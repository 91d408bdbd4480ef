/* SPDX-License-Identifier: Apache-2.0 */
/* Timers against a model: on time, in order, on their CPU, once. */
#include "unit.h"

#include <pthread.h>

#include <asm/host.h>
#include <hearth/cpu.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/page.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include "fake_console.h"
#include "fake_sched.h"

#define CPUS   3U
#define TIMERS 200U

static struct {
    struct timer timer;
    nanosec_t expires; /* model: TIMER_NEVER when not armed */
    unsigned int cpu;
    unsigned int fired;
} slots[TIMERS];

static nanosec_t last_fired[CPUS];

static void fire(void *arg)
{
    unsigned int i = (unsigned int)(uintptr_t)arg;

    assert_int_equal(this_cpu_id(), slots[i].cpu);
    assert_int_equal(this_cpu()->lock_rank, 0);
    assert_true(slots[i].expires <= now());
    assert_true(slots[i].expires >= last_fired[this_cpu_id()]);
    last_fired[this_cpu_id()] = slots[i].expires;
    slots[i].expires = TIMER_NEVER;
    slots[i].fired++;
}

static int setup(void **state)
{
    (void)state;
    host_boot(CPUS);
    for (uintptr_t i = 0; i < TIMERS; i++) {
        slots[i].cpu = (unsigned int)i % CPUS;
        slots[i].expires = TIMER_NEVER;
        timer_init(&slots[i].timer, fire, (void *)i, slots[i].cpu);
    }
    return 0;
}

/* Takes interrupts and softirqs on all CPUs. */
static void run_all(void)
{
    for (unsigned int i = 0; i < CPUS; i++) {
        host_switch_cpu(i);
        last_fired[i] = 0;
        softirq_run();
    }
    host_switch_cpu(0);
}

static void check_idle_state(void)
{
    for (unsigned int c = 0; c < CPUS; c++) {
        nanosec_t first = TIMER_NEVER;
        uint32_t armed = 0;

        for (unsigned int i = 0; i < TIMERS; i++) {
            if (slots[i].cpu == c) {
                first = MIN(first, slots[i].expires);
                armed += slots[i].expires != TIMER_NEVER;
            }
        }
        assert_true(first > host_clock);
        assert_int_equal(cpus[c]->timer_count, armed);
        /* An interrupt comes in time; after a stop from another CPU, perhaps too early as well. */
        assert_true(cpus[c]->arch.deadline <= first);
    }
}

static void test_model(void **state)
{
    (void)state;
    for (int round = 0; round < 30000; round++) {
        unsigned int i = (unsigned int)unit_below(TIMERS);

        host_switch_cpu((unsigned int)unit_below(CPUS));
        switch (unit_below(8)) {
        case 0:
            timer_stop(&slots[i].timer);
            slots[i].expires = TIMER_NEVER;
            break;
        case 1:
            slots[i].cpu = (unsigned int)unit_below(CPUS);
            assert_int_equal(timer_migrate(&slots[i].timer, slots[i].cpu), 0);
            break;
        case 2:
        case 3:
            host_advance(unit_below(300));
            run_all();
            check_idle_state();
            break;
        default:
            slots[i].expires = host_clock + unit_below(2000);
            slots[i].expires -= MIN(slots[i].expires, 50);
            assert_int_equal(timer_set(&slots[i].timer, slots[i].expires), 0);
            break;
        }
    }
    host_advance(10000);
    run_all();
    check_idle_state();
    for (unsigned int i = 0; i < TIMERS; i++) {
        assert_true(slots[i].fired > 0);
        assert_int_equal(slots[i].expires, TIMER_NEVER);
    }
}

static void test_past_fires_at_once(void **state)
{
    (void)state;
    slots[0].cpu = 0;
    assert_int_equal(timer_migrate(&slots[0].timer, 0), 0);
    slots[0].fired = 0;
    slots[0].expires = 0;
    assert_int_equal(timer_set(&slots[0].timer, 0), 0);
    assert_true(preempt_check());
    last_fired[0] = 0;
    softirq_run();
    assert_int_equal(slots[0].fired, 1);
}

static void test_never(void **state)
{
    (void)state;
    slots[0].expires = host_clock + 100;
    assert_int_equal(timer_set(&slots[0].timer, host_clock + 100), 0);
    assert_int_equal(timer_set(&slots[0].timer, TIMER_NEVER), 0);
    slots[0].expires = TIMER_NEVER;
    assert_int_equal(cpus[0]->timer_count, 0);
    assert_int_equal(this_cpu()->arch.deadline, TIMER_NEVER);
}

/* A handler that arms its own timer again in the past does not keep the CPU in the loop. */
static struct timer restless;
static unsigned int restless_runs;

static void rearm(void *arg)
{
    (void)arg;
    restless_runs++;
    assert_int_equal(timer_set(&restless, 1), 0);
}

static void test_rearm_in_handler(void **state)
{
    (void)state;
    host_advance(1000);
    timer_init(&restless, rearm, NULL, 0);
    assert_int_equal(timer_set(&restless, host_clock + 10), 0);
    assert_int_equal(this_cpu()->arch.deadline, host_clock + 10);
    host_advance(10);
    timer_softirq();
    assert_true(restless_runs >= 1 && restless_runs < 3);
    assert_true(this_cpu()->arch.deadline <= host_clock);
    timer_kill(&restless);
    this_cpu()->softirq_pending = 0;
    restless_runs = 0;
    assert_int_equal(timer_set(&restless, 1), 0); /* dead */
    softirq_run();
    assert_int_equal(restless_runs, 0);
}

static struct timer slow;
static bool in_handler, may_end, killed;

static void slow_handler(void *arg)
{
    (void)arg;
    __atomic_store_n(&in_handler, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
    assert_false(__atomic_load_n(&killed, __ATOMIC_ACQUIRE));
}

static void *run_cpu1(void *arg)
{
    (void)arg;
    host_switch_cpu(1);
    softirq_run();
    return NULL;
}

static void *kill_it(void *arg)
{
    (void)arg;
    host_switch_cpu(2);
    timer_kill(&slow);
    __atomic_store_n(&killed, true, __ATOMIC_RELEASE);
    return NULL;
}

static void test_kill_waits(void **state)
{
    pthread_t runner, killer;

    (void)state;
    timer_init(&slow, slow_handler, NULL, 1);
    assert_int_equal(timer_set(&slow, host_clock), 0);
    assert_int_equal(pthread_create(&runner, NULL, run_cpu1, NULL), 0);
    while (!__atomic_load_n(&in_handler, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
    assert_int_equal(pthread_create(&killer, NULL, kill_it, NULL), 0);
    usleep(20000);
    assert_false(__atomic_load_n(&killed, __ATOMIC_ACQUIRE));
    __atomic_store_n(&may_end, true, __ATOMIC_RELEASE);
    pthread_join(runner, NULL);
    pthread_join(killer, NULL);
    assert_true(killed);
}

/* The heap cannot grow: an error, and the timers that are armed stay so. */
static void test_no_memory(void **state)
{
    static struct timer many[2000];
    uint32_t before = cpus[2]->timer_count;
    struct page_stats s;
    unsigned int n = 0;
    mfn_t m;

    (void)state;
    while (page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &m) == 0) {
    }
    page_stats(&s);
    assert_int_equal(s.free, 0);
    for (; n < ARRAY_SIZE(many); n++) {
        timer_init(&many[n], fire, NULL, 2);
        if (timer_set(&many[n], host_clock + 1000 - n / 10) != 0) {
            break;
        }
    }
    assert_in_range(n, 1, ARRAY_SIZE(many) - 1);
    assert_int_equal(cpus[2]->timer_count, before + n);
    assert_int_equal(many[n].heap_index, 0);
    for (unsigned int i = 0; i < n; i++) {
        timer_stop(&many[i]);
    }
    assert_int_equal(cpus[2]->timer_count, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),      cmocka_unit_test(test_past_fires_at_once),
        cmocka_unit_test(test_never),      cmocka_unit_test(test_rearm_in_handler),
        cmocka_unit_test(test_kill_waits), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
