/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: vCPUs, affinity, scheduling parameters, limits of memory, caches. */
#include "unit.h"

#include "tools.h"

#include <hearth/atomic.h>

#define SET_AFFINITY 9U
#define MAX_MEM      11U
#define SET_CONTEXT  12U
#define GET_CONTEXT  13U
#define VCPU_INFO    14U
#define SCHEDULER    16U
#define GET_AFFINITY 25U
#define SET_NODES    68U
#define GET_NODES    69U
#define CACHEFLUSH   71U
#define GET_POOL     85U
#define SET_POOL     86U
#define CREDIT2      6U
#define HARD         1U
#define SOFT         2U

#define BUFFER       1 /* page of the caller for what is pointed to */
#define UNMAPPED     0xdead0000ULL

static struct domain *dom0, *dom;
static struct vcpu *v0;

static int setup(void **state)
{
    struct domain_config config = machine_config;
    struct domctl_request_arg r = tools_good_domain();

    (void)state;
    machine_boot(4);
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, 8);
    v0 = dom0->vcpu[0];
    assert_int_equal(domctl(v0, 1, 10, &r), 0); /* has no vCPU yet */
    dom = machine_domain(1, &machine_config, 8);
    return 0;
}

static uint8_t *buffer(void)
{
    return machine_va(dom0, BUFFER);
}

static struct domctl_request_arg affinity(uint32_t vcpu, uint32_t flags, uint32_t bits)
{
    struct bitmap_arg map = {.bitmap = guest_ptr(machine_ga(BUFFER)), .nr_bits = bits};
    struct domctl_request_arg r = {0};

    r.u.vcpuaffinity = (struct domctl_vcpuaffinity_arg){
        .vcpu = vcpu, .flags = flags, .cpumap_hard = map, .cpumap_soft = map};
    r.u.vcpuaffinity.cpumap_soft.bitmap.a += 64;
    return r;
}

static void test_affinity(void **state)
{
    struct domctl_request_arg r = affinity(0, HARD | SOFT, 16);

    (void)state;
    memset(buffer(), 0, 128);
    buffer()[0] = 0x06;
    buffer()[64] = 0xf4;
    assert_int_equal(domctl(v0, SET_AFFINITY, 1, &r), 0);
    assert_int_equal(buffer()[0], 0x06);
    assert_int_equal(buffer()[64], 0x04); /* effective: within hard, and online */
    memset(buffer(), 0xee, 128);
    assert_int_equal(domctl(v0, GET_AFFINITY, 1, &r), 0);
    assert_int_equal(buffer()[0], 0x06);
    assert_int_equal(buffer()[1], 0);
    assert_int_equal(buffer()[2], 0xee);  /* 16 bits were offered */
    assert_int_equal(buffer()[64], 0x04); /* of CPUs that are there */

    /* Bits beyond nr_bits do not count, though they are in the byte. */
    r = affinity(0, HARD, 3);
    buffer()[0] = 0xff;
    assert_int_equal(domctl(v0, SET_AFFINITY, 1, &r), 0);
    assert_int_equal(dom->vcpu[0]->sched.hard_affinity[0], 7);
    /* A map that is longer than any machine is filled with zeros up to a limit. */
    r = affinity(0, HARD, UINT32_MAX);
    memset(buffer(), 0xee, PAGE_SIZE);
    assert_int_equal(domctl(v0, GET_AFFINITY, 1, &r), 0);
    assert_int_equal(buffer()[1023], 0);
    assert_int_equal(buffer()[1024], 0xee);
}

