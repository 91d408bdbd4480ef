/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each n-th allocation of createdomain and max_vcpus fails: -ENOMEM, and nothing stays. The heap
 * is this file's; frames run out for real.
 */
#include "unit.h"

#include "tools.h"

#define CREATE    1U
#define DESTROY   2U
#define MAX_VCPUS 15U

static size_t in_use, allocations;
static size_t fail_at; /* the allocation that fails, counted from 1; 0: none */

void *heap_alloc(size_t size)
{
    size_t *p;

    if (++allocations == fail_at) {
        return NULL;
    }
    /* The size stands before the object, which is aligned to 64. */
    p = aligned_alloc(64, (size + 127) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, (size + 127) / 64 * 64);
    *p = size;
    in_use += size;
    return (char *)p + 64;
}

void *heap_alloc_array(size_t count, size_t size)
{
    return size != 0 && count > SIZE_MAX / size ? NULL : heap_alloc(count * size);
}

void heap_free(void *p)
{
    if (p != NULL) {
        size_t *start = (size_t *)(void *)((char *)p - 64);

        in_use -= *start;
        free(start);
    }
}

size_t heap_in_use(void)
{
    return in_use;
}

size_t heap_slab_pages(void)
{
    return 0;
}

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

static uint64_t free_pages(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free;
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
    size_t n = 0, heap;
    int64_t rc;
    domid_t id;

    (void)state;
    assert_int_equal(create(&id), 0); /* what is made once for all is there now */
    assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
    machine_turn();
    pages = free_pages();
    heap = in_use;
    do {
        allocations = 0;
        fail_at = ++n;
        rc = create(&id);
        fail_at = 0;
        if (rc == 0) {
            assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
        } else {
            assert_int_equal(rc, -ENOMEM);
        }
        machine_turn();
        assert_int_equal(in_use, heap);
        assert_int_equal(free_pages(), pages);
    } while (allocations >= n && n < 100);
    assert_int_equal(rc, 0);
    assert_true(n > 4);
}

/* What was made before the failure stays with the domain; a second call makes the rest. */
static void test_max_vcpus(void **state)
{
    uint64_t pages = free_pages();
    size_t heap = in_use, n = 0, made;
    domid_t id;

    (void)state;
    do {
        assert_int_equal(create(&id), 0);
        allocations = 0;
        fail_at = ++n;
        made = max_vcpus(id) == 0;
        fail_at = 0;
        assert_int_equal(max_vcpus(id), 0);
        assert_int_equal(domain_find(id)->nr_vcpus, 2);
        assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
        machine_turn();
        assert_int_equal(in_use, heap);
        assert_int_equal(free_pages(), pages);
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

#define HOARD 20000U

static void test_no_frames(void **state)
{
    static mfn_t hoard[HOARD];
    unsigned int n = 0;
    size_t heap = in_use;
    int64_t rc;
    domid_t id;

    (void)state;
    while (n < HOARD && page_alloc(0, PAGE_HEAP, ALLOC_RESERVE, &hoard[n]) == 0) {
        n++;
    }
    assert_true(n < HOARD);
    for (unsigned int failed = 0;; failed++) {
        uint64_t pages = free_pages();

        rc = create(&id);
        if (rc == 0) {
            assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
            assert_true(failed > 0);
        } else {
            assert_int_equal(rc, -ENOMEM);
        }
        machine_turn();
        assert_int_equal(in_use, heap);
        assert_int_equal(free_pages(), pages);
        if (rc == 0) {
            break;
        }
        page_free(hoard[--n], 0);
    }
    while (n != 0) {
        page_free(hoard[--n], 0);
    }
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
