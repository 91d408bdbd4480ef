/* SPDX-License-Identifier: Apache-2.0 */
/* The FIFO ABI against a guest's consumer written from the ABI text, and its set-up and errors. */
#include "fifo_world.h"

static void test_set_up_errors(void **state)
{
    (void)state;
    assert_int_equal(expand(WORLD_GFN + 2), -EOPNOTSUPP);
    assert_int_equal(init_control(WORLD_GFN + 1, 4096 - 64, 0), -EINVAL);
    assert_int_equal(init_control(WORLD_GFN + 1, 4, 0), -EINVAL);
    assert_int_equal(init_control(WORLD_GFN + 1, ~0U & ~7U, 0), -EINVAL);
    assert_int_equal(init_control(WORLD_GFN + 1, 0, WORLD_VCPUS), -ENOENT);
    assert_int_equal(init_control(WORLD_GFN + 1, 4, WORLD_VCPUS), -ENOENT); /* looked at first */
    assert_int_equal(init_control(5, 0, 0), -EINVAL);                       /* no memory there */
    assert_int_equal(init_control(~0ULL, 0, 0), -EINVAL);
    assert_int_equal(init_control(WORLD_GFN + 1, 4096 - 72, 0), 0);
    assert_int_equal(init_control(WORLD_GFN + 1, 0, 0), -EINVAL); /* once */
    assert_int_equal(init_control(WORLD_GFN + 1, 0, 1), 0);
    assert_int_equal(expand(5), -EINVAL);
    for (unsigned int i = 0; i < FIFO_PORTS / FIFO_WORDS_PER_PAGE; i++) {
        assert_int_equal(expand(WORLD_GFN + 2), 0); /* the guest's own mischief */
    }
    assert_int_equal(expand(WORLD_GFN + 2), -ENOSPC);
}

static void test_read_only_and_foreign_frames(void **state)
{
    struct p2m *p = world[1].d.p2m[0];

    (void)state;
    assert_int_equal(p2m_map(p, gfn(7), world[1].page[3], 1, P2M_RAM, P2M_R), 0);
    assert_int_equal(init_control(7, 0, 0), -EINVAL);
    assert_true(page_get(world[2].page[3], &world[2].d));
    assert_int_equal(p2m_map(p, gfn(8), world[2].page[3], 1, P2M_FOREIGN, P2M_RW), 0);
    assert_int_equal(init_control(8, 0, 0), -EINVAL);
}

static void test_order_in_a_queue(void **state)
{
    evtchn_port_t port[5];

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        port[i] = ipi(0);
        assert_int_equal(port_op(OP_SEND, port[i]), 0);
        assert_int_equal(port_op(OP_SEND, port[i]), 0);
    }
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    assert_int_equal(control(0)->ready, 1U << 7);
    assert_int_equal(control(0)->head[7], port[0]);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(*word(port[i]), FIFO_PENDING | FIFO_LINKED | port[i + 1]);
    }
    assert_int_equal(*word(port[4]), FIFO_PENDING | FIFO_LINKED);
    drain_all();
    for (unsigned int i = 0; i < 5; i++) {
        assert_int_equal(delivered[port[i]], 1);
    }
    /* The tail was consumed: the next event is a head again. */
    assert_int_equal(port_op(OP_SEND, port[4]), 0);
    assert_int_equal(control(0)->head[7], port[4]);
    assert_int_equal(world[1].v[0].arch.upcalls, 2);
    drain_all();
    assert_int_equal(delivered[port[4]], 2);
}

static void test_masks(void **state)
{
    evtchn_port_t port = ipi(0);

    (void)state;
    *word(port) = FIFO_MASKED;
    assert_int_equal(port_op(OP_SEND, port), 0);
    assert_int_equal(*word(port), FIFO_MASKED | FIFO_PENDING);
    assert_int_equal(world[1].v[0].arch.upcalls, 0);
    assert_int_equal(port_op(OP_UNMASK, port), 0);
    assert_int_equal(*word(port), FIFO_PENDING | FIFO_LINKED);
    assert_int_equal(world[1].v[0].arch.upcalls, 1);
    /* Masked while on a queue: passed over, comes again by unmask. */
    *word(port) |= FIFO_MASKED;
    drain_all();
    assert_int_equal(delivered[port], 0);
    assert_int_equal(*word(port), FIFO_MASKED | FIFO_PENDING);
    assert_int_equal(port_op(OP_UNMASK, port), 0);
    drain_all();
    assert_int_equal(delivered[port], 1);
    /* Unmasked by the guest itself, pending and off the queue: the next send links it. */
    *word(port) = FIFO_PENDING;
    assert_int_equal(port_op(OP_SEND, port), 0);
    drain_all();
    assert_int_equal(delivered[port], 2);
}

