/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: the request itself, creation, life, what is told of a domain; who may. */
#include "unit.h"

#include "tools.h"

#include <hearth/atomic.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/shared.h>
#include <hearth/timer.h>
#include <hearth/xsm.h>

#define CREATE         1U
#define DESTROY        2U
#define PAUSE          3U
#define UNPAUSE        4U
#define INFO           5U
#define MAX_VCPUS      15U
#define HANDLE         17U
#define DEBUGGING      18U
#define TIMEOFFSET     24U
#define RESUME         27U
#define WIDTH          35U
#define HANDLER        66U
#define GET_POOL       85U
#define SET_LLC_COLORS 89U

static struct domain *dom0, *dom;
static struct vcpu *v0, *v;

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    machine_boot(2);
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, 8);
    dom = machine_domain(1, &machine_config, 8);
    v0 = dom0->vcpu[0];
    v = dom->vcpu[0];
    return 0;
}

static void test_request(void **state)
{
    static const uint32_t versions[] = {0, 0x14, 0x16, 0x18, UINT32_MAX};
    struct domctl_request_arg r = {.cmd = INFO};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        r.version = versions[i];
        assert_int_equal(tools_call(v0, hypercall_domctl, &r, sizeof(r)), -EACCES);
    }
    assert_int_equal(tools_fault(v0, hypercall_domctl), -EFAULT);
    for (uint32_t cmd = 0; cmd < 1010; cmd++) {
        static const uint32_t none[] = {0, 6, 26, 44, 70, 76, 88, 999, 1004};

        for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
            if (cmd == none[i]) {
                assert_int_equal(domctl_zero(v0, cmd, 1), -ENOSYS);
            }
        }
    }
    assert_int_equal(domctl_zero(v0, UINT32_MAX, 1), -ENOSYS);
}

/* Every command: without privilege nothing, and no domain no service, whatever the command. */
static void test_who_may(void **state)
{
    (void)state;
    for (unsigned int silo = 0; silo < 2; silo++) {
        xsm_init(silo ? "silo" : "dummy");
        for (uint32_t cmd = 0; cmd < 110; cmd++) {
            assert_int_equal(domctl_zero(v, cmd, 0), -EPERM);
            assert_int_equal(domctl_zero(v, cmd, 1), -EPERM);
            if (cmd != CREATE && cmd != INFO) {
                assert_int_equal(domctl_zero(v0, cmd, TOOLS_NO_DOMAIN), -ESRCH);
                assert_int_equal(domctl_zero(v0, cmd, DOMID_INVALID), -ESRCH);
                assert_int_equal(domctl_zero(v0, cmd, DOMID_SELF), -ESRCH);
                assert_int_equal(domctl_zero(v0, cmd, UINT16_MAX), -ESRCH);
            }
        }
    }
    xsm_init("dummy");
}

#define BAD_CREATE(field, value, error)                                                            \
    do {                                                                                           \
        struct domctl_request_arg bad = tools_good_domain();                                       \
                                                                                                   \
        bad.u.createdomain.field = (value);                                                        \
        assert_int_equal(domctl(v0, CREATE, 0, &bad), error);                                      \
    } while (0)