static void test_affinity_refused(void **state)
{
    struct domctl_request_arg r;
    static const uint32_t both[] = {SET_AFFINITY, GET_AFFINITY};

    (void)state;
    memset(buffer(), 0xff, 128);
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        r = affinity(2, HARD, 8);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EINVAL);
        r = affinity(UINT32_MAX, HARD, 8);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EINVAL);
        r = affinity(0, HARD, 8);
        assert_int_equal(domctl(v0, both[i], 10, &r), -ESRCH); /* not made yet */
        r = affinity(0, 0, 8);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EINVAL);
        r = affinity(0, 8, 8); /* means nothing, and is nothing */
        assert_int_equal(domctl(v0, both[i], 1, &r), 0);
        r = affinity(0, HARD, 8);
        r.u.vcpuaffinity.cpumap_hard.bitmap = guest_ptr(0);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EINVAL);
        r.u.vcpuaffinity.cpumap_hard.bitmap = guest_ptr(UNMAPPED);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EFAULT);
        r.u.vcpuaffinity.cpumap_hard.bitmap = guest_ptr(UINT64_MAX);
        assert_int_equal(domctl(v0, both[i], 1, &r), -EFAULT);
    }
    buffer()[0] = 0xf0; /* CPUs that are not there */
    r = affinity(0, HARD, 8);
    assert_int_equal(domctl(v0, SET_AFFINITY, 1, &r), -EINVAL);
    /* A soft map that cannot be read leaves the hard one as it was. */
    dom->vcpu[0]->sched.hard_affinity[0] = 7;
    buffer()[0] = 1;
    r = affinity(0, HARD | SOFT, 8);
    r.u.vcpuaffinity.cpumap_soft.bitmap = guest_ptr(UNMAPPED);
    assert_int_equal(domctl(v0, SET_AFFINITY, 1, &r), -EFAULT);
    assert_int_equal(dom->vcpu[0]->sched.hard_affinity[0], 7);
}

static int64_t context(uint32_t cmd, domid_t id, uint32_t vcpu, uint64_t at)
{
    struct domctl_request_arg r = {.u.vcpucontext = {.vcpu = vcpu, .ctxt = guest_ptr(at)}};

    return domctl(v0, cmd, id, &r);
}

static void test_context(void **state)
{
    uint64_t *c = (uint64_t *)(void *)buffer(); /* the host's: entry and flags */
    uint64_t at = machine_ga(BUFFER);

    (void)state;
    assert_int_equal(context(GET_CONTEXT, 1, 0, at), -ENODATA); /* never set */
    c[0] = 0x1234;
    c[1] = 1;
    assert_int_equal(context(SET_CONTEXT, 1, 0, at), 0);
    assert_int_equal(dom->vcpu[0]->sched.pause & PAUSE_DOWN, 0);
    c[0] = 0;
    assert_int_equal(context(GET_CONTEXT, 1, 0, at), 0);
    assert_int_equal(c[0], 0x1234);
    assert_int_equal(c[1], 1);
    c[1] = 2; /* no such flag */
    assert_int_equal(context(SET_CONTEXT, 1, 0, at), -EINVAL);
    c[1] = 0;
    assert_int_equal(context(SET_CONTEXT, 1, 0, at), 0);
    assert_int_equal(dom->vcpu[0]->sched.pause & PAUSE_DOWN, PAUSE_DOWN);

    assert_int_equal(context(SET_CONTEXT, 0, 0, 0), -EINVAL);
    assert_int_equal(context(SET_CONTEXT, 0, 0, at), -EINVAL); /* oneself */
    assert_int_equal(context(GET_CONTEXT, 0, 0, at), -EINVAL);
    assert_int_equal(context(SET_CONTEXT, 1, 0, UNMAPPED), -EFAULT);
    assert_int_equal(context(GET_CONTEXT, 1, 0, UNMAPPED), -EFAULT);
    for (uint32_t cmd = SET_CONTEXT; cmd <= GET_CONTEXT; cmd++) {
        assert_int_equal(context(cmd, 1, 2, at), -EINVAL);
        assert_int_equal(context(cmd, 1, UINT32_MAX, at), -EINVAL);
        assert_int_equal(context(cmd, 10, 0, at), -EINVAL);
    }
}

