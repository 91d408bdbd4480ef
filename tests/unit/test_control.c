/* SPDX-License-Identifier: Apache-2.0 */
/* What control hypercalls do with memory, and what all of them do with bad input. */
#include "unit.h"

#include "machine.h"

#include <hearth/abi_types.h>
#include <hearth/evtchn.h>
#include <hearth/grant.h>

static struct domain *dom0, *dom;
static struct vcpu *v0, *v;

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    machine_boot(1);
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, 8);
    dom = machine_domain(1, &machine_config, 8);
    v0 = dom0->vcpu[0];
    v = dom->vcpu[0];
    return 0;
}

#define CALL(vcpu, fn, cmd, arg) machine_call(vcpu, hypercall_##fn, cmd, &(arg), sizeof(arg))

/* cmd with its argument at an address that is not mapped. */
static int64_t call_fault(struct vcpu *who, machine_call_fn fn, uint64_t cmd)
{
    struct hypercall_args args = {.arg = {cmd, 0xdead0000}};
    int64_t rc;

    this_cpu()->current = who;
    rc = fn(who, &args);
    this_cpu()->current = NULL;
    return rc;
}

/* --- memory_op --- */

static int64_t reservation(struct vcpu *who, uint64_t cmd, domid_t id, const uint64_t *gfns,
                           uint64_t n, uint32_t order)
{
    struct memory_reservation_arg a = {.extent_start = guest_ptr(machine_ga(1)),
                                       .nr_extents = n,
                                       .extent_order = order,
                                       .domid = id};

    memcpy(machine_va(who->domain, 1), gfns, MIN(n, 512) * sizeof(*gfns));
    return CALL(who, memory_op, cmd, a);
}

static void test_populate_decrease(void **state)
{
    uint64_t gfns[100];
    uint64_t pages = dom->tot_pages;

    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        gfns[i] = 0x1000 + i * 3;
    }
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 100, 0), 100);
    assert_int_equal(dom->tot_pages, pages + 100);
    assert_int_equal(reservation(v, 1, DOMID_SELF, gfns, 100, 0), 100);
    assert_int_equal(dom->tot_pages, pages);
    assert_int_equal(reservation(v, 1, DOMID_SELF, gfns, 100, 0), 0); /* nothing is there */

    gfns[0] = 0x2000;
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 1, 9), 1);
    assert_int_equal(dom->tot_pages, pages + 512);
    assert_int_equal(reservation(v, 1, DOMID_SELF, gfns, 1, 9), 1);
    assert_int_equal(dom->tot_pages, pages);
    machine_turn();
}

static void test_reservation_refused(void **state)
{
    uint64_t gfns[4] = {0x1000, 0x1001, UINT64_MAX, 0x1003};
    uint64_t pages = dom->tot_pages;
    uint64_t limit = dom->max_pages;

    (void)state;
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 4, 0), 2); /* up to the bad one */
    assert_int_equal(reservation(v, 1, DOMID_SELF, gfns, 4, 0), 2);
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns + 1, 1, 9), 0); /* unaligned */
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 1, 10), 0);
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 1, 64), 0);
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 1, UINT32_MAX), 0);
    assert_int_equal(reservation(v, 0, DOMID_SELF, gfns, 1, 0), 0);
    assert_int_equal(reservation(v, 6, 0, gfns, 1, 0), 0); /* not one's own, no privilege */
    assert_int_equal(reservation(v, 6, 99, gfns, 1, 0), 0);
    assert_int_equal(reservation(v, 6 | 7 << 6, DOMID_SELF, gfns, 4, 0), 7); /* starts behind */
    assert_int_equal(call_fault(v, hypercall_memory_op, 6), 0);
    dom->max_pages = pages + 1;
    assert_int_equal(reservation(v, 6, DOMID_SELF, gfns, 2, 0), 1);
    dom->max_pages = limit;
    assert_int_equal(reservation(v, 1, DOMID_SELF, gfns, 1, 0), 1);
    assert_int_equal(dom->tot_pages, pages);
}