static void test_create_refused(void **state)
{
    size_t heap = heap_in_use();

    (void)state;
    BAD_CREATE(flags, 0, -EINVAL);
    BAD_CREATE(flags, CDF_HVM, -EINVAL);
    BAD_CREATE(flags, CDF_HAP, -EINVAL);
    for (unsigned int bit = 2; bit < 32; bit++) {
        BAD_CREATE(flags, CDF_HVM | CDF_HAP | 1U << bit, -EINVAL);
    }
    BAD_CREATE(iommu_opts, 1, -EINVAL);
    BAD_CREATE(max_vcpus, 0, -EINVAL);
    BAD_CREATE(max_grant_frames, 0, -EINVAL);
    BAD_CREATE(max_grant_frames, 65, -EINVAL);
    BAD_CREATE(max_grant_frames, INT32_MAX, -EINVAL);
    BAD_CREATE(max_maptrack_frames, 1025, -EINVAL);
    BAD_CREATE(grant_opts, 0, -EINVAL);
    BAD_CREATE(grant_opts, 2, -EINVAL);
    BAD_CREATE(grant_opts, 0x11, -EINVAL);
    BAD_CREATE(vmtrace_size, 4096, -EINVAL);
    BAD_CREATE(cpupool_id, 1, -ESRCH);
    BAD_CREATE(cpupool_id, UINT32_MAX, -ESRCH);
    BAD_CREATE(arch[0], 7, -EINVAL);
    machine_turn();
    assert_int_equal(heap_in_use(), heap);
}

/* Below 0 the command line's limits; 0 handles are none. */
static void test_grant_limits(void **state)
{
    static const struct {
        int32_t frames, maptrack;
        uint32_t max_frames, max_maptrack;
    } rows[] = {{-1, -1, 64, 1024}, {INT32_MIN, 1024, 64, 1024}, {64, 0, 64, 0}, {1, 1, 1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct domctl_request_arg r = tools_good_domain();
        struct domain *d;

        r.u.createdomain.max_grant_frames = rows[i].frames;
        r.u.createdomain.max_maptrack_frames = rows[i].maptrack;
        assert_int_equal(domctl(v0, CREATE, 0, &r), 0);
        d = domain_find(r.domain);
        assert_int_equal(grant_max_frames(d), rows[i].max_frames);
        assert_int_equal(d->config.max_maptrack_frames, rows[i].max_maptrack);
        machine_kill(d);
    }
}

static void test_life(void **state)
{
    struct domctl_request_arg r = tools_good_domain();
    struct domain *d;
    domid_t id;

    (void)state;
    assert_int_equal(domctl(v0, CREATE, 0, &r), 0);
    id = r.domain;
    d = domain_find(id);
    assert_non_null(d);
    assert_int_equal(d->max_vcpus, 2);
    assert_int_equal(d->nr_vcpus, 0);
    assert_int_equal(d->handle[15], 0x5a);
    assert_int_equal(domctl(v0, GET_POOL, id, &r), 0);
    assert_int_equal(r.u.paging_mempool.size, KiB(64)); /* as on Xen, until the tools say more */
    r = tools_good_domain();
    r.u.createdomain.flags = UINT32_MAX; /* XEN-ABI: the id is looked at first */
    assert_int_equal(domctl(v0, CREATE, id, &r), -EEXIST);

    r.u.max_vcpus.max = 1;
    assert_int_equal(domctl(v0, MAX_VCPUS, id, &r), -EINVAL); /* not what it was made for */
    r.u.max_vcpus.max = 3;
    assert_int_equal(domctl(v0, MAX_VCPUS, id, &r), -EINVAL);
    r.u.max_vcpus.max = 2;
    assert_int_equal(domctl(v0, MAX_VCPUS, 0, &r), -EINVAL); /* oneself */
    assert_int_equal(domctl(v0, MAX_VCPUS, id, &r), 0);
    assert_int_equal(d->nr_vcpus, 2);
    assert_int_equal(domctl(v0, MAX_VCPUS, id, &r), 0); /* as on Xen: nothing is left to do */

    assert_int_equal(domctl_zero(v0, UNPAUSE, id), 0);
    assert_int_equal(d->pause_count, 0);
    assert_int_equal(domctl_zero(v0, UNPAUSE, id), -EINVAL);
    for (unsigned int i = 0; i < 255; i++) {
        assert_int_equal(domctl_zero(v0, PAUSE, id), 0);
    }
    assert_int_equal(domctl_zero(v0, PAUSE, id), -EUSERS);
    assert_int_equal(domctl_zero(v0, DESTROY, id), 0);
    assert_int_equal(domctl_zero(v0, DESTROY, id), -ESRCH);
    machine_turn();

    assert_int_equal(domctl_zero(v0, PAUSE, 0), -EINVAL);
    assert_int_equal(domctl_zero(v0, UNPAUSE, 0), -EINVAL);
    assert_int_equal(domctl_zero(v0, RESUME, 0), -EINVAL);
    assert_int_equal(domctl_zero(v0, DESTROY, 0), -EINVAL);
}

/* Reserved numbers ask for any; a number of one's own choice is given. */
static void test_ids(void **state)
{
    static const domid_t any[] = {0, DOMID_SELF, DOMID_INVALID, UINT16_MAX};
    struct domctl_request_arg r;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(any); i++) {
        r = tools_good_domain();
        assert_int_equal(domctl(v0, CREATE, any[i], &r), 0);
        assert_true(r.domain > 1 && r.domain < DOMID_FIRST_RESERVED);
        assert_int_equal(domctl_zero(v0, DESTROY, r.domain), 0);
    }
    r = tools_good_domain();
    assert_int_equal(domctl(v0, CREATE, 5000, &r), 0);
    assert_int_equal(r.domain, 5000);
    assert_int_equal(domctl_zero(v0, DESTROY, 5000), 0);
    machine_turn();
}

