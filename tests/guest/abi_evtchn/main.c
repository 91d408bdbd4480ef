// SPDX-License-Identifier: Apache-2.0
/* Event channels with the two-level ABI: every operation, its effect on the bitmaps, its errors. */
#include <guest.h>
#include <hypercall.h>

static struct shared_info *shared;

static bool pending(unsigned int port)
{
    const volatile xen_ulong_t *word = &shared->evtchn_pending[port / 64];

    return (*word & (1ULL << (port % 64))) != 0;
}

static void set_bit(xen_ulong_t *bits, unsigned int port, bool on)
{
    if (on) {
        __atomic_fetch_or(&bits[port / 64], 1ULL << (port % 64), __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(&bits[port / 64], ~(1ULL << (port % 64)), __ATOMIC_SEQ_CST);
    }
}

static long send(unsigned int port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

static long close_port(unsigned int port)
{
    struct evtchn_close op = {.port = port};

    return evtchn_op(EVTCHNOP_close, &op);
}

static long unmask(unsigned int port)
{
    struct evtchn_unmask op = {.port = port};

    return evtchn_op(EVTCHNOP_unmask, &op);
}

static long status_of(unsigned int port, struct evtchn_status *op)
{
    *op = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
    return evtchn_op(EVTCHNOP_status, op);
}

static long alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = dom, .remote_dom = remote};
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return rc;
}

static long bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote, .remote_port = remote_port};
    long rc = evtchn_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return rc;
}

static long bind_virq(unsigned int virq, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_bind_virq, &op);

    *port = op.port;
    return rc;
}

static long bind_ipi(unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_bind_ipi, &op);

    *port = op.port;
    return rc;
}

static long bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

    return evtchn_op(EVTCHNOP_bind_vcpu, &op);
}

static void check_status(evtchn_port_t port, unsigned int want, const char *name)
{
    struct evtchn_status status;

    test_equal(status_of(port, &status), 0, "status answers");
    test_equal((long)status.status, (long)want, name);
}

static void test_loopback(void)
{
    evtchn_port_t a;
    evtchn_port_t b;

    test_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0, "alloc_unbound");
    test_check(a != 0, "alloc_unbound never gives port 0");
    check_status(a, EVTCHNSTAT_unbound, "the port is unbound");
    test_equal(send(a), 0, "send to an unbound port is dropped");
    test_check(!pending(a), "and sets nothing");
    test_equal(bind_interdomain(DOMID_SELF, a, &b), 0, "bind_interdomain to self");
    check_status(b, EVTCHNSTAT_interdomain, "the local end is interdomain");
    check_status(a, EVTCHNSTAT_interdomain, "so is the other end");
    set_bit(shared->evtchn_pending, a, false);
    set_bit(shared->evtchn_pending, b, false);
    test_equal(send(b), 0, "send");
    test_check(pending(a) && !pending(b), "the other end is pending, not this one");
    test_equal(send(b), 0, "send again, already pending");
    test_equal(bind_vcpu(b, 0), 0, "bind_vcpu of an interdomain port");
    test_equal(bind_vcpu(b, BAD_VCPU), -XEN_ENOENT, "bind_vcpu to no vCPU");
    test_equal(close_port(b), 0, "close");
    check_status(b, EVTCHNSTAT_closed, "the closed port is closed");
    check_status(a, EVTCHNSTAT_unbound, "the other end is unbound again");
    test_equal(send(b), -XEN_EINVAL, "send on a closed port");
    test_equal(close_port(b), -XEN_EINVAL, "close twice");
    test_equal(close_port(a), 0, "close the other end");
    set_bit(shared->evtchn_pending, a, false);
}

static void test_virq(void)
{
    evtchn_port_t port;
    evtchn_port_t other;

    test_equal(bind_virq(VIRQ_TIMER, 0, &port), 0, "bind_virq of the timer");
    check_status(port, EVTCHNSTAT_virq, "the port is a virq");
    test_equal(bind_virq(VIRQ_TIMER, 0, &other), -XEN_EEXIST, "bind_virq twice");
    test_equal(bind_virq(NR_VIRQS, 0, &other), -XEN_EINVAL, "bind_virq beyond the last");
    test_equal(bind_virq(~0u, 0, &other), -XEN_EINVAL, "bind_virq of 2^32 - 1");
    test_equal(bind_virq(VIRQ_DEBUG, BAD_VCPU, &other), -XEN_ENOENT, "bind_virq on no vCPU");
    test_equal(bind_virq(VIRQ_DOM_EXC, 1, &other), -XEN_EINVAL, "global virq not on vCPU 0");
    test_equal(send(port), -XEN_EINVAL, "send on a virq port");
    test_equal(bind_vcpu(port, 0), -XEN_EINVAL, "bind_vcpu of a per-vCPU virq");
    test_equal(close_port(port), 0, "close the virq");
    test_equal(bind_virq(VIRQ_TIMER, 0, &port), 0, "bind it again");
    test_equal(close_port(port), 0, "and close it again");
}

static void test_ipi(void)
{
    evtchn_port_t port;
    evtchn_port_t other;

    test_equal(bind_ipi(0, &port), 0, "bind_ipi");
    check_status(port, EVTCHNSTAT_ipi, "the port is an IPI");
    test_equal(bind_ipi(BAD_VCPU, &other), -XEN_ENOENT, "bind_ipi to no vCPU");
    test_equal(bind_vcpu(port, 0), -XEN_EINVAL, "bind_vcpu of an IPI");
    test_equal(send(port), 0, "send the IPI");
    test_check(pending(port), "it is pending on the same port");
    test_equal(close_port(port), 0, "close the IPI");
    set_bit(shared->evtchn_pending, port, false);
}