static int64_t physmap(struct vcpu *who, domid_t id, uint32_t space, uint64_t idx, uint64_t at)
{
    struct memory_add_to_physmap_arg a = {.domid = id, .space = space, .idx = idx, .gpfn = at};

    return CALL(who, memory_op, 7, a);
}

static void test_physmap(void **state)
{
    struct memory_remove_from_physmap_arg r = {.domid = DOMID_SELF, .gpfn = 0x3000};
    struct p2m_entry e;

    (void)state;
    assert_int_equal(physmap(v, DOMID_SELF, 0, 0, 0x3000), 0);
    assert_int_equal(p2m_lookup(dom->p2m[0], gfn(0x3000), &e), 0);
    assert_true(mfn_eq(e.mfn, dom->shared_info_mfn));
    assert_int_equal(CALL(v, memory_op, 15, r), 0);
    assert_int_not_equal(CALL(v, memory_op, 15, r), 0); /* gone */
    assert_int_equal(physmap(v, DOMID_SELF, 1, 0, 0x3001), 0);
    r.gpfn = 0x3001;
    assert_int_equal(CALL(v, memory_op, 15, r), 0);

    assert_true(physmap(v, DOMID_SELF, 0, 1, 0x3000) < 0);
    assert_true(physmap(v, DOMID_SELF, 0, 0, UINT64_MAX) < 0);
    assert_true(physmap(v, DOMID_SELF, 1, UINT64_MAX, 0x3000) < 0);
    assert_int_equal(physmap(v, DOMID_SELF, 3, 0, 0x3000), 0); /* a range of none */
    assert_int_equal(physmap(v, DOMID_SELF, 4, 0, 0x3000), -ENOSYS);
    assert_true(physmap(v, DOMID_SELF, 5, 0x40000, 0x3000) < 0);
    assert_true(physmap(v, DOMID_SELF, UINT32_MAX, 0, 0x3000) < 0);
    assert_int_equal(physmap(v, 0, 0, 0, 0x3000), -EPERM);
    assert_int_equal(physmap(v, 99, 0, 0, 0x3000), -ESRCH);
    r.gpfn = UINT64_MAX;
    assert_true(CALL(v, memory_op, 15, r) < 0);
    machine_turn();
}

/* dom0's memory_op, with other work always waiting, until it is done: so often it came again. */
static int64_t restarted(struct hypercall_args *args, unsigned int *restarts)
{
    int64_t rc;

    this_cpu()->current = v0;
    this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
    for (*restarts = 0; (rc = hypercall_memory_op(v0, args)) == -ERESTART; (*restarts)++) {
    }
    this_cpu()->current = NULL;
    return rc;
}

/* A foreign batch that is preempted goes on where it stopped; a bad item fails alone. */
static void test_batch(void **state)
{
    enum {
        N = 150
    };
    uint64_t *idxs = machine_va(dom0, 1), *gpfns = machine_va(dom0, 2);
    int32_t *errs = machine_va(dom0, 3);
    struct hypercall_args args = {.arg = {23, machine_ga(0)}};
    struct memory_add_to_physmap_batch_arg a = {.domid = DOMID_SELF,
                                                .space = 4,
                                                .size = N,
                                                .foreign_domid = 1,
                                                .idxs = guest_ptr(machine_ga(1)),
                                                .gpfns = guest_ptr(machine_ga(2)),
                                                .errs = guest_ptr(machine_ga(3))};
    unsigned int restarts;

    (void)state;
    for (unsigned int i = 0; i < N; i++) {
        idxs[i] = i == 77 ? 0x777777 : MACHINE_GFN + i % 8;
        gpfns[i] = 0x4000 + i;
        errs[i] = 1;
    }
    memcpy(machine_va(dom0, 0), &a, sizeof(a));
    assert_int_equal(restarted(&args, &restarts), 0);
    assert_int_equal(restarts, 2);
    for (unsigned int i = 0; i < N; i++) {
        assert_int_equal(errs[i] == 0, i != 77);
    }
    for (unsigned int i = 0; i < N; i++) {
        struct memory_remove_from_physmap_arg r = {.domid = DOMID_SELF, .gpfn = 0x4000 + i};

        assert_int_equal(CALL(v0, memory_op, 15, r) == 0, i != 77);
    }
    a.errs = guest_ptr(0xdead0000);
    assert_int_equal(CALL(v0, memory_op, 23, a), -EFAULT);
    a.space = 3;
    assert_int_equal(CALL(v0, memory_op, 23, a), -EOPNOTSUPP);
    machine_turn();
}