/* Two CPUs that destroy one domain: one at a time takes steps, and it ends once. */
static void test_destroy_twice_at_once(void **state)
{
    struct domctl_request_arg r = tools_good_domain();
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    struct domain *d;

    (void)state;
    assert_int_equal(domctl(v0, CREATE, 0, &r), 0);
    d = domain_find(r.domain);
    assert_true(domain_get(d));
    d->is_being_killed = true; /* the other CPU */
    r.cmd = DESTROY;
    memcpy(machine_va(dom0, 0), &r, sizeof(r));
    this_cpu()->current = v0;
    assert_int_equal(hypercall_domctl(v0, &args), -ERESTART);
    assert_int_equal(d->kill_step, 0);
    d->is_being_killed = false;
    this_cpu()->current = NULL;
    assert_int_equal(domctl_zero(v0, DESTROY, d->id), 0);
    assert_int_equal(domain_kill(d), 0); /* for who found it before it was gone */
    assert_int_equal(d->life, DOMAIN_DEAD);
    domain_put(d);
    machine_turn();
}

/* Of Xen 4.20: a word before vmtrace_size, and the length of SVE vectors in the second byte. */
#define ALTP2M_AT offsetof(struct domctl_createdomain_arg, vmtrace_size)

static int64_t create_0x17(uint32_t altp2m, uint32_t sve, struct domctl_request_arg *r)
{
    struct domctl_request_arg old = tools_good_domain();

    old.u.createdomain.arch[0] = sve << 8;
    old.u.createdomain.arch[1] = 64;
    *r = old;
    r->cmd = CREATE;
    r->version = 0x17;
    memcpy(&r->u.raw[ALTP2M_AT], &altp2m, 4);
    memcpy(&r->u.raw[ALTP2M_AT + 4], &old.u.raw[ALTP2M_AT],
           sizeof(struct domctl_createdomain_arg) - ALTP2M_AT);
    return tools_call(v0, hypercall_domctl, r, sizeof(*r));
}

