/* SPDX-License-Identifier: Apache-2.0 */
/* Softirqs, cross-CPU calls, preemption checks and interrupt ownership. */
#include "unit.h"

#include <pthread.h>

#include <asm/host.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/irq.h>
#include <hearth/smp_call.h>
#include <hearth/softirq.h>

#include "fake_console.h"
#include "fake_sched.h"

static int setup(void **state)
{
    (void)state;
    host_boot(HOST_CPUS);
    return 0;
}

static void test_raise_and_run(void **state)
{
    (void)state;
    sched_softirqs = 0;
    assert_false(preempt_check());
    softirq_raise(SOFTIRQ_SCHEDULE);
    softirq_raise(SOFTIRQ_SCHEDULE);
    assert_true(preempt_check());
    softirq_run();
    assert_int_equal(sched_softirqs, 1);
    assert_false(preempt_check());
    softirq_run();
    assert_int_equal(sched_softirqs, 1);
}

static void test_other_cpu(void **state)
{
    uint32_t before = cpus[3]->arch.ipis;

    (void)state;
    sched_softirqs = 0;
    softirq_raise_on(3, SOFTIRQ_SCHEDULE);
    assert_int_equal(cpus[3]->arch.ipis, before + 1);
    softirq_raise_on(3, SOFTIRQ_SCHEDULE); /* on its way already */
    assert_int_equal(cpus[3]->arch.ipis, before + 1);
    softirq_run();
    assert_int_equal(sched_softirqs, 0);
    host_switch_cpu(3);
    softirq_run();
    assert_int_equal(sched_softirqs, 1);
    before = cpus[3]->arch.ipis;
    softirq_raise_on(3, SOFTIRQ_SCHEDULE); /* to itself: no interrupt */
    assert_int_equal(cpus[3]->arch.ipis, before);
    softirq_run();
    host_switch_cpu(0);
}

static unsigned int order[4], nr_calls;

static void note_call(void *arg)
{
    order[nr_calls++] = (unsigned int)(uintptr_t)arg;
}

static void test_calls_in_order(void **state)
{
    struct smp_call call[3];

    (void)state;
    nr_calls = 0;
    smp_call_run(0, note_call, (void *)9); /* this CPU: at once */
    for (uintptr_t i = 0; i < 3; i++) {
        smp_call_start(&call[i], 2, note_call, (void *)i);
    }
    assert_int_equal(nr_calls, 1);
    assert_int_equal(call[0].pending, 1);
    host_switch_cpu(2);
    softirq_run();
    host_switch_cpu(0);
    assert_int_equal(nr_calls, 4);
    assert_memory_equal(order, ((unsigned int[]){9, 0, 1, 2}), sizeof(order));
    for (unsigned int i = 0; i < 3; i++) {
        smp_call_wait(&call[i]);
    }
}

static uint64_t calls_run;
static unsigned int finished;

static void count_call(void *arg)
{
    (void)arg;
    (void)atomic_fetch_add(&calls_run, 1ULL);
}

/* Every CPU calls every other one and waits: nobody waits for ever. */
static void *caller(void *arg)
{
    unsigned int me = (unsigned int)(uintptr_t)arg;

    host_switch_cpu(me);
    for (unsigned int i = 0; i < 500; i++) {
        for (unsigned int to = 1; to <= 3; to++) {
            smp_call_run(to, count_call, NULL);
        }
    }
    (void)atomic_fetch_add(&finished, 1U);
    while (load_acquire(&finished) < 3) {
        softirq_run();
        sched_yield();
    }
    return NULL;
}

static void test_calls_crossing(void **state)
{
    pthread_t thread[3];

    (void)state;
    for (uintptr_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, caller, (void *)(i + 1)), 0);
    }
    for (unsigned int i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(calls_run, 3 * 3 * 500);
}

static unsigned int handled;

static void handler(void *arg)
{
    handled += (unsigned int)(uintptr_t)arg;
}

static void test_irq_ownership(void **state)
{
    struct domain d = {.id = 1}, other = {.id = 2};

    (void)state;
    handled = 0;
    assert_null(irq_domain(5));
    irq_run_handler(5); /* nobody's, and no table yet */
    assert_int_equal(irq_request(5, IRQ_EDGE, handler, (void *)3), 0);
    assert_int_equal(irq_request(5, IRQ_EDGE, handler, NULL), -EBUSY);
    assert_int_equal(irq_route_to_domain(5, &d, 40), -EBUSY);
    assert_int_equal(irq_request(HOST_IRQS, IRQ_EDGE, handler, NULL), -EINVAL);
    assert_int_equal(irq_request(~0U, IRQ_EDGE, handler, NULL), -EINVAL);
    host_irq_raise(5);
    assert_true(preempt_check());
    irq_dispatch();
    assert_int_equal(handled, 3);
    assert_false(preempt_check());

    assert_int_equal(irq_route_to_domain(6, &d, 41), 0);
    assert_ptr_equal(irq_domain(6), &d);
    assert_int_equal(irq_route_to_domain(6, &other, 41), -EBUSY);
    assert_int_equal(irq_request(6, IRQ_EDGE, handler, NULL), -EBUSY);
    irq_unroute(6, &other); /* not its own */
    assert_ptr_equal(irq_domain(6), &d);
    irq_unroute(6, &d);
    assert_null(irq_domain(6));
    assert_false(host_irq_enabled(6));
    assert_int_equal(irq_route_to_domain(6, &other, 41), 0);
    irq_unroute(6, &other);
    assert_null(irq_domain(HOST_IRQS + 1));
}

static void test_unwanted_irq_is_masked(void **state)
{
    (void)state;
    assert_int_equal(irq_request(7, IRQ_LEVEL, handler, NULL), 0);
    irq_run_handler(8);
    irq_run_handler(HOST_IRQS - 1);
    assert_true(host_irq_enabled(7));
    assert_false(host_irq_enabled(8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raise_and_run),  cmocka_unit_test(test_other_cpu),
        cmocka_unit_test(test_calls_in_order), cmocka_unit_test(test_calls_crossing),
        cmocka_unit_test(test_irq_ownership),  cmocka_unit_test(test_unwanted_irq_is_masked),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