/* No context at all: the vCPU is as one that was never brought up. */
static void test_reset(void **state)
{
    uint64_t at = machine_ga(BUFFER);

    (void)state;
    ((uint64_t *)(void *)buffer())[1] = 1;
    assert_int_equal(context(SET_CONTEXT, 1, 0, at), 0);
    sched_set_pause(dom->vcpu[0], PAUSE_BLOCKED);
    assert_int_equal(context(SET_CONTEXT, 1, 0, 0), 0);
    assert_int_equal(dom->vcpu[0]->sched.pause & (PAUSE_DOWN | PAUSE_BLOCKED), PAUSE_DOWN);
    assert_int_equal(context(GET_CONTEXT, 1, 0, at), -ENODATA);
    ((uint64_t *)(void *)buffer())[1] = 0;
    assert_int_equal(context(SET_CONTEXT, 1, 0, at), 0);
    assert_int_equal(context(GET_CONTEXT, 1, 0, at), 0);
}

static void test_vcpu_info(void **state)
{
    struct domctl_request_arg r = {.u.getvcpuinfo.vcpu = 0};
    struct vcpu *v = dom->vcpu[0];

    (void)state;
    assert_int_equal(domctl(v0, VCPU_INFO, 1, &r), 0);
    assert_true(!r.u.getvcpuinfo.online && !r.u.getvcpuinfo.running && !r.u.getvcpuinfo.blocked);
    assert_int_equal(r.u.getvcpuinfo.cpu, v->sched.cpu);
    sched_clear_pause(v, PAUSE_DOWN);
    domain_unpause(dom);
    machine_turn();
    host_advance(777);
    assert_int_equal(domctl(v0, VCPU_INFO, 1, &r), 0);
    assert_true(r.u.getvcpuinfo.online && r.u.getvcpuinfo.running && !r.u.getvcpuinfo.blocked);
    assert_true(r.u.getvcpuinfo.cpu_time >= 777);
    sched_set_pause(v, PAUSE_DOWN);
    domain_pause_nosync(dom);
    machine_turn();
    r.u.getvcpuinfo.vcpu = 2;
    assert_int_equal(domctl(v0, VCPU_INFO, 1, &r), -EINVAL);
    r.u.getvcpuinfo.vcpu = UINT32_MAX;
    assert_int_equal(domctl(v0, VCPU_INFO, 1, &r), -EINVAL);
    r.u.getvcpuinfo.vcpu = 0;
    assert_int_equal(domctl(v0, VCPU_INFO, 10, &r), -ESRCH);
}

static int64_t sched_op(uint32_t cmd, uint32_t id, uint16_t weight, uint16_t cap,
                        struct domctl_request_arg *r)
{
    *r = (struct domctl_request_arg){0};
    r->u.scheduler_op.sched_id = id;
    r->u.scheduler_op.cmd = cmd;
    r->u.scheduler_op.u.credit2.weight = weight;
    r->u.scheduler_op.u.credit2.cap = cap;
    return domctl(v0, SCHEDULER, 1, r);
}

static void test_scheduler(void **state)
{
    struct domctl_request_arg r;

    (void)state;
    assert_int_equal(sched_op(SCHEDOP_GETINFO, CREDIT2, 0, 0, &r), 0);
    assert_int_equal(r.u.scheduler_op.u.credit2.weight, 256);
    assert_int_equal(r.u.scheduler_op.u.credit2.cap, 0);
    assert_int_equal(sched_op(SCHEDOP_PUTINFO, CREDIT2, 512, 0, &r), 0);
    assert_int_equal(sched_op(SCHEDOP_PUTINFO, CREDIT2, 0, 0, &r), 0);           /* unchanged */
    assert_int_equal(sched_op(SCHEDOP_PUTINFO, CREDIT2, 100, 201, &r), -EINVAL); /* of 2 vCPUs */
    assert_int_equal(sched_op(SCHEDOP_PUTINFO, CREDIT2, 100, UINT16_MAX, &r), -EINVAL);
    assert_int_equal(sched_op(SCHEDOP_GETINFO, CREDIT2, 0, 0, &r), 0);
    assert_int_equal(r.u.scheduler_op.u.credit2.weight, 512);
    for (uint32_t id = 0; id < 12; id++) {
        if (id != CREDIT2) {
            assert_int_equal(sched_op(SCHEDOP_GETINFO, id, 0, 0, &r), -EINVAL);
        }
    }
    assert_int_equal(sched_op(SCHEDOP_PUTVCPUINFO, CREDIT2, 0, 0, &r), -EINVAL);
    assert_int_equal(sched_op(SCHEDOP_GETVCPUINFO, CREDIT2, 0, 0, &r), -EINVAL);
    assert_int_equal(sched_op(4, CREDIT2, 0, 0, &r), -EINVAL);
    assert_int_equal(sched_op(UINT32_MAX, CREDIT2, 0, 0, &r), -EINVAL);
}

