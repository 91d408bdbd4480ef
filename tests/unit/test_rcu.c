/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>

#include <asm/host.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/rcu.h>
#include <hearth/softirq.h>

#include "fake_console.h"
#include "fake_sched.h"

#define CPUS 4U

static unsigned int freed;

static void count_free(struct rcu_head *head)
{
    (void)head;
    freed++;
}

static int setup(void **state)
{
    (void)state;
    host_boot(CPUS);
    return 0;
}

/* One CPU passes a quiescent point and runs what that brings. */
static void pass(unsigned int cpu)
{
    unsigned int old = host_switch_cpu(cpu);

    rcu_quiescent();
    softirq_run();
    host_switch_cpu(old);
}

static void test_waits_for_all(void **state)
{
    struct rcu_head head;

    (void)state;
    freed = 0;
    rcu_call(&head, count_free);
    softirq_run();
    assert_int_equal(freed, 0);
    for (unsigned int i = 1; i < CPUS; i++) {
        assert_true(cpus[i]->softirq_pending & (1UL << SOFTIRQ_RCU)); /* asked to pass */
        assert_int_equal(freed, 0);
        pass(i);
    }
    softirq_run(); /* the last one told CPU 0 */
    assert_int_equal(freed, 1);
}

static void test_offline_cpus_do_not_count(void **state)
{
    struct rcu_head head;

    (void)state;
    freed = 0;
    for (unsigned int i = 1; i < CPUS; i++) {
        cpus[i]->online = false;
    }
    rcu_call(&head, count_free);
    softirq_run();
    assert_int_equal(freed, 1);
    for (unsigned int i = 1; i < CPUS; i++) {
        cpus[i]->online = true;
    }
}

/* What comes while a batch waits gets a grace period of its own. */
static void test_second_batch(void **state)
{
    struct rcu_head first, second, third;

    (void)state;
    freed = 0;
    rcu_call(&first, count_free);
    softirq_run();
    pass(1);
    rcu_call(&second, count_free);
    rcu_call(&third, count_free);
    softirq_run();
    pass(2);
    pass(3);
    softirq_run();
    assert_int_equal(freed, 1);
    pass(3);
    pass(2);
    softirq_run();
    assert_int_equal(freed, 1);
    pass(1);
    softirq_run();
    assert_int_equal(freed, 3);
    for (unsigned int i = 0; i < CPUS; i++) {
        pass(i);
        assert_int_equal(cpus[i]->softirq_pending, 0);
    }
}

/* Random progress, callbacks from every CPU: none is early, none is lost. */
#define HEADS 300U
static struct tracked {
    struct rcu_head rcu;
    bool waiting;
    bool passed[CPUS];
} objects[HEADS];

static void check_grace(struct rcu_head *head)
{
    struct tracked *t = (struct tracked *)(void *)head;

    assert_true(t->waiting);
    for (unsigned int i = 0; i < CPUS; i++) {
        assert_true(t->passed[i]);
    }
    t->waiting = false;
    freed++;
}

static void test_random(void **state)
{
    unsigned int queued = 0;

    (void)state;
    freed = 0;
    for (int round = 0; round < 20000; round++) {
        unsigned int cpu = (unsigned int)unit_below(CPUS);
        struct tracked *t = &objects[unit_below(HEADS)];

        host_switch_cpu(cpu);
        if (unit_below(3) == 0 && !t->waiting) {
            memset(t, 0, sizeof(*t));
            t->waiting = true;
            rcu_call(&t->rcu, check_grace);
            queued++;
        } else {
            for (unsigned int i = 0; i < HEADS; i++) {
                objects[i].passed[cpu] = true;
            }
            pass(cpu);
        }
    }
    for (unsigned int i = 0; i < 10 * CPUS; i++) {
        for (unsigned int k = 0; k < HEADS; k++) {
            objects[k].passed[i % CPUS] = true;
        }
        pass(i % CPUS);
    }
    host_switch_cpu(0);
    assert_true(queued > 1000);
    assert_int_equal(freed, queued);
}

/* Threads read an object through a published pointer while another replaces and frees it. */
#define ALIVE 0x600dU
#define DEAD  0xdeadU

struct published {
    struct rcu_head rcu;
    unsigned int value;
};

static struct published *current_object;
static bool stop_readers;
static unsigned int reclaimed;

static void reclaim(struct rcu_head *head)
{
    struct published *p = (struct published *)(void *)head;

    WRITE_ONCE(p->value, DEAD);
    free(p);
    reclaimed++;
}

static void *reader(void *arg)
{
    host_switch_cpu((unsigned int)(uintptr_t)arg);
    while (!__atomic_load_n(&stop_readers, __ATOMIC_ACQUIRE)) {
        for (int i = 0; i < 10; i++) {
            struct published *p = load_acquire(&current_object);

            if (READ_ONCE(p->value) != ALIVE) {
                return (void *)1;
            }
        }
        softirq_run();
        rcu_quiescent();
        sched_yield();
    }
    for (int i = 0; i < 100; i++) {
        softirq_run();
        rcu_quiescent();
        sched_yield();
    }
    return NULL;
}

static struct published *make(void)
{
    struct published *p = malloc(sizeof(*p));

    p->value = ALIVE;
    return p;
}

static void test_threads(void **state)
{
    pthread_t thread[CPUS];
    void *failed;

    (void)state;
    current_object = make();
    for (uintptr_t i = 1; i < CPUS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, reader, (void *)i), 0);
    }
    for (int i = 0; i < 3000; i++) {
        struct published *old = current_object;

        store_release(&current_object, make());
        rcu_call(&old->rcu, reclaim);
        softirq_run();
        rcu_quiescent();
    }
    while (reclaimed < 3000) {
        softirq_run();
        rcu_quiescent();
        sched_yield();
    }
    __atomic_store_n(&stop_readers, true, __ATOMIC_RELEASE);
    for (unsigned int i = 1; i < CPUS; i++) {
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    free(current_object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_all), cmocka_unit_test(test_offline_cpus_do_not_count),
        cmocka_unit_test(test_second_batch),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
