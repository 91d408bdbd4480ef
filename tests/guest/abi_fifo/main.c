// SPDX-License-Identifier: Apache-2.0
/* Event channels with the FIFO ABI: control block, event array, queues, priorities, errors. */
#include <guest.h>
#include <hypercall.h>

#define WORD_PENDING (1u << EVTCHN_FIFO_PENDING)
#define WORD_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define WORD_LINKED  (1u << EVTCHN_FIFO_LINKED)
#define MAX_ARRAY    (EVTCHN_FIFO_NR_CHANNELS / (PAGE_SIZE / sizeof(event_word_t)))

static struct evtchn_fifo_control_block control PAGE_ALIGNED;
static volatile event_word_t array[PAGE_SIZE / sizeof(event_word_t)] PAGE_ALIGNED;

static long init_control(uint64_t gfn, unsigned int offset, unsigned int vcpu, uint8_t *link_bits)
{
    struct evtchn_init_control op = {.control_gfn = gfn, .offset = offset, .vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_init_control, &op);

    *link_bits = op.link_bits;
    return rc;
}

static long expand_array(uint64_t gfn)
{
    struct evtchn_expand_array op = {.array_gfn = gfn};

    return evtchn_op(EVTCHNOP_expand_array, &op);
}

static long set_priority(evtchn_port_t port, unsigned int priority)
{
    struct evtchn_set_priority op = {.port = port, .priority = priority};

    return evtchn_op(EVTCHNOP_set_priority, &op);
}

static evtchn_port_t new_ipi(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    test_equal(evtchn_op(EVTCHNOP_bind_ipi, &op), 0, "bind_ipi");
    return op.port;
}

static long send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

static void test_setup(void)
{
    uint64_t gfn = ADDRESS(&control) >> PAGE_SHIFT;
    uint8_t bits = 0;

    test_equal(expand_array(ADDRESS(array) >> PAGE_SHIFT), -XEN_EOPNOTSUPP,
               "expand_array before init_control");
    test_equal(init_control(gfn, 4, 0, &bits), -XEN_EINVAL, "init_control unaligned");
    test_equal(init_control(gfn, PAGE_SIZE - 8, 0, &bits), -XEN_EINVAL,
               "init_control across the page's end");
    test_equal(init_control(gfn, 0, BAD_VCPU, &bits), -XEN_ENOENT, "init_control for no vCPU");
    test_equal(init_control(gfn, 4, BAD_VCPU, &bits), -XEN_ENOENT, "which comes first");
    test_equal(init_control(BAD_ADDRESS >> PAGE_SHIFT, 0, 0, &bits), -XEN_EINVAL,
               "init_control with no frame");
    test_equal(init_control(gfn, 0, 0, &bits), 0, "init_control");
    test_equal(bits, EVTCHN_FIFO_LINK_BITS, "17 link bits");
    test_equal(init_control(gfn, 0, 0, &bits), -XEN_EINVAL, "init_control twice");
    test_equal(expand_array(BAD_ADDRESS >> PAGE_SHIFT), -XEN_EINVAL, "expand_array, no frame");
    test_equal(expand_array(ADDRESS(array) >> PAGE_SHIFT), 0, "expand_array");
}

static void test_queue(void)
{
    evtchn_port_t a = new_ipi();
    evtchn_port_t b = new_ipi();
    const volatile struct evtchn_fifo_control_block *block = &control;
    unsigned int queue = EVTCHN_FIFO_PRIORITY_DEFAULT;

    array[a] = 0;
    array[b] = 0;
    test_equal(send(a), 0, "send");
    test_check((array[a] & WORD_PENDING) != 0, "pending");
    test_check((array[a] & WORD_LINKED) != 0, "linked");
    test_check((block->ready & (1u << queue)) != 0, "the default queue is ready");
    test_equal(block->head[queue], (long)a, "it is the head");
    test_equal(send(b), 0, "send another");
    test_equal((long)(array[a] & EVTCHN_FIFO_LINK_MASK), (long)b, "the first links to it");
    test_equal((long)(array[b] & EVTCHN_FIFO_LINK_MASK), 0, "and it is the tail");
    test_equal(send(a), 0, "send the first again");
    test_equal((long)(array[b] & EVTCHN_FIFO_LINK_MASK), 0, "it is not queued twice");
}

static void test_mask_and_priority(void)
{
    evtchn_port_t port = new_ipi();
    const volatile struct evtchn_fifo_control_block *block = &control;
    struct evtchn_unmask unmask = {.port = port};

    test_equal(set_priority(port, 3), 0, "set_priority");
    test_equal(set_priority(port, EVTCHN_FIFO_PRIORITY_MIN + 1), -XEN_EINVAL,
               "set_priority beyond the last");
    test_equal(set_priority(BAD_PORT, 3), -XEN_EINVAL, "set_priority of no port");
    array[port] = WORD_MASKED;
    test_equal(send(port), 0, "send to a masked port");
    test_check((array[port] & (WORD_PENDING | WORD_LINKED)) == WORD_PENDING,
               "pending and not linked");
    test_equal(evtchn_op(EVTCHNOP_unmask, &unmask), 0, "unmask");
    test_check((array[port] & WORD_LINKED) != 0, "unmask links it");
    test_check((block->ready & (1u << 3)) != 0, "queue 3 is ready");
    test_equal(block->head[3], (long)port, "it is the head of queue 3");
}

/* The guest may write anything into its own pages; sends must go on without an error or a hang. */
static void test_garbage(void)
{
    evtchn_port_t port = new_ipi();
    struct prng prng;
    long rc = 0;

    prng_seed(&prng, 7);
    for (unsigned int i = 0; i < 2000; i++) {
        for (unsigned int j = 1; j < 16; j++) {
            array[j] = (event_word_t)prng_next(&prng);
        }
        control.head[prng_below(&prng, 16)] = (uint32_t)prng_next(&prng);
        rc |= send(port);
    }
    test_equal(rc, 0, "2000 sends with garbage in the event words");
}

static void test_growth(void)
{
    unsigned int grown = 1;
    long rc;

    /* The same frame may serve again: what counts is the limit. */
    do {
        rc = expand_array(ADDRESS(array) >> PAGE_SHIFT);
        grown += rc == 0 ? 1 : 0;
    } while (rc == 0 && grown <= MAX_ARRAY);
    test_equal(rc, -XEN_ENOSPC, "expand_array beyond the last page");
    test_equal(grown, MAX_ARRAY, "128 pages in all");
}

static void test_back_to_two_level(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    uint8_t bits;

    test_equal(evtchn_op(EVTCHNOP_reset, &reset), 0, "reset");
    test_equal(expand_array(ADDRESS(array) >> PAGE_SHIFT), -XEN_EOPNOTSUPP, "FIFO is off");
    test_equal(init_control(ADDRESS(&control) >> PAGE_SHIFT, 0, 0, &bits), 0, "and on again");
}

void test_main(void)
{
    test_setup();
    test_queue();
    test_mask_and_priority();
    test_garbage();
    test_growth();
    test_back_to_two_level();
}