/* One page of `from` into d, by dom0: the error of the item. */
static int32_t foreign(domid_t d, domid_t from)
{
    int32_t *err = machine_va(dom0, 3);
    struct memory_add_to_physmap_batch_arg a = {.domid = d,
                                                .space = 4,
                                                .size = 1,
                                                .foreign_domid = from,
                                                .idxs = guest_ptr(machine_ga(1)),
                                                .gpfns = guest_ptr(machine_ga(2)),
                                                .errs = guest_ptr(machine_ga(3))};

    *(uint64_t *)machine_va(dom0, 1) = MACHINE_GFN;
    *(uint64_t *)machine_va(dom0, 2) = 0x5000;
    *err = 1;
    assert_int_equal(CALL(v0, memory_op, 23, a), 0);
    return *err;
}

/* Who is to reach the memory must be allowed to, not only who makes the call. */
static void test_foreign(void **state)
{
    struct domain *other = machine_domain(2, &machine_config, 8);
    struct memory_remove_from_physmap_arg r = {.domid = DOMID_SELF, .gpfn = 0x5000};

    (void)state;
    assert_int_equal(foreign(1, 0), -ESRCH); /* XEN-ABI: the caller, by its id */
    assert_int_equal(foreign(1, DOMID_SELF), -EPERM);
    assert_int_equal(foreign(1, 1), -EINVAL);
    assert_int_equal(foreign(1, 2), -EPERM);
    assert_int_equal(foreign(1, 99), -ESRCH);
    assert_int_equal(foreign(DOMID_SELF, 2), 0);
    assert_int_equal(CALL(v0, memory_op, 15, r), 0);
    machine_kill(other);
}

/* A start above the command, where there is nothing to go on with. */
static void test_start(void **state)
{
    static const struct {
        uint64_t cmd;
        int64_t rc;
    } rows[] = {{2, -EINVAL},  {3, -EINVAL},  {4, -EINVAL},  {14, -EINVAL},
                {15, -EINVAL}, {16, -ENOSYS}, {23, -ENOSYS}, {63, -ENOSYS}};
    struct memory_add_to_physmap_arg a = {.domid = DOMID_SELF, .gpfn = 0x3000};
    struct memory_remove_from_physmap_arg r = {.domid = DOMID_SELF, .gpfn = 0x3000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(call_fault(v, hypercall_memory_op, rows[i].cmd | 1 << 6), rows[i].rc);
    }
    assert_int_equal(CALL(v, memory_op, 7 | 1 << 6, a), 0);
    assert_int_equal(CALL(v, memory_op, 15, r), 0);
    machine_turn();
}

/* --- Bad input --- */

