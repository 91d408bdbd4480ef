/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>

#include <asm/host.h>
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/lock.h>

#include "fake_console.h"

static struct spinlock outer = SPINLOCK_INIT(RANK_DOMAIN);
static struct spinlock inner = SPINLOCK_INIT(RANK_P2M);
static struct spinlock twins[2] = {SPINLOCK_INIT(RANK_EVTCHN), SPINLOCK_INIT(RANK_EVTCHN)};

static int setup(void **state)
{
    (void)state;
    host_add_cpus(HOST_CPUS);
    return 0;
}

static void test_nesting(void **state)
{
    (void)state;
    spin_lock(&outer);
    assert_true(spin_is_held(&outer));
    assert_false(spin_is_held(&inner));
    assert_int_equal(this_cpu()->lock_rank, RANK_DOMAIN);
    spin_lock(&inner);
    assert_int_equal(this_cpu()->lock_rank, RANK_P2M);
    /* Released in the order of acquisition, too. */
    spin_unlock(&outer);
    assert_int_equal(this_cpu()->lock_rank, RANK_P2M);
    spin_unlock(&inner);
    assert_int_equal(this_cpu()->lock_rank, 0);
    spin_lock(&outer);
    spin_lock(&inner);
    spin_unlock(&inner);
    assert_int_equal(this_cpu()->lock_rank, RANK_DOMAIN);
    spin_unlock(&outer);
    assert_int_equal(this_cpu()->lock_rank, 0);
}

static void test_trylock(void **state)
{
    (void)state;
    assert_true(spin_trylock(&inner));
    assert_false(spin_trylock(&inner));
    assert_true(spin_trylock(&outer)); /* against the order: it cannot deadlock */
    assert_int_equal(this_cpu()->lock_rank, RANK_P2M);
    spin_unlock(&inner);
    assert_int_equal(this_cpu()->lock_rank, RANK_DOMAIN);
    spin_unlock(&outer);
    assert_true(spin_trylock(&outer));
    spin_unlock(&outer);
}

static void test_pair(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        struct spinlock *a = &twins[i & 1], *b = &twins[i >> 1];

        spin_lock(&outer);
        spin_lock_pair(a, b);
        assert_true(spin_is_held(a) && spin_is_held(b));
        assert_int_equal(this_cpu()->lock_rank, RANK_EVTCHN);
        spin_unlock_pair(b, a);
        assert_int_equal(this_cpu()->lock_rank, RANK_DOMAIN);
        spin_unlock(&outer);
        assert_int_equal(this_cpu()->lock_rank, 0);
    }
}

#define THREADS 4U
#define LOOPS   20000U

static struct spinlock shared = SPINLOCK_INIT(RANK_SCHED);
static volatile uint64_t counter;

static void *worker(void *arg)
{
    host_switch_cpu((unsigned int)(uintptr_t)arg);
    for (unsigned int i = 0; i < LOOPS; i++) {
        if (i % 3 != 0 || !spin_trylock(&shared)) {
            spin_lock(&shared);
        }
        counter = counter + 1;
        spin_unlock(&shared);
    }
    return NULL;
}

static void test_contention(void **state)
{
    pthread_t thread[THREADS];

    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, worker, (void *)(i + 1)), 0);
    }
    for (unsigned int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(counter, THREADS * LOOPS);
}

static void *take_once(void *arg)
{
    host_switch_cpu((unsigned int)(uintptr_t)arg);
    spin_lock(&shared);
    counter = counter + 1;
    spin_unlock(&shared);
    return NULL;
}

static void start_waiter(pthread_t *thread, uintptr_t cpu)
{
    assert_int_equal(pthread_create(thread, NULL, take_once, (void *)cpu), 0);
    while (load_acquire(&shared.tail) != cpu + 1) {
    }
}

/* A release that finds a claim leaves the lock held, for the first in line. */
static void test_granted(void **state)
{
    pthread_t first, second;

    (void)state;
    counter = 0;
    spin_lock(&shared);
    start_waiter(&first, 1);
    start_waiter(&second, 2);
    WRITE_ONCE(shared.claim, 1); /* as the first does when its patience ends */
    spin_unlock(&shared);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    assert_int_equal(counter, 2);
    assert_int_equal(shared.word, 0);
    /* Nobody takes a lock that was granted. */
    spin_lock(&shared);
    WRITE_ONCE(shared.claim, 1);
    spin_unlock(&shared);
    assert_false(spin_trylock(&shared));
    shared.word = 0;
}

/* Whose patience ends has the lock next, however quick its holder is to take it again. */
static void test_claimed(void **state)
{
    pthread_t first;

    (void)state;
    for (unsigned int round = 0; round < 100; round++) {
        bool claimed = false;

        counter = 0;
        spin_lock(&shared);
        start_waiter(&first, 1);
        while (!claimed) {
            claimed = READ_ONCE(shared.claim) != 0;
        }
        spin_unlock(&shared);
        spin_lock(&shared); /* behind the first */
        assert_int_equal(counter, 1);
        spin_unlock(&shared);
        pthread_join(first, NULL);
        assert_int_equal(shared.word, 0);
    }
}

static void against_order(void)
{
    spin_lock(&inner);
    spin_lock(&outer);
}

static void same_rank(void)
{
    spin_lock(&twins[0]);
    spin_lock(&twins[1]);
}

static void itself(void)
{
    spin_lock(&outer);
    spin_lock(&outer);
}

static void others_lock(void)
{
    spin_lock(&outer);
    host_switch_cpu(1);
    spin_unlock(&outer);
}

static void not_held(void)
{
    spin_unlock(&outer);
}

static void no_rank(void)
{
    struct spinlock l = {.word = 0};

    spin_lock(&l);
}

static void uneven_pair(void)
{
    spin_lock_pair(&outer, &inner);
}

static void test_violations(void **state)
{
    (void)state;
    unit_expect_stop(against_order, "lock of rank 20 taken inside rank 40");
    unit_expect_stop(same_rank, "lock of rank 50 taken inside rank 50");
    unit_expect_stop(itself, "lock of rank 20 taken inside rank 20");
    unit_expect_stop(others_lock, "released by CPU 1, holder is 0");
    unit_expect_stop(not_held, "released by CPU 0, holder is -1");
    unit_expect_stop(no_rank, "has no rank");
    unit_expect_stop(uneven_pair, "pair of locks has ranks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),    cmocka_unit_test(test_trylock),
        cmocka_unit_test(test_pair),       cmocka_unit_test(test_contention),
        cmocka_unit_test(test_granted),    cmocka_unit_test(test_claimed),
        cmocka_unit_test(test_violations),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