static void test_priorities(void **state)
{
    evtchn_port_t low = ipi(0), high = ipi(0);

    (void)state;
    assert_int_equal(set_priority(low, 16), -EINVAL);
    assert_int_equal(set_priority(5000, 1), -EINVAL);
    assert_int_equal(set_priority(low, 15), 0);
    assert_int_equal(set_priority(high, 0), 0);
    port_op(OP_SEND, low);
    port_op(OP_SEND, high);
    assert_int_equal(control(0)->ready, 1U << 15 | 1U);
    assert_int_equal(control(0)->head[0], high);
    /* Moved while linked: stays where it is, then comes to the new queue. */
    assert_int_equal(set_priority(low, 3), 0);
    port_op(OP_SEND, low);
    drain_all();
    port_op(OP_SEND, low);
    assert_int_equal(control(0)->head[3], low);
    /* The old queue's tail is gone with it: a new event there is a head. */
    assert_int_equal(set_priority(high, 15), 0);
    port_op(OP_SEND, high);
    assert_int_equal(control(0)->head[15], high);
    drain_all();
    assert_int_equal(delivered[low], 2);
    assert_int_equal(delivered[high], 2);
}

static void test_moves_between_vcpus(void **state)
{
    evtchn_port_t other, port = alloc_loop(&other);

    (void)state;
    drain_all();
    port_op(OP_SEND, other);
    assert_int_equal(bind_vcpu(port, 2), 0);
    drain_all();
    port_op(OP_SEND, other);
    assert_int_equal(control(2)->head[7], port);
    drain_all();
    assert_int_equal(delivered[port], 2);
    assert_int_equal(world[1].v[2].arch.upcalls, 1);
}

static void test_sent_before_the_word_is_there(void **state)
{
    evtchn_port_t port = 0;

    (void)state;
    world_settle();
    while (port < 1030) {
        port = ipi(1);
    }
    assert_int_equal(port_op(OP_SEND, port), 0);
    assert_int_equal(port_op(OP_SEND, port), 0);
    world_audit();
    assert_int_equal(port_op(OP_SEND, port - 100), 0);
    assert_int_equal(expand(WORLD_GFN + ARRAY_PAGE + 1), 0);
    assert_int_equal(*word(port), FIFO_PENDING | FIFO_LINKED);
    world_audit();
    /* And closed before it comes. */
    while (port < 2050) {
        port = ipi(1);
    }
    assert_int_equal(port_op(OP_SEND, port), 0);
    assert_int_equal(port_op(OP_CLOSE, port), 0);
    world_audit();
    assert_int_equal(expand(WORLD_GFN + ARRAY_PAGE + 2), 0);
    assert_int_equal(*word(port), 0);
}

static void test_linked_ports_are_not_reused(void **state)
{
    evtchn_port_t port = ipi(0), next;

    (void)state;
    port_op(OP_SEND, port);
    assert_int_equal(port_op(OP_CLOSE, port), 0);
    assert_int_equal(*word(port), FIFO_LINKED); /* not pending any more, still on the queue */
    for (unsigned int i = 0; i < 500; i++) {
        next = ipi(0);
        assert_true(next != 0 && next != port);
    }
    world_audit();
    drain_all();
    assert_int_equal(delivered[port], 0);
}

static void test_all_ports(void **state)
{
    evtchn_port_t port, last = 0;

    (void)state;
    while ((port = ipi(0)) != 0) {
        last = port;
    }
    assert_int_equal(last, FIFO_PORTS - 1);
    world_audit();
}

static void test_reset_goes_back_to_2_level(void **state)
{
    struct evtchn_reset_arg r = {.dom = DOMID_SELF};
    evtchn_port_t port = 0;

    (void)state;
    while (port < 5000) {
        port = ipi(0);
    }
    assert_int_equal(EVTCHN(OP_RESET, r), 0);
    world_audit();
    assert_int_equal(expand(WORLD_GFN + ARRAY_PAGE), -EOPNOTSUPP);
    port = ipi(0);
    assert_in_range(port, 1, 4095);
    port_op(OP_SEND, port);
    assert_true(bit_test(world[1].shared->evtchn_pending, port));
    /* And there again; the frames were let go, so only the world's own references are left. */
    assert_int_equal(mfn_to_page(world[1].page[CONTROL_PAGE])->refs, 1);
    assert_int_equal(mfn_to_page(world[1].page[ARRAY_PAGE])->refs, 1);
    assert_int_equal(init_control(WORLD_GFN + CONTROL_PAGE, 0, 0), 0);
    assert_int_equal(mfn_to_page(world[1].page[CONTROL_PAGE])->refs, 2);
    port = 0;
    for (unsigned int i = 0; i < 6000; i++) {
        port = MAX(port, ipi(0));
    }
    assert_true(port >= 5000);
    world_audit();
}