/* Numbers that do not exist, of all hypercalls; arguments that are not mapped. */
static void test_unknown(void **state)
{
    static const machine_call_fn all[] = {
        hypercall_memory_op,  hypercall_xen_version,      hypercall_grant_table_op,
        hypercall_vcpu_op,    hypercall_event_channel_op, hypercall_sched_op,
        hypercall_physdev_op, hypercall_hvm_op,
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        assert_true(call_fault(v, all[i], 63) < 0);
        for (uint64_t cmd = 0; cmd < 64; cmd++) {
            (void)call_fault(v, all[i], cmd);
            (void)call_fault(v, all[i], cmd | 0xffff000000000000);
        }
        sched_clear_pause(v, PAUSE_BLOCKED);
        this_cpu()->softirq_pending = 0;
    }
    for (uint64_t nr = 0; nr < 80; nr++) {
        struct hypercall_args args = {.arg = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

        this_cpu()->current = v;
        assert_true(hypercall(v, nr, &args) <= 0);
        this_cpu()->current = NULL;
    }
}

/* What libxenforeignmemory asks: how many, then some of them; each check as Xen has it. */
static void test_acquire(void **state)
{
    const struct memory_acquire_resource_arg good = {
        .domid = 1, .type = 1, .nr_frames = 1, .frame_list = guest_ptr(machine_ga(1))};
    struct memory_acquire_resource_arg a = {.domid = 1, .type = 1};
    uint64_t *list = machine_va(dom0, 1);

    (void)state;
    assert_int_equal(CALL(v0, memory_op, 28, a), 0);
    assert_int_equal(a.nr_frames, 4);
    list[0] = 0x3000;
#define REFUSED(what, error)                                                                       \
    a = good;                                                                                      \
    what;                                                                                          \
    assert_int_equal(CALL(v0, memory_op, 28, a), error)
    REFUSED(a.domid = DOMID_SELF, -ESRCH);
    REFUSED(a.domid = 0, -EPERM);
    REFUSED(a.type = 0, -EINVAL);
    REFUSED(a.type = 2, -EINVAL);
    REFUSED(a.type = 3, -EOPNOTSUPP);
    REFUSED(a.id = 1, -EINVAL);
    REFUSED(a.pad = 1, -EINVAL);
    REFUSED(a.nr_frames = 0, -EINVAL);
    REFUSED(a.nr_frames = 5, -EINVAL);
    REFUSED(a.nr_frames = UINT32_MAX, -EINVAL);
    REFUSED(a.frame = 4, -EINVAL);
    REFUSED(a.frame = UINT64_MAX, -EINVAL);
    REFUSED(a.frame_list = guest_ptr(0), -EINVAL);
    REFUSED(a.frame_list = guest_ptr(0xdead0000), -EFAULT);
#undef REFUSED
    a = good;
    a.frame = 3;
    assert_int_equal(CALL(v0, memory_op, 28, a), 0);
    assert_int_equal(CALL(v, memory_op, 28, a), -EPERM);
}

/* More frames than are made, or mapped, between two checks; each is where it was asked for. */
static void test_acquire_is_preempted(void **state)
{
    enum {
        N = 64 + 1
    };
    struct domain_config config = machine_config;
    struct memory_acquire_resource_arg a = {
        .domid = 3, .type = 1, .nr_frames = N, .frame_list = guest_ptr(machine_ga(1))};
    struct hypercall_args args = {.arg = {28, machine_ga(0)}};
    uint64_t *list = machine_va(dom0, 1);
    struct domain *d;
    unsigned int restarts;

    (void)state;
    config.max_grant_frames = N;
    d = machine_domain(3, &config, 1);
    for (unsigned int i = 0; i < N; i++) {
        list[i] = 0x4000 + i;
    }
    for (unsigned int round = 0; round < 2; round++) {
        memcpy(machine_va(dom0, 0), &a, sizeof(a));
        assert_int_equal(restarted(&args, &restarts), 0);
        assert_int_equal(restarts, round == 0 ? N - 1 : 1);
    }
    for (unsigned int i = 0; i < N; i++) {
        struct p2m_entry e;
        mfn_t m;

        assert_int_equal(grant_shared_frame(d, i, &m), 0);
        assert_int_equal(p2m_lookup(dom0->p2m[0], gfn(0x4000 + i), &e), 0);
        assert_true(mfn_eq(e.mfn, m));
        assert_int_equal(p2m_unmap(dom0->p2m[0], gfn(0x4000 + i), 1), 0);
    }
    machine_kill(d);
}

/* Each item of a batch may make a frame: none goes without a check, none fails by it. */
static void test_batch_of_grant_frames(void **state)
{
    uint64_t *idxs = machine_va(dom0, 1), *gpfns = machine_va(dom0, 2);
    int32_t *errs = machine_va(dom0, 3);
    struct hypercall_args args = {.arg = {23, machine_ga(0)}};
    struct memory_add_to_physmap_batch_arg a = {.domid = 1,
                                                .space = 1,
                                                .size = 2,
                                                .idxs = guest_ptr(machine_ga(1)),
                                                .gpfns = guest_ptr(machine_ga(2)),
                                                .errs = guest_ptr(machine_ga(3))};
    unsigned int restarts;

    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        idxs[i] = 1 + 2 * i; /* frames 1 to 3 are to be made */
        gpfns[i] = 0x4000 + i;
        errs[i] = 1;
    }
    memcpy(machine_va(dom0, 0), &a, sizeof(a));
    assert_int_equal(restarted(&args, &restarts), 0);
    assert_int_equal(restarts, 3);
    assert_int_equal(errs[0] | errs[1], 0);
    machine_turn();
}