static int64_t nodes(uint32_t cmd, uint64_t at, uint32_t bits)
{
    struct domctl_request_arg r = {
        .u.nodeaffinity.nodemap = {.bitmap = guest_ptr(at), .nr_bits = bits}};

    return domctl(v0, cmd, 1, &r);
}

static void test_nodes(void **state)
{
    uint64_t at = machine_ga(BUFFER);

    (void)state;
    memset(buffer(), 0xff, 16);
    assert_int_equal(nodes(SET_NODES, at, 64), 0);
    assert_int_equal(nodes(GET_NODES, at, 64), 0);
    assert_int_equal(buffer()[0], 1);
    assert_int_equal(buffer()[7], 0);
    assert_int_equal(buffer()[8], 0xff);
    buffer()[0] = 0xfe; /* nodes that are not there */
    assert_int_equal(nodes(SET_NODES, at, 64), -EINVAL);
    assert_int_equal(nodes(SET_NODES, at, 0), -EINVAL);
    assert_int_equal(nodes(SET_NODES, UNMAPPED, 64), -EFAULT);
    assert_int_equal(nodes(GET_NODES, UNMAPPED, 64), -EFAULT);
    assert_int_equal(nodes(GET_NODES, UNMAPPED, 0), 0);
}

static void test_max_mem(void **state)
{
    struct domctl_request_arg r = {.u.max_mem.max_memkb = 4099};

    (void)state;
    assert_int_equal(domctl(v0, MAX_MEM, 1, &r), 0);
    assert_int_equal(dom->max_pages, 1024);
    r.u.max_mem.max_memkb = 0; /* below what it has: it gets no more */
    assert_int_equal(domctl(v0, MAX_MEM, 1, &r), 0);
    assert_int_equal(dom->max_pages, 0);
    r.u.max_mem.max_memkb = UINT64_MAX;
    assert_int_equal(domctl(v0, MAX_MEM, 1, &r), 0);
    assert_int_equal(dom->max_pages, UINT32_MAX);
}

static int64_t pool(uint64_t size)
{
    struct domctl_request_arg r = {.u.paging_mempool.size = size};

    return domctl(v0, SET_POOL, 1, &r);
}

static void test_pool(void **state)
{
    struct domctl_request_arg r = {0};

    (void)state;
    assert_int_equal(pool(MiB(1)), 0);
    assert_int_equal(domctl(v0, GET_POOL, 1, &r), 0);
    assert_int_equal(r.u.paging_mempool.size, MiB(1));
    assert_int_equal(pool(MiB(1) + 1), -EINVAL);
    assert_int_equal(pool(UINT64_MAX), -EINVAL);
    assert_int_equal(pool(UINT64_MAX & ~0xfffULL), -EINVAL);
    assert_int_equal(pool(0), -ENOMEM); /* the tables that it has need more */
    assert_int_equal(domctl(v0, GET_POOL, 1, &r), 0);
    assert_int_equal(r.u.paging_mempool.size, MiB(1));
}

static int64_t flush(uint64_t start, uint64_t n)
{
    struct domctl_request_arg r = {.u.cacheflush = {.start_pfn = start, .nr_pfns = n}};

    return domctl(v0, CACHEFLUSH, 1, &r);
}