/* A guest that writes rubbish into its words and control blocks hurts only itself. */
static void test_rubbish(void **state)
{
    evtchn_port_t port[32];

    (void)state;
    for (unsigned int i = 0; i < 32; i++) {
        port[i] = ipi((uint32_t)unit_below(WORLD_VCPUS));
    }
    for (unsigned int round = 0; round < 20000; round++) {
        evtchn_port_t p = port[unit_below(32)];

        switch (unit_below(6)) {
        case 0:
            *word(p) = (uint32_t)unit_random();
            break;
        case 1:
            control((unsigned int)unit_below(WORLD_VCPUS))->head[unit_below(16)] =
                (uint32_t)unit_random();
            break;
        case 2:
            control((unsigned int)unit_below(WORLD_VCPUS))->ready = (uint32_t)unit_random();
            break;
        case 3:
            (void)set_priority(p, (uint32_t)unit_below(16));
            break;
        case 4:
            (void)port_op(OP_UNMASK, p);
            break;
        default:
            (void)port_op(OP_SEND, p);
            break;
        }
    }
    world_audit();
}

/* Random sends, masks, moves and partial consumption: each pending event arrives, once. */
static void test_against_a_model(void **state)
{
    enum {
        PORTS = 24
    };
    evtchn_port_t in[PORTS], out[PORTS];
    unsigned int want[PORTS] = {0};
    bool set[PORTS] = {false};
    uint32_t ready[WORLD_VCPUS] = {0};

    (void)state;
    for (unsigned int i = 0; i < PORTS; i++) {
        in[i] = alloc_loop(&out[i]);
    }
    drain_all();
    memset(delivered, 0, sizeof(delivered));
    for (unsigned int round = 0; round < 30000; round++) {
        unsigned int i = (unsigned int)unit_below(PORTS);
        unsigned int v = (unsigned int)unit_below(WORLD_VCPUS);

        switch (unit_below(8)) {
        case 0:
            *word(in[i]) |= FIFO_MASKED;
            break;
        case 1:
            assert_int_equal(port_op(OP_UNMASK, in[i]), 0);
            break;
        case 2:
            assert_int_equal(bind_vcpu(in[i], v), 0);
            break;
        case 3:
            assert_int_equal(set_priority(in[i], (uint32_t)unit_below(16)), 0);
            break;
        case 4:
        case 5:
            for (uint64_t n = unit_below(4); n > 0 && consume_one(v, &ready[v]); n--) {
            }
            break;
        default:
            assert_int_equal(port_op(OP_SEND, out[i]), 0);
            break;
        }
        for (i = 0; i < PORTS; i++) {
            bool is = (*word(in[i]) & FIFO_PENDING) != 0;

            want[i] += set[i] && !is; /* it went from pending to delivered */
            set[i] = is;
            assert_int_equal(delivered[in[i]], want[i]);
        }
    }
    for (unsigned int i = 0; i < PORTS; i++) {
        assert_int_equal(port_op(OP_UNMASK, in[i]), 0);
    }
    for (unsigned int v = 0; v < WORLD_VCPUS; v++) {
        while (consume_one(v, &ready[v])) {
        }
    }
    for (unsigned int i = 0; i < PORTS; i++) {
        assert_int_equal(*word(in[i]), 0);
        assert_int_equal(delivered[in[i]], want[i] + set[i]);
    }
}

int main(void)
{
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup_fifo, world_teardown)
#define PLAIN(f) cmocka_unit_test_setup_teardown(f, setup_words, world_teardown)
    const struct CMUnitTest tests[] = {
        PLAIN(test_set_up_errors),
        PLAIN(test_read_only_and_foreign_frames),
        TEST(test_order_in_a_queue),
        TEST(test_masks),
        TEST(test_priorities),
        TEST(test_moves_between_vcpus),
        TEST(test_sent_before_the_word_is_there),
        TEST(test_linked_ports_are_not_reused),
        TEST(test_all_ports),
        TEST(test_reset_goes_back_to_2_level),
        TEST(test_rubbish),
        TEST(test_against_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