/* A device's page is the hardware domain's own to place. */
static void test_devices(void **state)
{
    struct memory_add_to_physmap_arg a = {.domid = 1, .space = 5, .gpfn = 0x3000};

    (void)state;
    assert_int_equal(CALL(v, memory_op, 7, a), -EACCES);
    assert_int_equal(CALL(v0, memory_op, 7, a), -EACCES);
    a.domid = DOMID_SELF;
    assert_int_equal(CALL(v0, memory_op, 7, a), -EPERM); /* it has none */
}

static void test_sched_op(void **state)
{
    struct sched_shutdown_arg down = {.reason = 6};
    struct sched_poll_arg poll = {.nr_ports = 129};
    struct sched_watchdog_arg dog = {.id = 3, .timeout = 1};
    struct sched_remote_shutdown_arg remote = {.domain_id = 1, .reason = 99};

    (void)state;
    assert_int_equal(CALL(v, sched_op, 2, down), -EINVAL);
    assert_int_equal(CALL(v, sched_op, 5, down), -EINVAL);
    assert_int_equal(CALL(v, sched_op, 3, poll), -EINVAL);
    assert_int_equal(CALL(v, sched_op, 6, dog), -EINVAL);
    dog = (struct sched_watchdog_arg){.id = 1, .timeout = 1}; /* not taken yet */
    assert_int_equal(CALL(v, sched_op, 6, dog), -EINVAL);
    dog.id = 0;
    assert_int_equal(CALL(v, sched_op, 6, dog), 1);
    assert_int_equal(CALL(v, sched_op, 6, dog), 2);
    assert_int_equal(CALL(v, sched_op, 6, dog), -ENOSPC);
    for (dog.id = 1, dog.timeout = 0; dog.id < 3; dog.id++) {
        assert_int_equal(CALL(v, sched_op, 6, dog), 0);
    }
    assert_int_equal(CALL(v, sched_op, 4, remote), -EPERM);
    assert_int_equal(CALL(v0, sched_op, 4, remote), -EINVAL);
    remote.domain_id = DOMID_SELF;
    assert_int_equal(CALL(v0, sched_op, 4, remote), -ESRCH);
    remote.domain_id = 1;
    /* The reason that was fixed before is the one that counts. */
    down.reason = SHUTDOWN_REBOOT;
    assert_int_equal(CALL(v, sched_op, 5, down), 0);
    down.reason = SHUTDOWN_CRASH;
    assert_int_equal(CALL(v, sched_op, 5, down), 0);
    remote.reason = SHUTDOWN_POWEROFF;
    assert_int_equal(CALL(v0, sched_op, 4, remote), 0);
    assert_int_equal(dom->shutdown_code, SHUTDOWN_REBOOT);
    domain_resume(dom);
}

