/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: what is told of the machine, the list of domains, the console ring, pools. */
#include "unit.h"

#include "tools.h"

#include <hearth/console.h>

#define READCONSOLE 1U
#define PHYSINFO    3U
#define SCHED_ID    4U
#define LIST        6U
#define KEYS        7U
#define CPUINFO     8U
#define AVAILHEAP   9U
#define CPUTOPO     16U
#define NUMA        17U
#define CPUPOOL     18U
#define SCHEDULER   19U
#define CREDIT2     6U

#define BUFFER      1
#define UNMAPPED    0xdead0000ULL
#define CPUS        3U

static struct domain *dom0, *dom;
static struct vcpu *v0;
static char keys[80];
static size_t nr_keys;

/* Instead of the console's: what was pressed. */
void debug_key(char key)
{
    if (nr_keys < sizeof(keys)) {
        keys[nr_keys++] = key;
    }
}

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    machine_boot(CPUS);
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, 8);
    dom = machine_domain(7, &machine_config, 8);
    v0 = dom0->vcpu[0];
    return 0;
}

static guest_ptr_t at(void)
{
    return guest_ptr(machine_ga(BUFFER));
}

static void *buffer(void)
{
    return machine_va(dom0, BUFFER);
}

static void test_request(void **state)
{
    static const uint32_t versions[] = {0, 0x14, 0x16, UINT32_MAX};
    struct sysctl_request_arg r = {.cmd = SCHED_ID};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        r.version = versions[i];
        assert_int_equal(tools_call(v0, hypercall_sysctl, &r, sizeof(r)), -EACCES);
    }
    assert_int_equal(tools_fault(v0, hypercall_sysctl), -EFAULT);
    for (uint32_t cmd = 0; cmd < 40; cmd++) {
        r = (struct sysctl_request_arg){0};
        assert_int_equal(sysctl(dom->vcpu[0], cmd, &r), -EPERM);
    }
    assert_int_equal(sysctl(v0, 0, &r), -ENOSYS);
    assert_int_equal(sysctl(v0, 13, &r), -ENOSYS);
    assert_int_equal(sysctl(v0, 30, &r), -ENOSYS);
    assert_int_equal(sysctl(v0, UINT32_MAX, &r), -ENOSYS);
}

static int64_t list(uint16_t first, uint32_t most, guest_ptr_t to, uint32_t *n)
{
    struct sysctl_request_arg r = {
        .u.getdomaininfolist = {.first_domain = first, .max_domains = most, .buffer = to}};
    int64_t rc = sysctl(v0, LIST, &r);

    *n = r.u.getdomaininfolist.num_domains;
    return rc;
}

