// SPDX-License-Identifier: Apache-2.0
/*
 * Measures single operations. Prints one line for each with virtual counter ticks; under QEMU's
 * -icount shift=0 one tick of the 62.5 MHz counter is 16 instructions. tests/bench takes the exact
 * figures from the markers. Options: n=COUNT; grow=1 (domains), 2 (grants), 3 (channels): the
 * operations whose cost must not grow, again and again while there are more of these. worst=1: the
 * longest calls.
 */
#include <guest.h>
#include <hypercall.h>

#include <xen/sysctl.h>

#include "bench.h"

#define NS_PER_S 1000000000ULL

uint64_t count;
static uint64_t started_at;

void begin(void)
{
    started_at = timer_now();
}

void end(const char *name)
{
    uint64_t ticks = timer_now() - started_at;
    uint64_t tenths = ticks * (NS_PER_S / timer_frequency()) * 10 / count;

    print("bench %-14s n=%lu ticks=%lu per_op=%lu.%lu\n", name, (unsigned long)count,
          (unsigned long)ticks, (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
}

static void bench_plain(void)
{
    begin();
    loop_empty(count);
    end("empty");
    begin();
    loop_null(count);
    end("null");
    begin();
    loop_version(count);
    end("version");
    begin();
    loop_id_register(count);
    end("id_register");
    begin();
    loop_gicd_read(count, platform.gicd + 4);
    end("gicd_read");
    begin();
    loop_psci_version(count);
    end("psci_version");
    begin();
    loop_yield(count);
    end("yield");
}

void bench_event(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_send send;
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &unbound);

    bind.remote_port = unbound.port;
    rc = rc != 0 ? rc : evtchn_op(EVTCHNOP_bind_interdomain, &bind);
    send.port = bind.local_port;
    rc = rc != 0 ? rc : evtchn_op(EVTCHNOP_send, &send);
    test_equal(rc, 0, "event channel to self");
    begin();
    loop_evtchn_send(count, &send);
    end("evtchn_send");
}

static void bench_interrupts(void)
{
    if (platform.gic_version != 3) {
        test_skip("interrupt loops", "GICv3 only");
        return;
    }
    gic_enable(IRQ_VTIMER);
    begin();
    test_equal((long)loop_timer(count), (long)count, "timer interrupts");
    end("timer");
    begin();
    test_equal((long)loop_self_sgi(count), (long)count, "self SGIs");
    end("self_sgi");
    gic_disable(IRQ_VTIMER);
}

/* Memory that the hypervisor keeps, as its own toolstack interface reports it. */
static void report_memory(void)
{
    static struct xen_sysctl ctl;
    long rc;

    ctl.cmd = XEN_SYSCTL_physinfo;
    ctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    rc = hypercall(__HYPERVISOR_sysctl, ADDRESS(&ctl), 0, 0, 0, 0);
    if (rc != 0) {
        print("memory unknown, physinfo answers %ld\n", rc);
        return;
    }
    print("physinfo total=%lu free=%lu own=%lu pages\n", (unsigned long)ctl.u.physinfo.total_pages,
          (unsigned long)ctl.u.physinfo.free_pages,
          (unsigned long)(platform.ram_size >> PAGE_SHIFT));
}

void test_main(void)
{
    count = boot_option("n", 2000);
    print("bench starts, n=%lu, gic v%u\n", (unsigned long)count, platform.gic_version);
    report_memory();
    if (boot_option("grow", 0) != 0) {
        bench_growth((unsigned int)boot_option("grow", 0));
        return;
    }
    if (boot_option("worst", 0) != 0) {
        bench_worst();
        return;
    }
    bench_plain();
    bench_event();
    bench_interrupts();
    bench_grants();
    bench_physmap();
    bench_physmap_alone();
    bench_domains();
    bench_frames();
    MARKER(MARK_BENCH_DONE);
}