static host_translate_fn translate;
static unsigned int looks; /* at the list of ports */

/* Another vCPU spoils the list after the first look. */
static int translate_and_spoil(struct vcpu *who, guest_ptr_t va, bool write, mfn_t *frame)
{
    if (va.a == machine_ga(1) && looks++ != 0) {
        *(evtchn_port_t *)machine_va(who->domain, 1) = 9999;
    }
    return translate(who, va, write, frame);
}

static void test_poll_reads_once(void **state)
{
    struct sched_poll_arg poll = {.ports = guest_ptr(machine_ga(1)), .nr_ports = 1};
    evtchn_port_t port;

    (void)state;
    assert_int_equal(evtchn_alloc_unbound(dom, 0, &port), 0);
    assert_true(evtchn_raise_waiting(dom, port));
    *(evtchn_port_t *)machine_va(dom, 1) = port;
    translate = host_translate;
    host_translate = translate_and_spoil;
    assert_int_equal(CALL(v, sched_op, 3, poll), 0);
    host_translate = translate;
    assert_int_equal(looks, 1);
}

static void test_hvm_op(void **state)
{
    struct hvm_param_arg p = {.domid = DOMID_SELF, .index = 0, .value = 5};

    (void)state;
    assert_int_equal(CALL(v, hvm_op, 0, p), -EPERM); /* the control domain's to set */
    p.domid = 1;
    assert_int_equal(CALL(v0, hvm_op, 0, p), 0);
    p.domid = DOMID_SELF;
    p.value = 0;
    assert_int_equal(CALL(v, hvm_op, 1, p), 0);
    assert_int_equal(p.value, 5);
    p.index = 1; /* the control domain's to set */
    assert_int_equal(CALL(v, hvm_op, 0, p), -EPERM);
    assert_int_equal(CALL(v, hvm_op, 1, p), 0);
    p.index = 28; /* the monitor's ring is none of the guest's business */
    assert_int_equal(CALL(v, hvm_op, 1, p), -EPERM);
    for (p.index = 27; p.index < 30; p.index += 2) { /* XEN-ABI: the two beside it are no more */
        p.domid = 1;
        assert_int_equal(CALL(v0, hvm_op, 0, p), -EINVAL);
    }
    p.domid = DOMID_SELF;
    for (p.index = 38; p.index < 70; p.index++) {
        assert_int_equal(CALL(v, hvm_op, 0, p), -EINVAL);
    }
    p.index = UINT32_MAX;
    assert_int_equal(CALL(v, hvm_op, 1, p), -EINVAL);
    p = (struct hvm_param_arg){.domid = 0};
    assert_int_equal(CALL(v, hvm_op, 0, p), -EPERM);
}

static void test_vcpu_op(void **state)
{
    struct vcpu_register_vcpu_info_arg a = {.gfn = MACHINE_GFN + 7, .offset = PAGE_SIZE - 8};
    struct hypercall_args args = {.arg = {3, 2}};

    (void)state;
    this_cpu()->current = v;
    assert_int_equal(hypercall_vcpu_op(v, &args), -ENOENT); /* no such vCPU */
    args = (struct hypercall_args){.arg = {10, 0, machine_ga(0)}};
    for (unsigned int i = 0; i < 4; i++) {
        static const struct vcpu_register_vcpu_info_arg bad[] = {
            {.gfn = MACHINE_GFN + 7, .offset = PAGE_SIZE - 8},
            {.gfn = MACHINE_GFN + 7, .offset = 4},
            {.gfn = 0x777777},
            {.gfn = UINT64_MAX},
        };

        memcpy(machine_va(dom, 0), &bad[i], sizeof(a));
        assert_true(hypercall_vcpu_op(v, &args) < 0);
    }
    a.offset = 64;
    for (unsigned int i = 0; i < 2; i++) { /* once only */
        memcpy(machine_va(dom, 0), &a, sizeof(a));
        assert_int_equal(hypercall_vcpu_op(v, &args), i == 0 ? 0 : -EINVAL);
    }
    assert_ptr_equal(v->info, (char *)machine_va(dom, 7) + 64);
    this_cpu()->current = NULL;
}

