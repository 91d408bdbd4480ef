/* SPDX-License-Identifier: Apache-2.0 */
/* Domain 1 uses the FIFO ABI; its consumer is written from the ABI text. */
#pragma once

#include "evtchn_world.h"

#define CONTROL_PAGE 1U /* of the world's pages; array pages follow */
#define CONTROL_STEP 0x100U
#define ARRAY_PAGE   2U

static uint32_t local_head[WORLD_VCPUS][FIFO_QUEUES];
static unsigned int delivered[FIFO_WORDS_PER_PAGE];

static inline int64_t init_control(uint64_t frame, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control_arg a = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    int64_t rc = EVTCHN(OP_INIT_CONTROL, a);

    if (rc == 0) {
        assert_int_equal(a.link_bits, 17);
    }
    return rc;
}

static inline int64_t expand(uint64_t frame)
{
    struct evtchn_expand_array_arg a = {.array_gfn = frame};

    return EVTCHN(OP_EXPAND_ARRAY, a);
}

static inline int64_t set_priority(evtchn_port_t port, uint32_t priority)
{
    struct evtchn_set_priority_arg a = {.port = port, .priority = priority};

    return EVTCHN(OP_SET_PRIORITY, a);
}

/* 0: none to be had. */
static inline evtchn_port_t ipi(uint32_t vcpu)
{
    evtchn_port_t port;

    return bind_ipi(vcpu, &port) == 0 ? port : 0;
}

static inline evtchn_port_t alloc_loop(evtchn_port_t *other)
{
    evtchn_port_t port;

    assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &port), 0);
    assert_int_equal(bind_interdomain(DOMID_SELF, port, other), 0);
    return port;
}

static inline struct guest_fifo_control *control(unsigned int vcpu)
{
    return (void *)((char *)world_va(1, CONTROL_PAGE) + vcpu * CONTROL_STEP);
}

static inline uint32_t *word(evtchn_port_t port)
{
    return (uint32_t *)world_va(1, ARRAY_PAGE + port / FIFO_WORDS_PER_PAGE) +
           port % FIFO_WORDS_PER_PAGE;
}

/* One event of the highest ready queue, as event_channel.h's guest takes it; false: none. */
static inline bool consume_one(unsigned int vcpu, uint32_t *ready)
{
    struct guest_fifo_control *c = control(vcpu);
    uint32_t q, head, *w;

    *ready |= c->ready;
    c->ready = 0;
    if (*ready == 0) {
        return false;
    }
    q = (uint32_t)__builtin_ctz(*ready);
    head = local_head[vcpu][q] != 0 ? local_head[vcpu][q] : c->head[q];
    assert_true(head != 0);
    w = word(head);
    local_head[vcpu][q] = *w & FIFO_LINK_MASK;
    assert_true((*w & FIFO_LINKED) != 0);
    *w &= ~(FIFO_LINKED | FIFO_LINK_MASK);
    if (local_head[vcpu][q] == 0) {
        *ready &= ~(1U << q);
    }
    if ((*w & (FIFO_PENDING | FIFO_MASKED)) == FIFO_PENDING) {
        *w &= ~FIFO_PENDING;
        delivered[head]++;
    }
    return true;
}

static inline void drain(unsigned int vcpu)
{
    uint32_t ready = 0;

    world[1].v[vcpu].info->upcall_pending = 0;
    while (consume_one(vcpu, &ready)) {
    }
}

static inline void drain_all(void)
{
    for (unsigned int i = 0; i < WORLD_VCPUS; i++) {
        drain(i);
    }
}

static inline int setup_words(void **state)
{
    world_setup(state);
    memset(local_head, 0, sizeof(local_head));
    memset(delivered, 0, sizeof(delivered));
    world_enter(1, 0);
    return 0;
}

/* Domain 1 with FIFO on all vCPUs and one page of words. */
static inline int setup_fifo(void **state)
{
    setup_words(state);
    for (uint32_t i = 0; i < WORLD_VCPUS; i++) {
        assert_int_equal(init_control(WORLD_GFN + CONTROL_PAGE, i * CONTROL_STEP, i), 0);
    }
    assert_int_equal(expand(WORLD_GFN + ARRAY_PAGE), 0);
    return 0;
}