static void test_list(void **state)
{
    const struct domctl_getdomaininfo_arg *info = buffer();
    uint32_t n;

    (void)state;
    memset(buffer(), 0xaa, PAGE_SIZE);
    assert_int_equal(list(0, 10, at(), &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(info[0].domain, 0);
    assert_int_equal(info[1].domain, 7);
    assert_int_equal(info[1].tot_pages, 8);
    assert_int_equal(info[2].domain, 0xaaaa); /* not written */
    assert_int_equal(list(1, 10, at(), &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(info[0].domain, 7);
    assert_int_equal(list(0, 1, at(), &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(list(8, 10, at(), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(list(UINT16_MAX, UINT32_MAX, at(), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(list(0, 0, guest_ptr(UNMAPPED), &n), 0);
    assert_int_equal(list(0, UINT32_MAX, guest_ptr(UNMAPPED), &n), -EFAULT);
    assert_int_equal(list(0, UINT32_MAX, guest_ptr(UINT64_MAX), &n), -EFAULT);
}

/* A call while something waits for the CPU: how often it is made again, and what it leaves. */
static unsigned int restarts(uint32_t cmd, struct sysctl_request_arg *r)
{
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    unsigned int n = 0;

    r->cmd = cmd;
    r->version = 0x15;
    memcpy(machine_va(dom0, 0), r, sizeof(*r));
    this_cpu()->current = v0;
    this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
    while (hypercall_sysctl(v0, &args) == -ERESTART) {
        n++;
    }
    this_cpu()->current = NULL;
    machine_turn();
    memcpy(r, machine_va(dom0, 0), sizeof(*r));
    return n;
}

static void test_list_goes_on(void **state)
{
    struct sysctl_request_arg r = {
        .u.getdomaininfolist = {.max_domains = 3, .buffer = at(), .num_domains = 99}};
    const struct domctl_getdomaininfo_arg *info = buffer();
    struct domain *more[2] = {machine_domain(8, &machine_config, 1),
                              machine_domain(9, &machine_config, 1)};

    (void)state;
    memset(buffer(), 0xaa, PAGE_SIZE);
    assert_int_equal(restarts(LIST, &r), 2); /* one domain at a time */
    assert_int_equal(r.u.getdomaininfolist.num_domains, 3);
    assert_int_equal(info[0].domain, 0);
    assert_int_equal(info[1].domain, 7);
    assert_int_equal(info[2].domain, 8);
    assert_int_equal(info[3].domain, 0xaaaa);
    machine_kill(more[0]);
    machine_kill(more[1]);
}

static void test_physinfo(void **state)
{
    struct sysctl_request_arg r;
    struct sysctl_physinfo_arg *p = &r.u.physinfo;
    struct page_stats s;

    (void)state;
    memset(&r, 0xaa, sizeof(r));
    page_stats(&s);
    assert_int_equal(sysctl(v0, PHYSINFO, &r), 0);
    assert_int_equal(p->nr_cpus, CPUS);
    assert_int_equal(p->cores_per_socket, 1);
    assert_int_equal(p->threads_per_core, 1);
    assert_int_equal(p->max_cpu_id, CPUS - 1);
    assert_int_equal(p->nr_nodes, 1);
    assert_int_equal(p->max_node_id, 0);
    assert_int_equal(p->total_pages, s.total);
    assert_int_equal(p->free_pages, s.free);
    assert_true(s.dirty > 0);
    assert_int_equal(p->scrub_pages, 0); /* dirty ones are among the free */
    assert_int_equal(p->outstanding_pages, 0);
    assert_int_equal(p->max_mfn, page_last_mfn().n);
    assert_int_equal(p->capabilities, PHYSCAP_HVM | PHYSCAP_HAP | PHYSCAP_GNTTAB_V1);
    assert_int_equal(p->pad, 0);
    assert_int_equal(p->hw_cap[7], 0);
    r = (struct sysctl_request_arg){.u.availheap.node = -1};
    assert_int_equal(sysctl(v0, AVAILHEAP, &r), 0);
    assert_int_equal(r.u.availheap.avail_bytes, s.free << PAGE_SHIFT);
    r.u.availheap.node = 1;
    assert_int_equal(sysctl(v0, AVAILHEAP, &r), 0);
    assert_int_equal(r.u.availheap.avail_bytes, 0);
}

static void test_idle(void **state)
{
    struct sysctl_request_arg r = {.u.getcpuinfo = {.max_cpus = 100, .info = at()}};
    uint64_t *idle = buffer();
    uint64_t before;

    (void)state;
    memset(idle, 0xff, 64);
    assert_int_equal(sysctl(v0, CPUINFO, &r), 0);
    assert_int_equal(r.u.getcpuinfo.nr_cpus, CPUS);
    assert_int_equal(idle[CPUS], UINT64_MAX);
    before = idle[1];
    host_advance(1000);
    assert_int_equal(sysctl(v0, CPUINFO, &r), 0);
    assert_int_equal(idle[1], before + 1000);
    r.u.getcpuinfo = (struct sysctl_getcpuinfo_arg){.max_cpus = 1, .info = at()};
    idle[1] = 5;
    assert_int_equal(sysctl(v0, CPUINFO, &r), 0);
    assert_int_equal(r.u.getcpuinfo.nr_cpus, 1);
    assert_int_equal(idle[1], 5);
    r.u.getcpuinfo = (struct sysctl_getcpuinfo_arg){.max_cpus = 0};
    assert_int_equal(sysctl(v0, CPUINFO, &r), 0);
    r.u.getcpuinfo = (struct sysctl_getcpuinfo_arg){.max_cpus = 1, .info = guest_ptr(UNMAPPED)};
    assert_int_equal(sysctl(v0, CPUINFO, &r), -EFAULT);
}

static void test_topology(void **state)
{
    struct sysctl_request_arg r = {.u.cputopoinfo = {.num_cpus = 0}};
    const struct sysctl_cputopo *cpu = buffer();
    const struct sysctl_meminfo *mem = buffer();

    (void)state;
    assert_int_equal(sysctl(v0, CPUTOPO, &r), 0); /* how many? */
    assert_int_equal(r.u.cputopoinfo.num_cpus, CPUS);
    r.u.cputopoinfo = (struct sysctl_cputopoinfo_arg){.num_cpus = 1, .cputopo = at()};
    assert_int_equal(sysctl(v0, CPUTOPO, &r), 0);
    assert_int_equal(r.u.cputopoinfo.num_cpus, 1);
    r.u.cputopoinfo = (struct sysctl_cputopoinfo_arg){.num_cpus = UINT32_MAX, .cputopo = at()};
    assert_int_equal(sysctl(v0, CPUTOPO, &r), 0);
    assert_int_equal(r.u.cputopoinfo.num_cpus, CPUS);
    for (unsigned int i = 0; i < CPUS; i++) { /* as Xen on arm64 tells it */
        assert_int_equal(cpu[i].core | cpu[i].socket | cpu[i].node, 0);
    }
    r.u.cputopoinfo.cputopo = guest_ptr(UNMAPPED);
    assert_int_equal(sysctl(v0, CPUTOPO, &r), -EFAULT);

    r = (struct sysctl_request_arg){0};
    assert_int_equal(sysctl(v0, NUMA, &r), 0);
    assert_int_equal(r.u.numainfo.num_nodes, 1);
    r.u.numainfo = (struct sysctl_numainfo_arg){.num_nodes = 4, .meminfo = at()};
    assert_int_equal(sysctl(v0, NUMA, &r), 0);
    assert_int_equal(r.u.numainfo.num_nodes, 1);
    assert_true(mem->memsize >= mem->memfree && mem->memfree != 0);
    r.u.numainfo = (struct sysctl_numainfo_arg){.num_nodes = 4, .distance = at()};
    assert_int_equal(sysctl(v0, NUMA, &r), 0);
    assert_int_equal(*(uint32_t *)buffer(), 10);
    r.u.numainfo = (struct sysctl_numainfo_arg){.num_nodes = 0, .meminfo = guest_ptr(UNMAPPED)};
    assert_int_equal(sysctl(v0, NUMA, &r), 0); /* no room: nothing is written */
    assert_int_equal(r.u.numainfo.num_nodes, 0);
    r.u.numainfo.num_nodes = 1;
    assert_int_equal(sysctl(v0, NUMA, &r), -EFAULT);
}

static int64_t read_console(struct sysctl_readconsole_arg a, struct sysctl_readconsole_arg *out)
{
    struct sysctl_request_arg r = {.u.readconsole = a};
    int64_t rc = sysctl(v0, READCONSOLE, &r);

    *out = r.u.readconsole;
    return rc;
}

static void test_console(void **state)
{
    struct sysctl_readconsole_arg a = {.buffer = at(), .count = PAGE_SIZE};
    struct sysctl_readconsole_arg out;
    const char *text = buffer();

    (void)state;
    memset(buffer(), 0, PAGE_SIZE);
    printk(LOG_ERR, "first\n");
    assert_int_equal(read_console(a, &out), 0);
    assert_true(out.count != 0 && strstr(text, "first") != NULL);
    a.incremental = 1;
    a.index = out.index;
    assert_int_equal(read_console(a, &out), 0);
    assert_int_equal(out.count, 0);
    printk(LOG_ERR, "second\n");
    a.count = 5;
    a.clear = 1; /* what was read, and no more */
    assert_int_equal(read_console(a, &out), 0);
    assert_int_equal(out.count, 5);
    a = (struct sysctl_readconsole_arg){.buffer = at(), .count = PAGE_SIZE};
    memset(buffer(), 0, PAGE_SIZE);
    assert_int_equal(read_console(a, &out), 0);
    assert_true(strstr(text, "second") != NULL && strstr(text, "first") == NULL);
    a.incremental = 1;
    a.index = out.index + 12345; /* the future */
    assert_int_equal(read_console(a, &out), 0);
    assert_true(strstr(text, "second") != NULL);
    a = (struct sysctl_readconsole_arg){.buffer = guest_ptr(UNMAPPED), .count = 10};
    assert_int_equal(read_console(a, &out), -EFAULT);
    a.count = 0;
    assert_int_equal(read_console(a, &out), 0);
    a = (struct sysctl_readconsole_arg){.buffer = guest_ptr(UINT64_MAX), .count = UINT32_MAX};
    assert_int_equal(read_console(a, &out), -EFAULT);
}

static int64_t press(guest_ptr_t from, uint32_t n)
{
    struct sysctl_request_arg r = {.u.debug_keys = {.keys = from, .nr_keys = n}};

    return sysctl(v0, KEYS, &r);
}

static void test_debug_keys(void **state)
{
    struct sysctl_request_arg r = {.u.debug_keys = {.keys = at(), .nr_keys = 3}};

    (void)state;
    memcpy(buffer(), "qh", 2);
    assert_int_equal(press(at(), 2), 0);
    assert_int_equal(nr_keys, 2);
    assert_memory_equal(keys, "qh", 2);
    assert_int_equal(press(at(), 0), 0);
    assert_int_equal(press(guest_ptr(UNMAPPED), 1), -EFAULT);
    assert_int_equal(nr_keys, 2);
    assert_int_equal(press(guest_ptr(machine_ga(8) - 2), UINT32_MAX), -EFAULT);
    assert_int_equal(nr_keys, 4);
    nr_keys = 0;
    memcpy(buffer(), "qhr", 3);
    assert_int_equal(restarts(KEYS, &r), 2);
    assert_int_equal(nr_keys, 3);
    assert_memory_equal(keys, "qhr", 3);
}

static void test_scheduler(void **state)
{
    struct sysctl_request_arg r = {0};

    (void)state;
    assert_int_equal(sysctl(v0, SCHED_ID, &r), 0);
    assert_int_equal(r.u.sched_id.sched_id, CREDIT2);
    r.u.scheduler_op =
        (struct sysctl_scheduler_op_arg){.sched_id = CREDIT2, .cmd = 0, .u.ratelimit_us = 2000};
    assert_int_equal(sysctl(v0, SCHEDULER, &r), 0);
    r.u.scheduler_op = (struct sysctl_scheduler_op_arg){.sched_id = CREDIT2, .cmd = 1};
    assert_int_equal(sysctl(v0, SCHEDULER, &r), 0);
    assert_int_equal(r.u.scheduler_op.u.ratelimit_us, 2000);
    r.u.scheduler_op.u.ratelimit_us = 0; /* none */
    r.u.scheduler_op.cmd = 0;
    assert_int_equal(sysctl(v0, SCHEDULER, &r), 0);
    r.u.scheduler_op.cmd = 2;
    assert_int_equal(sysctl(v0, SCHEDULER, &r), -EINVAL);
    r.u.scheduler_op = (struct sysctl_scheduler_op_arg){.sched_id = 5, .cmd = 1};
    assert_int_equal(sysctl(v0, SCHEDULER, &r), -EINVAL);
    r.u.scheduler_op = (struct sysctl_scheduler_op_arg){.sched_id = 6, .cmd = 1, .cpupool_id = 1};
    assert_int_equal(sysctl(v0, SCHEDULER, &r), -ESRCH);
    r.u.scheduler_op = (struct sysctl_scheduler_op_arg){
        .sched_id = CREDIT2, .cmd = 0, .u.ratelimit_us = UINT32_MAX};
    assert_int_equal(sysctl(v0, SCHEDULER, &r), -EINVAL);
}

static int64_t move(uint32_t domid, uint32_t pool)
{
    struct sysctl_request_arg r = {
        .u.cpupool_op = {.op = CPUPOOL_OP_MOVEDOMAIN, .cpupool_id = pool, .domid = domid}};

    return sysctl(v0, CPUPOOL, &r);
}

static int64_t cpupool(uint32_t op, uint32_t id, guest_ptr_t map, struct sysctl_cpupool_op_arg *out)
{
    struct sysctl_request_arg r = {
        .u.cpupool_op = {.op = op, .cpupool_id = id, .cpumap = {.bitmap = map, .nr_bits = 16}}};
    int64_t rc = sysctl(v0, CPUPOOL, &r);

    *out = r.u.cpupool_op;
    return rc;
}

static void test_cpupool(void **state)
{
    struct sysctl_cpupool_op_arg out;
    const uint8_t *map = buffer();

    (void)state;
    memset(buffer(), 0xee, 8);
    assert_int_equal(cpupool(CPUPOOL_OP_INFO, 0, at(), &out), 0);
    assert_int_equal(out.cpupool_id, 0);
    assert_int_equal(out.sched_id, CREDIT2);
    assert_int_equal(out.n_dom, 2);
    assert_int_equal(map[0], (1U << CPUS) - 1);
    assert_int_equal(map[1], 0);
    assert_int_equal(map[2], 0xee);
    assert_int_equal(cpupool(CPUPOOL_OP_INFO, 1, at(), &out), -ENOENT); /* the walk ends */
    assert_int_equal(cpupool(CPUPOOL_OP_INFO, UINT32_MAX, at(), &out), -ENOENT);
    assert_int_equal(cpupool(CPUPOOL_OP_INFO, 0, guest_ptr(UNMAPPED), &out), -EFAULT);
    assert_int_equal(cpupool(CPUPOOL_OP_FREEINFO, 0, at(), &out), 0);
    assert_int_equal(map[0], 0);
    assert_int_equal(cpupool(CPUPOOL_OP_FREEINFO, 0, guest_ptr(UNMAPPED), &out), -EFAULT);
    assert_int_equal(cpupool(CPUPOOL_OP_CREATE, UINT32_MAX, at(), &out), -EOPNOTSUPP);
    assert_int_equal(cpupool(CPUPOOL_OP_DESTROY, 0, at(), &out), -EOPNOTSUPP);
    assert_int_equal(cpupool(CPUPOOL_OP_ADDCPU, 0, at(), &out), -EOPNOTSUPP);
    assert_int_equal(cpupool(CPUPOOL_OP_RMCPU, 0, at(), &out), -EOPNOTSUPP);
    assert_int_equal(move(7, 0), 0); /* where it is */
    assert_int_equal(move(7, 1), -ENOENT);
    assert_int_equal(move(99, 0), -ESRCH);
    assert_int_equal(move(DOMID_SELF, 0), -ESRCH);
    assert_int_equal(move(0, 0), -EPERM);
    assert_int_equal(move(UINT32_MAX, 0), -ESRCH);
    assert_int_equal(cpupool(0, 0, at(), &out), -ENOSYS);
    assert_int_equal(cpupool(8, 0, at(), &out), -ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_goes_on), cmocka_unit_test(test_physinfo),
        cmocka_unit_test(test_idle),         cmocka_unit_test(test_topology),
        cmocka_unit_test(test_console),      cmocka_unit_test(test_debug_keys),
        cmocka_unit_test(test_scheduler),    cmocka_unit_test(test_cpupool),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
