/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences of event channel operations by three domains, of what a guest may write into the pages
 * it shares, of calls that are preempted and then left undone, and of ends of domains, audited
 * after each end and each input. Bytes: operation, caller, then its argument's bytes in a narrow
 * range, so that ports and domains meet. Reaches 780 edges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No more than it takes: domains come and go all the time. */
#define WORLD_PAGES 6U
#define WORLD_BITS  32U
#include "world.h"

#include <hearth/abi_types.h>

static const struct domain_config config = {.max_vcpus = WORLD_VCPUS,
                                            .max_evtchn_port = 300,
                                            .max_grant_frames = 1,
                                            .max_maptrack_frames = 1};

struct input {
    const uint8_t *at;
    size_t left;
};

static uint32_t take(struct input *in, uint32_t limit)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++ % limit;
}

/* Mostly a small number, now and then any. */
static uint32_t number(struct input *in, uint32_t limit)
{
    uint32_t v = take(in, 256);

    if (v < 240) {
        return v % limit;
    }
    v = take(in, 256);
    return v | take(in, 256) << 8 | take(in, 256) << 16 | take(in, 256) << 24;
}

static domid_t domid(struct input *in)
{
    return take(in, 4) == 3 ? DOMID_SELF : (domid_t)number(in, 4);
}

static void guest_writes(struct input *in, unsigned int n)
{
    uint8_t *page = take(in, 2) != 0 ? world_va(n, 1 + take(in, 4)) : (void *)world[n].shared;
    uint32_t offset = take(in, 256) * 4 + take(in, 4) * 1024;
    uint32_t value = number(in, 64) | take(in, 16) << 28;

    memcpy(page + offset, &value, sizeof(value));
}

static void ports_op(struct input *in, uint32_t op)
{
    uint32_t a[6] = {0};

    for (unsigned int i = 0; i < 3; i++) {
        a[i] = number(in, 12);
    }
    if (op == 0) {
        a[0] = domid(in);
    }
    (void)EVTCHN(op, a);
}

static void domain_op(struct input *in, uint32_t op)
{
    struct evtchn_alloc_unbound_arg u = {.dom = domid(in), .remote_dom = domid(in)};
    struct evtchn_status_arg s = {.dom = domid(in), .port = number(in, 12)};
    struct evtchn_reset_arg r = {.dom = domid(in)};

    if (op == 6) {
        (void)EVTCHN(6, u);
    } else if (op == 5) {
        (void)EVTCHN(5, s);
    } else {
        (void)EVTCHN(10, r);
    }
}

static void fifo_op(struct input *in, uint32_t op)
{
    struct evtchn_init_control_arg c = {
        .control_gfn = WORLD_GFN + number(in, 6), .offset = take(in, 4) * 128, .vcpu = take(in, 4)};
    struct evtchn_expand_array_arg e = {.array_gfn = WORLD_GFN + number(in, 6)};

    if (op == 11) {
        (void)EVTCHN(11, c);
    } else {
        (void)EVTCHN(12, e);
    }
}

/* A reset that stops at its first preemption check, and that nobody goes on with. */
static void leave_undone(struct input *in)
{
    struct evtchn_reset_arg r = {.dom = domid(in)};
    struct hypercall_args args = {.arg = {10, WORLD_GFN << PAGE_SHIFT}};
    struct vcpu *v = current_vcpu();

    memcpy(mfn_to_virt(container_of(v->domain, struct world_domain, d)->page[0]), &r, sizeof(r));
    this_cpu()->softirq_pending = 1;
    (void)hypercall_event_channel_op(v, &args);
    this_cpu()->softirq_pending = 0;
}

/* A domain ends, and another one comes in its place. */
static void end_domain(unsigned int n)
{
    this_cpu()->current = NULL;
    world_destroy(n);
    world_audit();
    world_free(n);
    world_domain(n, &config);
    world_audit();
}

static void step(struct input *in)
{
    uint32_t op = take(in, 22), n = take(in, 3);

    world_enter(n, take(in, WORLD_VCPUS));
    switch (op) {
    case 5:
    case 6:
    case 10:
        domain_op(in, op);
        break;
    case 11:
    case 12:
        fifo_op(in, op);
        break;
    case 14:
    case 15:
        guest_writes(in, n);
        break;
    case 16:
        evtchn_send_virq(&world[n].v[take(in, WORLD_VCPUS)], number(in, 24));
        break;
    case 17:
        evtchn_poll_begin(current_vcpu(), number(in, 12), take(in, 2) != 0);
        (void)evtchn_poll_end(current_vcpu());
        break;
    case 20:
        leave_undone(in);
        break;
    case 21:
        end_domain(n);
        break;
    default:
        ports_op(in, op);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool booted;
    struct input in = {data, size};

    if (!booted) {
        host_boot(1);
        booted = true;
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_domain(i, &config);
    }
    while (in.left > 0) {
        step(&in);
    }
    world_audit();
    for (unsigned int i = 0; i < 3; i++) {
        world_destroy(i);
    }
    world_audit();
    for (unsigned int i = 0; i < 3; i++) {
        world_free(i);
    }
    WORLD_MUST(heap_in_use() == 0);
    return 0;
}
