// SPDX-License-Identifier: Apache-2.0
/*
 * Storms of everything cheap: SGIs, hypercalls, yields, WFI, timers, console lines, for `ms` each.
 * With a second vCPU both storm: SGIs to each other, and to themselves.
 */
#include <guest.h>
#include <hypercall.h>

static volatile unsigned long interrupts[2];
static volatile bool storming = true;
static unsigned long turns;

static void on_irq(unsigned int irq)
{
    if (irq == IRQ_VTIMER) {
        timer_stop();
    }
    interrupts[cpu_number()]++;
}

static void sgi(void)
{
    gic_send_self((unsigned int)(turns % 16));
}

static void sgi_to_both(void)
{
    gic_send_cpu(1 - cpu_number(), (unsigned int)(turns % 16));
    sgi();
}

static void second(void)
{
    gic_init_cpu();
    irq_enable();
    for (unsigned int i = 0; storming; i++) {
        gic_send_cpu(0, i % 16);
        gic_send_self(i % 16);
    }
    irq_disable();
    psci_cpu_off();
}

static void wild_call(void)
{
    hypercall(turns * 7919, turns, turns, turns, turns, turns);
}

static void yield(void)
{
    sched_op(SCHEDOP_yield, NULL);
}

static void nap(void)
{
    irq_disable(); /* or the interrupt is over before the wait */
    timer_set(timer_now() + 100);
    wait_irq();
    irq_enable();
}

static void timer(void)
{
    timer_set(0);
}

static void line(void)
{
    print("storm storm storm storm storm storm storm storm\n");
}

static void event(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_close close;

    if (evtchn_op(EVTCHNOP_bind_ipi, &ipi) == 0) {
        send.port = ipi.port;
        close.port = ipi.port;
        evtchn_op(EVTCHNOP_send, &send);
        evtchn_op(EVTCHNOP_close, &close);
    }
}

static void storm(const char *name, void (*once)(void), uint64_t ms)
{
    uint64_t end = timer_now() + timer_frequency() / 1000 * ms;

    turns = 0;
    while (timer_now() < end) {
        once();
        turns++;
    }
    print("hostile_storm: %s %lu times\n", name, turns);
}

static void storm_of_both(uint64_t ms)
{
    test_equal(psci_cpu_on(1, second), 0, "CPU_ON");
    while (interrupts[1] == 0) {
        cpu_relax();
    }
    storm("SGI of both", sgi_to_both, ms);
    storming = false;
    test_check(interrupts[1] > 0, "vCPU 1 took %lu interrupts", interrupts[1]);
}

void test_main(void)
{
    uint64_t ms = boot_option("ms", 300);

    irq_set_handler(on_irq);
    gic_enable(IRQ_VTIMER);
    irq_enable();
    storm("SGI", sgi, ms);
    storm("hypercall", wild_call, ms);
    storm("yield", yield, ms);
    storm("WFI", nap, ms);
    storm("timer", timer, ms);
    storm("event", event, ms);
    storm("console", line, ms / 4);
    if (boot_option("cpus", 1) > 1) {
        storm_of_both(ms);
    }
    irq_disable();
    test_check(interrupts[0] > 0, "alive after %lu interrupts", interrupts[0]);
}
