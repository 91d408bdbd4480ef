/* SPDX-License-Identifier: Apache-2.0 */
/* STATE_DOMAIN: a domain's record goes into another one and comes back the same. */
#include "unit.h"

#include "machine.h"

#include <hearth/domain_state.h>

static uint8_t first[1024], second[1024];

static size_t save(struct domain *d, uint8_t *data)
{
    struct state_stream s = {.data = data, .size = sizeof(first)};

    memset(data, 0, sizeof(first));
    domain_state_save(d, &s);
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load(struct domain *d, uint8_t *data, size_t size)
{
    struct state_stream s = {.data = data, .size = size};

    return domain_state_load(d, &s);
}

static struct domain *a, *b;

static int setup(void **state)
{
    (void)state;
    machine_boot(1);
    a = machine_domain(4, &machine_config, 0);
    b = machine_domain(4 + 1, &machine_config, 0);
    b->id = 4; /* the header has the id: as if it were the same one elsewhere */
    host_advance(NS_PER_S);
    return 0;
}

static void test_round_trip(void **state)
{
    struct sched_params p = {.weight = 700};
    size_t n;

    (void)state;
    /* One that never ran has not run in its copy either. */
    n = save(a, first);
    assert_int_equal(load(b, first, n), 0);
    assert_int_equal(b->started, 0);

    domain_unpause(a);
    host_advance(3 * NS_PER_S);
    domain_pause_nosync(a);
    assert_int_equal(sched_set_params(a, &p), 0);
    a->max_pages = 12345;
    a->vm_assist = 1UL << 5;
    a->time_offset_s = 77;
    for (unsigned int i = 0; i < NR_HVM_PARAMS; i++) {
        a->hvm_params[i] = unit_random();
    }
    memset(a->handle, 0x3c, sizeof(a->handle));
    n = save(a, first);
    assert_int_equal(load(b, first, n), 0);
    assert_int_equal(save(b, second), n);
    assert_memory_equal(first, second, n);
    assert_int_equal(b->sched.weight, 700);
    assert_int_equal(now() - b->started, 3 * NS_PER_S);
}

static void test_no_room(void **state)
{
    (void)state;
    for (size_t size = 0; size < save(a, first); size += 8) {
        struct state_stream s = {.data = second, .size = size};

        domain_state_save(a, &s);
        assert_int_equal(s.error, -ENOSPC);
    }
}

/* Cut short, or with any bit changed: refused with nothing changed, or a valid domain. */
static void test_corrupt(void **state)
{
    size_t n = save(a, first);

    (void)state;
    for (size_t size = 0; size < n; size++) {
        assert_int_not_equal(load(b, first, size), 0);
    }
    for (size_t bit = 0; bit < n * 8; bit++) {
        uint8_t copy[sizeof(first)];
        size_t before = save(b, second);

        memcpy(copy, first, sizeof(copy));
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (load(b, copy, n) != 0) {
            uint8_t after[sizeof(first)];

            assert_int_equal(save(b, after), before);
            assert_memory_equal(after, second, before);
        }
        assert_in_range(b->sched.weight, 1, 65535);
        assert_int_equal(b->max_vcpus, a->max_vcpus);
        assert_false(b->is_privileged);
        assert_int_equal(b->sched.cap, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_corrupt),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