static void test_other_version(void **state)
{
    struct domctl_request_arg r;
    uint32_t spis;

    (void)state;
    assert_int_equal(create_0x17(1, 0, &r), -EINVAL);
    assert_int_equal(create_0x17(0, 1, &r), -EINVAL);
    assert_int_equal(create_0x17(0, 0, &r), 0);
    memcpy(&spis, &r.u.raw[offsetof(struct domctl_createdomain_arg, arch) + 8], 4);
    assert_int_equal(spis, 64); /* what is told back has its layout too */
    assert_int_equal(domain_find(r.domain)->config.nr_spis, 64);
    assert_int_equal(domain_find(r.domain)->max_vcpus, 2);
    /* The rest is as before, and each version has its own numbers. */
    r = (struct domctl_request_arg){.cmd = INFO, .version = 0x17, .domain = r.domain};
    assert_int_equal(tools_call(v0, hypercall_domctl, &r, sizeof(r)), 0);
    assert_int_equal(r.u.getdomaininfo.handle[0], 0x5a);
    assert_int_equal(domctl_zero(v0, DESTROY, r.domain), 0);
    r = (struct domctl_request_arg){.cmd = SET_LLC_COLORS, .version = 0x17, .domain = 1};
    assert_int_equal(tools_call(v0, hypercall_domctl, &r, sizeof(r)), -EOPNOTSUPP);
    assert_int_equal(domctl_zero(v0, SET_LLC_COLORS, 1), -ENOSYS);
    machine_turn();
}

static uint32_t info_flags(domid_t id)
{
    struct domctl_request_arg r = {0};

    assert_int_equal(domctl(v0, INFO, id, &r), 0);
    assert_int_equal(r.domain, id);
    assert_int_equal(r.u.getdomaininfo.domain, id);
    return r.u.getdomaininfo.flags;
}

static void test_info(void **state)
{
    struct domctl_request_arg r;
    struct domctl_getdomaininfo_arg *i = &r.u.getdomaininfo;
    uint32_t none = 0xffffU << DOMINF_SHUTDOWN_SHIFT;

    (void)state;
    memset(&r, 0xaa, sizeof(r));
    assert_int_equal(domctl(v0, INFO, 1, &r), 0);
    assert_int_equal(i->flags, DOMINF_HVM_GUEST | DOMINF_HAP | none); /* no vCPU is up */
    assert_int_equal(i->tot_pages, 8);
    assert_int_equal(i->max_pages, dom->max_pages);
    assert_int_equal(i->outstanding_pages, 0);
    assert_int_equal(i->shr_pages, 0);
    assert_int_equal(i->paged_pages, 0);
    assert_int_equal(i->nr_online_vcpus, 0);
    assert_int_equal(i->max_vcpu_id, 1);
    assert_int_equal(i->cpupool, 0);
    assert_int_equal(i->pad1, 0);
    assert_int_equal(i->pad3, 0);
    for (unsigned int n = 0; n < sizeof(i->pad2); n++) {
        assert_int_equal(i->pad2[n], 0);
    }

    v->initialised = true;
    sched_clear_pause(v, PAUSE_DOWN);
    assert_int_equal(info_flags(1) & (DOMINF_BLOCKED | DOMINF_RUNNING), 0);
    (void)atomic_fetch_or(&v->sched.pause, PAUSE_BLOCKED);
    assert_int_equal(info_flags(1) & (DOMINF_BLOCKED | DOMINF_RUNNING), DOMINF_BLOCKED);
    sched_clear_pause(v, PAUSE_BLOCKED);
    domain_unpause(dom);
    machine_turn();
    assert_int_equal(info_flags(1) & (DOMINF_BLOCKED | DOMINF_RUNNING), DOMINF_RUNNING);
    host_advance(5000);
    memset(&r, 0, sizeof(r));
    assert_int_equal(domctl(v0, INFO, 1, &r), 0);
    assert_int_equal(i->nr_online_vcpus, 1);
    assert_true(i->cpu_time >= 5000);
    sched_set_pause(v, PAUSE_DOWN);
    domain_pause_nosync(dom);
    machine_turn();

    assert_int_equal(domctl_zero(v0, PAUSE, 1), 0);
    assert_int_equal(info_flags(1) & DOMINF_PAUSED, DOMINF_PAUSED);
    assert_int_equal(domctl_zero(v0, UNPAUSE, 1), 0);
    assert_int_equal(info_flags(1) & DOMINF_PAUSED, 0);
    domain_shutdown(dom, SHUTDOWN_CRASH);
    assert_int_equal(info_flags(1) & (DOMINF_SHUTDOWN | 0xffU << 16),
                     DOMINF_SHUTDOWN | SHUTDOWN_CRASH << DOMINF_SHUTDOWN_SHIFT);
    assert_int_equal(domctl_zero(v0, RESUME, 1), 0);
    assert_int_equal(info_flags(1) & DOMINF_SHUTDOWN, 0);
    assert_int_equal(info_flags(1) & none, none);
    dom->life = DOMAIN_DYING;
    assert_int_equal(info_flags(1) & DOMINF_DYING, DOMINF_DYING);
    dom->life = DOMAIN_ALIVE;
}