static void test_platform_physdev(void **state)
{
    struct physdev_pci_device_add_arg pci = {.bus = 1};
    struct platform_op_arg op = {.interface_version = 1};
    struct hypercall_args args = {.arg = {machine_ga(0)}};

    (void)state;
    assert_int_equal(CALL(v, physdev_op, 25, pci), -EPERM);
    assert_int_equal(CALL(v0, physdev_op, 25, pci), 0);
    assert_int_equal(CALL(v0, physdev_op, 25, pci), 0);
    assert_int_equal(CALL(v0, physdev_op, 26, pci), 0);
    assert_int_equal(CALL(v0, physdev_op, 26, pci), -ENODEV);
    assert_int_equal(hypercall_platform_op(v, &args), -EPERM);
    memcpy(machine_va(dom0, 0), &op, sizeof(op));
    this_cpu()->current = v0;
    assert_int_equal(hypercall_platform_op(v0, &args), -EACCES);
    this_cpu()->current = NULL;
}

static void test_multicall(void **state)
{
    struct multicall_entry_arg *e = machine_va(dom, 0);
    struct hypercall_args args = {.arg = {machine_ga(0), 3}};

    (void)state;
    memset(e, 0, 4 * sizeof(*e));
    e[0].op = 17;
    e[1].op = 13; /* itself: refused, the others go on */
    e[2].op = 9999;
    this_cpu()->current = v;
    assert_int_equal(hypercall_multicall(v, &args), 0);
    assert_int_equal(e[0].result, 4 << 16 | 17);
    assert_int_equal((int64_t)e[1].result, -EINVAL);
    assert_int_equal((int64_t)e[2].result, -ENOSYS);

    args = (struct hypercall_args){.arg = {0xdead0000, 1}};
    assert_int_equal(hypercall_multicall(v, &args), -EFAULT);
    args = (struct hypercall_args){.arg = {UINT64_MAX - 7, UINT32_MAX}};
    assert_int_equal(hypercall_multicall(v, &args), -EFAULT);

    args = (struct hypercall_args){.arg = {machine_ga(0), 3}};
    this_cpu()->softirq_pending = 1UL << SOFTIRQ_RCU;
    assert_int_equal(hypercall_multicall(v, &args), -ERESTART);
    assert_int_equal(args.arg[1], 2);
    assert_int_equal(args.arg[0], machine_ga(0) + sizeof(*e));
    this_cpu()->current = NULL;
    machine_turn();
}

/* After all of this, both domains go without a trace. */
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
        cmocka_unit_test(test_populate_decrease), cmocka_unit_test(test_reservation_refused),
        cmocka_unit_test(test_physmap),           cmocka_unit_test(test_batch),
        cmocka_unit_test(test_foreign),           cmocka_unit_test(test_start),
        cmocka_unit_test(test_unknown),           cmocka_unit_test(test_batch_of_grant_frames),
        cmocka_unit_test(test_acquire),           cmocka_unit_test(test_acquire_is_preempted),
        cmocka_unit_test(test_devices),           cmocka_unit_test(test_sched_op),
        cmocka_unit_test(test_poll_reads_once),   cmocka_unit_test(test_hvm_op),
        cmocka_unit_test(test_vcpu_op),           cmocka_unit_test(test_platform_physdev),
        cmocka_unit_test(test_multicall),         cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
