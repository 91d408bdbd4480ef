// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that wait for each other: both vCPUs of dom0 ask for the other's registers, for which the
 * other one has to stop, while each is within such a call. Both pause a domain, too.
 */
#include <builder.h>
#include <guest.h>
#include <hypercall.h>

#define ROUNDS 20000U
#define PAGES  2U

static struct side {
    struct xen_domctl call;
    struct vcpu_guest_context context PAGE_ALIGNED;
    volatile unsigned int failed, done;
} sides[2];
static domid_t other;

static void call(struct side *s, uint32_t cmd, domid_t domid)
{
    s->call.cmd = cmd;
    s->call.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    s->call.domain = domid;
    s->failed += hypercall(__HYPERVISOR_domctl, ADDRESS(&s->call), 0, 0, 0, 0) != 0;
}

static void round(unsigned int me)
{
    struct side *s = &sides[me];

    s->call.u.vcpucontext.vcpu = 1 - me;
    s->call.u.vcpucontext.ctxt.p = &s->context;
    call(s, XEN_DOMCTL_getvcpucontext, 0);
    call(s, XEN_DOMCTL_pausedomain, other);
    call(s, XEN_DOMCTL_unpausedomain, other);
    s->done++;
}

static void second(void)
{
    while (sides[1].done < ROUNDS || sides[0].done < ROUNDS) {
        round(1);
    }
    psci_cpu_off();
}

void test_main(void)
{
    test_equal(builder_make(&other, 1, PAGES), 0, "a domain");
    test_equal(psci_cpu_on(1, second), 0, "CPU_ON");
    while (sides[1].done == 0) {
        cpu_relax();
    }
    while (sides[0].done < ROUNDS) {
        round(0);
    }
    test_equal(sides[0].failed, 0, "each call of vCPU 0");
    test_equal(sides[1].failed, 0, "each call of vCPU 1");
    test_equal(builder_destroy(other), 0, "destroy");
    test_finish();
}