static void test_cacheflush(void **state)
{
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    struct domctl_request_arg *at = machine_va(dom0, 0);

    (void)state;
    host_forget_events();
    assert_int_equal(flush(MACHINE_GFN - 2, 6), 0);
    assert_int_equal(host_count_events(HOST_CLEAN), 4); /* two of them are not mapped */
    assert_int_equal(flush(0, 1ULL << 18), 0);
    assert_int_equal(flush(0, (1ULL << 18) + 1), -EINVAL);
    assert_int_equal(flush(UINT64_MAX, 2), -EINVAL);
    assert_int_equal(flush(UINT64_MAX - 5, 3), 0);
    assert_int_equal(flush(0, 0), 0);
    /* Preempted, it goes on where it stopped: progress is in the request. */
    *at = (struct domctl_request_arg){.cmd = CACHEFLUSH, .version = 0x15, .domain = 1};
    at->u.cacheflush = (struct domctl_cacheflush_arg){.start_pfn = 100, .nr_pfns = 1000};
    this_cpu()->current = v0;
    this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
    assert_int_equal(hypercall_domctl(v0, &args), -ERESTART);
    assert_int_equal(at->u.cacheflush.start_pfn, 164);
    assert_int_equal(at->u.cacheflush.nr_pfns, 936);
    this_cpu()->current = NULL;
    machine_turn();
}

static void test_pod_target(void **state)
{
    struct memory_pod_target_arg a = {.domid = 1, .target_pages = 1};

    (void)state;
    assert_int_equal(machine_call(v0, hypercall_memory_op, 16, &a, sizeof(a)), 0);
    assert_int_equal(a.tot_pages, dom->tot_pages);
    assert_int_equal(a.pod_entries + a.pod_cache_pages, 0);
    assert_int_equal(machine_call(v0, hypercall_memory_op, 17, &a, sizeof(a)), 0);
    assert_int_equal(machine_call(v0, hypercall_memory_op, 18, &a, sizeof(a)), 0);
    assert_int_equal(machine_call(v0, hypercall_memory_op, 19, &a, sizeof(a)), 0);
    assert_int_equal(machine_call(dom->vcpu[0], hypercall_memory_op, 16, &a, sizeof(a)), -EPERM);
    a.domid = TOOLS_NO_DOMAIN;
    assert_int_equal(machine_call(v0, hypercall_memory_op, 16, &a, sizeof(a)), -ESRCH);
}

/* Another CPU waits for vCPUs to stop: who would wait too comes again, and nothing is paused. */
static void test_one_waits(void **state)
{
    unsigned int pauses = dom->pause_count;

    (void)state;
    assert_true(sched_wait_begin());
    assert_false(sched_wait_begin());
    assert_int_equal(vcpu_pause(dom->vcpu[0]), -ERESTART);
    assert_int_equal(domain_pause(dom), -ERESTART);
    assert_int_equal(domain_tools_pause(dom), -ERESTART);
    assert_int_equal(domain_kill(dom), -ERESTART);
    assert_int_equal(dom->pause_count, pauses);
    assert_int_equal(dom->tools_pause_count, 0);
    assert_int_equal(dom->vcpu[0]->pause_count, 0);
    sched_wait_end();
    assert_int_equal(vcpu_pause(dom->vcpu[0]), 0);
    assert_int_equal(domain_pause(dom), 0);
    vcpu_unpause(dom->vcpu[0]);
    domain_unpause(dom);
    assert_int_equal(dom->pause_count, pauses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affinity),   cmocka_unit_test(test_affinity_refused),
        cmocka_unit_test(test_context),    cmocka_unit_test(test_reset),
        cmocka_unit_test(test_vcpu_info),  cmocka_unit_test(test_scheduler),
        cmocka_unit_test(test_nodes),      cmocka_unit_test(test_max_mem),
        cmocka_unit_test(test_pool),       cmocka_unit_test(test_cacheflush),
        cmocka_unit_test(test_pod_target), cmocka_unit_test(test_one_waits),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
