/* SPDX-License-Identifier: Apache-2.0 */
/* The state records of event channels: kept by a round trip; what is damaged is refused. */
#include "fifo_world.h"
#include "world_state.h"

static void test_state_round_trip(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};
    static uint8_t first[65536], second[65536];
    struct evtchn_bind_virq_arg virq = {.virq = VIRQ_DEBUG, .vcpu = 2};
    struct evtchn_alloc_unbound_arg wait = {.dom = DOMID_SELF, .remote_dom = 2};
    struct state_stream s, again;
    evtchn_port_t port, other;

    (void)state;
    port = alloc_loop(&other);
    bind_vcpu(port, 1);
    set_priority(port, 4);
    assert_int_equal(EVTCHN(OP_BIND_VIRQ, virq), 0);
    assert_int_equal(EVTCHN(OP_ALLOC_UNBOUND, wait), 0);
    assert_true(ipi(2) != 0);
    port_op(OP_SEND, other);
    s = world_saved(evtchn_state_save, &world[1].d, first, sizeof(first));
    assert_true(s.size > 200);

    /* A new domain with the same id and memory takes over. */
    world[1].alive = false;
    world_domain_as(3, 1, &config);
    memcpy(world_va(3, CONTROL_PAGE), world_va(1, CONTROL_PAGE), PAGE_SIZE);
    memcpy(world_va(3, ARRAY_PAGE), world_va(1, ARRAY_PAGE), PAGE_SIZE);
    assert_int_equal(world_load(evtchn_state_load, &world[3].d, s), 0);
    assert_null(evtchn_audit(&world[3].d));
    again = world_saved(evtchn_state_save, &world[3].d, second, sizeof(second));
    assert_int_equal(again.size, s.size);
    assert_memory_equal(first, second, s.size);
    assert_int_equal(world[3].v[2].virq_port[VIRQ_DEBUG], virq.port);
    /* Twice does not go. */
    assert_true(world_load(evtchn_state_load, &world[3].d, s) != 0);
    world_destroy(3);
    world_free(3);
    world[1].alive = true;
}

static void test_state_rejects(void **state)
{
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};
    static uint8_t good[65536], bad[65536];
    struct state_stream s;
    evtchn_port_t other;

    (void)state;
    (void)alloc_loop(&other);
    s = world_saved(evtchn_state_save, &world[1].d, good, sizeof(good));
    for (size_t at = 0; at < s.size; at++) {
        static const uint8_t values[] = {0x00, 0x01, 0x7f, 0xff};

        for (unsigned int k = 0; k < ARRAY_SIZE(values); k++) {
            struct state_stream b = {.data = bad, .size = s.size};

            memcpy(bad, good, s.size);
            bad[at] = values[k];
            world[1].alive = false;
            world_domain_as(3, 1, &config);
            (void)world_load(evtchn_state_load, &world[3].d, b);
            assert_null(evtchn_audit(&world[3].d));
            world_destroy(3);
            world_free(3);
            world[1].alive = true;
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_fifo, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_state_round_trip),
        TEST(test_state_rejects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