/* The first domain whose id is not below the one given. */
static void test_info_walks(void **state)
{
    struct domctl_request_arg r = tools_good_domain();

    (void)state;
    assert_int_equal(domctl(v0, CREATE, 100, &r), 0);
    assert_int_equal(domctl(v0, INFO, 2, &r), 0);
    assert_int_equal(r.domain, 100);
    assert_int_equal(domctl_zero(v0, INFO, 101), -ESRCH);
    assert_int_equal(domctl_zero(v0, INFO, DOMID_FIRST_RESERVED), -EINVAL);
    assert_int_equal(domctl_zero(v0, INFO, UINT16_MAX), -EINVAL);
    assert_int_equal(domctl_zero(v0, DESTROY, 100), 0);
    machine_turn();
}

static uint64_t told_seconds(const struct domain *d)
{
    const struct guest_shared_info *shared = d->shared_info;

    assert_int_equal(shared->wc_version % 2, 0);
    assert_int_not_equal(shared->wc_version, 0);
    return (uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec;
}

/* Those who are there hear of it, and so do those who come later. */
static void test_wallclock(void **state)
{
    struct platform_op_arg op = {.interface_version = 0x03000001, .cmd = 62};
    struct hypercall_args args = {.arg = {machine_ga(0)}};
    struct domctl_request_arg r = tools_good_domain();

    (void)state;
    this_cpu()->current = v0;
    op.u.settime64.secs = 1ULL << 33 | 5;
    op.u.settime64.nsecs = 1000000000;
    memcpy(machine_va(dom0, 0), &op, sizeof(op));
    assert_int_equal(hypercall_platform_op(v0, &args), -EINVAL);
    op.u.settime64.nsecs = 7;
    op.u.settime64.mbz = 1;
    memcpy(machine_va(dom0, 0), &op, sizeof(op));
    assert_int_equal(hypercall_platform_op(v0, &args), -EINVAL);
    assert_int_not_equal(told_seconds(dom0), 1ULL << 33 | 5);
    op.u.settime64.mbz = 0;
    memcpy(machine_va(dom0, 0), &op, sizeof(op));
    assert_int_equal(hypercall_platform_op(v0, &args), 0);
    this_cpu()->current = NULL;
    assert_int_equal(told_seconds(dom0), 1ULL << 33 | 5);
    assert_int_equal(told_seconds(dom), 1ULL << 33 | 5);
    assert_int_equal(domctl(v0, CREATE, 100, &r), 0);
    assert_int_equal(told_seconds(domain_find(100)), 1ULL << 33 | 5);
    assert_int_equal(domctl_zero(v0, DESTROY, 100), 0);
    machine_turn();
}

static void test_settings(void **state)
{
    struct domctl_request_arg r = {0};

    (void)state;
    memset(r.u.setdomainhandle.handle, 0x42, 16);
    assert_int_equal(domctl(v0, HANDLE, 1, &r), 0);
    assert_int_equal(dom->handle[0], 0x42);
    r = (struct domctl_request_arg){.u.settimeoffset.time_offset_seconds = -3600};
    assert_int_equal(domctl(v0, TIMEOFFSET, 1, &r), 0);
    assert_int_equal(dom->time_offset_s, -3600);
    assert_int_equal(told_seconds(dom), wallclock_base() / NS_PER_S - 3600);
    r = (struct domctl_request_arg){.u.setdebugging.enable = 2};
    assert_int_equal(domctl(v0, DEBUGGING, 0, &r), -EINVAL); /* oneself */
    assert_int_equal(domctl(v0, DEBUGGING, 1, &r), 0);
    assert_int_equal(info_flags(1) & DOMINF_DEBUGGED, DOMINF_DEBUGGED);
    assert_int_equal(domctl_zero(v0, DEBUGGING, 1), 0);
    assert_int_equal(info_flags(1) & DOMINF_DEBUGGED, 0);
    r = tools_good_domain();
    assert_int_equal(domctl(v0, CREATE, 100, &r), 0);
    for (uint32_t size = 0; size < 130; size++) {
        r.u.address_size.size = size;
        assert_int_equal(domctl(v0, WIDTH, 1, &r), size == 64 ? -EBUSY : -EINVAL); /* has RAM */
        assert_int_equal(domctl(v0, WIDTH, 100, &r), size == 64 ? 0 : -EINVAL);
    }
    assert_int_equal(domctl_zero(v0, DESTROY, 100), 0);
    machine_turn();
}

static int64_t handler(domid_t id, uint32_t virq)
{
    struct domctl_request_arg r = {.u.set_virq_handler.virq = virq};

    return domctl(v0, HANDLER, id, &r);
}

static bool told(struct domain *d)
{
    evtchn_port_t port = d->vcpu[0]->virq_port[VIRQ_DOM_EXC];
    bool pending = false;
    unsigned long *words = ((struct guest_shared_info *)d->shared_info)->evtchn_pending;

    assert_int_equal(evtchn_port_pending(d, port, &pending), 0);
    words[port / 64] &= ~(1UL << port % 64);
    return pending;
}

static void bind_dom_exc(struct vcpu *who)
{
    struct evtchn_bind_virq_arg a = {.virq = VIRQ_DOM_EXC};

    assert_int_equal(machine_call(who, hypercall_event_channel_op, 1, &a, sizeof(a)), 0);
    (void)told(who->domain);
}

static void test_virq_handler(void **state)
{
    struct domctl_request_arg r;

    (void)state;
    assert_int_equal(handler(1, VIRQ_TIMER), -EINVAL); /* each vCPU's own */
    assert_int_equal(handler(1, VIRQ_DEBUG), -EINVAL);
    assert_int_equal(handler(1, NR_VIRQS), -EINVAL);
    assert_int_equal(handler(1, UINT32_MAX), -EINVAL);
    bind_dom_exc(v0);
    bind_dom_exc(v);
    evtchn_send_host_virq(VIRQ_DOM_EXC);
    assert_true(told(dom0) && !told(dom));
    assert_int_equal(handler(1, VIRQ_DOM_EXC), 0);
    assert_int_equal(handler(1, VIRQ_DOM_EXC), 0);
    evtchn_send_host_virq(VIRQ_DOM_EXC);
    assert_true(!told(dom0) && told(dom));
    evtchn_drop_virq_handler(dom);
    r = tools_good_domain();
    assert_int_equal(domctl(v0, CREATE, 0, &r), 0);
    assert_int_equal(domctl_zero(v0, DESTROY, r.domain), 0);
    assert_true(told(dom0) && !told(dom)); /* the end of a domain that never ran is told too */
    dom->life = DOMAIN_DYING;
    assert_int_equal(handler(1, VIRQ_DOM_EXC), -EINVAL);
    dom->life = DOMAIN_ALIVE;
    machine_turn();
}

static void test_end(void **state)
{
    (void)state;
    machine_kill(dom);
    machine_kill(dom0);
    assert_null(domain_find(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_create_refused),
        cmocka_unit_test(test_grant_limits),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_destroy_twice_at_once),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_info_walks),
        cmocka_unit_test(test_wallclock),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_virq_handler),
        cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
