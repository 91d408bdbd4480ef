/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each n-th allocation of createdomain and max_vcpus fails: -ENOMEM, and nothing stays. The heap
 * is nth_heap.h's; frames run out for real.
 */
#include "unit.h"

#include "nth_heap.h"
#include "tools.h"

#define CREATE    1U
#define DESTROY   2U
#define MAX_VCPUS 15U

static struct vcpu *v0;

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    machine_boot(1);
    config.privileged = true;
    config.hardware = true;
    v0 = machine_domain(0, &config, 8)->vcpu[0];
    return 0;
}

static int64_t max_vcpus(domid_t id)
{
    struct domctl_request_arg r = {.u.max_vcpus.max = 2};

    return domctl(v0, MAX_VCPUS, id, &r);
}

static int64_t create(domid_t *id)
{
    struct domctl_request_arg r = tools_good_domain();
    int64_t rc = domctl(v0, CREATE, 0, &r);

    *id = r.domain;
    return rc;
}

static void test_create(void **state)
{
    uint64_t pages;
    size_t n = 0, heap, made;
    int64_t rc;
    domid_t id;

    (void)state;
    assert_int_equal(create(&id), 0); /* what is made once for all is there now */
    assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
    machine_turn();
    pages = nth_free_pages();
    heap = nth_in_use;
    do {
        nth_begin(++n);
        rc = create(&id);
        made = nth_end();
        if (rc == 0) {
            assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
        } else {
            assert_int_equal(rc, -ENOMEM);
        }
        machine_turn();
        assert_int_equal(nth_in_use, heap);
        assert_int_equal(nth_free_pages(), pages);
    } while (made >= n && n < 100);
    assert_int_equal(rc, 0);
    assert_true(n > 4);
}

/* What was made before the failure stays with the domain; a second call makes the rest. */
static void test_max_vcpus(void **state)
{
    uint64_t pages = nth_free_pages();
    size_t heap = nth_in_use, n = 0, made;
    domid_t id;

    (void)state;
    do {
        assert_int_equal(create(&id), 0);
        nth_begin(++n);
        made = max_vcpus(id) == 0;
        (void)nth_end();
        assert_int_equal(max_vcpus(id), 0);
        assert_int_equal(domain_find(id)->nr_vcpus, 2);
        assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
        machine_turn();
        assert_int_equal(nth_in_use, heap);
        assert_int_equal(nth_free_pages(), pages);
    } while (!made && n < 100);
    assert_true(made && n > 2);
}

/* Preempted, it stops after 16 vCPUs; called again, it makes the rest. */
static void test_max_vcpus_preempted(void **state)
{
    struct domctl_request_arg r = tools_good_domain();
    struct domctl_request_arg *at = machine_va(v0->domain, 0);
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    struct domain *d;

    (void)state;
    r.u.createdomain.max_vcpus = 40;
    assert_int_equal(domctl(v0, CREATE, 0, &r), 0);
    d = domain_find(r.domain);
    *at = (struct domctl_request_arg){.cmd = MAX_VCPUS, .version = 0x15, .domain = d->id};
    at->u.max_vcpus.max = 40;
    this_cpu()->current = v0;
    for (unsigned int made = 16; made < 40; made += 16) {
        this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
        assert_int_equal(hypercall_domctl(v0, &args), -ERESTART);
        assert_int_equal(d->nr_vcpus, made);
    }
    assert_int_equal(hypercall_domctl(v0, &args), 0);
    assert_int_equal(d->nr_vcpus, 40);
    this_cpu()->current = NULL;
    assert_int_equal(domctl_zero(v0, DESTROY, d->id), 0);
    machine_turn();
}

static void test_no_frames(void **state)
{
    size_t heap = nth_in_use;
    int64_t rc;
    domid_t id;

    (void)state;
    while (nth_take_frame(ALLOC_RESERVE)) {
    }
    for (unsigned int failed = 0;; failed++) {
        uint64_t pages = nth_free_pages();

        rc = create(&id);
        if (rc == 0) {
            assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
            assert_true(failed > 0);
        } else {
            assert_int_equal(rc, -ENOMEM);
        }
        machine_turn();
        assert_int_equal(nth_in_use, heap);
        assert_int_equal(nth_free_pages(), pages);
        if (rc == 0) {
            break;
        }
        assert_true(nth_hoarded > 0);
        page_free(nth_hoard[--nth_hoarded], 0);
    }
    nth_give_back();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_max_vcpus),
        cmocka_unit_test(test_max_vcpus_preempted),
        cmocka_unit_test(test_no_frames),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