static void test_mask(void)
{
    volatile struct vcpu_info *info = &shared->vcpu_info[0];
    evtchn_port_t port;

    test_equal(bind_ipi(0, &port), 0, "an IPI to mask");
    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    set_bit(shared->evtchn_mask, port, true);
    test_equal(send(port), 0, "send to a masked port");
    test_check(pending(port), "it is pending");
    test_check(info->evtchn_upcall_pending == 0, "without an upcall");
    test_equal(unmask(port), 0, "unmask");
    test_check((shared->evtchn_mask[port / 64] & (1ULL << (port % 64))) == 0, "the bit is clear");
    test_check(info->evtchn_upcall_pending != 0, "the upcall came with unmask");
    test_check((info->evtchn_pending_sel & (1ULL << (port / 64))) != 0, "the selector names it");
    test_equal(unmask(BAD_PORT), -XEN_EINVAL, "unmask of no port");
    test_equal(close_port(port), 0, "close it");
    set_bit(shared->evtchn_pending, port, false);
    info->evtchn_upcall_pending = 0;
}

static volatile unsigned int upcalls;

static void on_irq(unsigned int irq)
{
    if (irq == platform.evtchn_irq) {
        shared->vcpu_info[0].evtchn_upcall_pending = 0;
        upcalls++;
    }
}

static void test_upcall(void)
{
    evtchn_port_t port;
    uint64_t end;

    if (platform.evtchn_irq == 0) {
        test_skip("upcall interrupt", "no hypervisor node");
        return;
    }
    test_equal(bind_ipi(0, &port), 0, "an IPI for the upcall");
    set_bit(shared->evtchn_mask, port, false);
    irq_set_handler(on_irq);
    gic_enable(platform.evtchn_irq);
    shared->vcpu_info[0].evtchn_upcall_pending = 0;
    irq_enable();
    test_equal(send(port), 0, "send with interrupts on");
    end = timer_now() + 60 * timer_frequency();
    while (upcalls == 0 && timer_now() < end) {
        cpu_relax();
    }
    irq_disable();
    test_check(upcalls >= 1, "the upcall interrupt %u came", platform.evtchn_irq);
    gic_disable(platform.evtchn_irq);
    test_equal(close_port(port), 0, "close it");
}

static void test_errors(void)
{
    struct evtchn_status status;
    struct evtchn_reset reset = {.dom = BAD_DOMAIN};
    struct evtchn_set_priority priority = {.port = 1, .priority = 0};
    evtchn_port_t port;

    test_equal(alloc_unbound(BAD_DOMAIN, DOMID_SELF, &port), -XEN_ESRCH, "alloc for no domain");
    test_equal(bind_interdomain(BAD_DOMAIN, 1, &port), -XEN_ESRCH, "bind to no domain");
    test_equal(bind_interdomain(DOMID_SELF, BAD_PORT, &port), -XEN_EINVAL, "bind to no port");
    test_equal(bind_interdomain(DOMID_SELF, 0, &port), -XEN_EINVAL, "bind to port 0");
    test_equal(send(BAD_PORT), -XEN_EINVAL, "send to no port");
    test_equal(send(0), -XEN_EINVAL, "send to port 0");
    test_equal(close_port(BAD_PORT), -XEN_EINVAL, "close no port");
    test_equal(close_port(0), -XEN_EINVAL, "close port 0");
    test_equal(status_of(BAD_PORT, &status), -XEN_EINVAL, "status of no port");
    test_equal(bind_vcpu(BAD_PORT, 0), -XEN_EINVAL, "bind_vcpu of no port");
    test_equal(evtchn_op(EVTCHNOP_reset, &reset), -XEN_ESRCH, "reset of no domain");
    test_equal(evtchn_op(EVTCHNOP_set_priority, &priority), -XEN_ENOSYS,
               "set_priority without FIFO");
    test_equal(evtchn_op(99, &status), -XEN_ENOSYS, "unknown operation");
    for (unsigned int op = EVTCHNOP_bind_interdomain; op <= EVTCHNOP_reset; op++) {
        long rc = hypercall(__HYPERVISOR_event_channel_op, op, BAD_ADDRESS, 0, 0, 0);

        test_check(rc == -XEN_EFAULT, "operation %u with a bad pointer answers %ld", op, rc);
    }
}

static void test_reset(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    evtchn_port_t a;
    evtchn_port_t b;

    test_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0, "a port before reset");
    test_equal(bind_ipi(0, &b), 0, "an IPI before reset");
    test_equal(evtchn_op(EVTCHNOP_reset, &reset), 0, "reset");
    check_status(a, EVTCHNSTAT_closed, "the port is closed");
    check_status(b, EVTCHNSTAT_closed, "the IPI is closed");
}

void test_main(void)
{
    uint64_t gfn = spare_gfn(1);

    test_equal(map_frame(XENMAPSPACE_shared_info, 0, gfn), 0, "map shared_info");
    shared = (struct shared_info *)(uintptr_t)(gfn << PAGE_SHIFT);
    test_loopback();
    test_virq();
    test_ipi();
    test_mask();
    test_upcall();
    test_errors();
    test_reset();
}
