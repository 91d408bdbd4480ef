/* SPDX-License-Identifier: Apache-2.0 */
/* The PV console of a guest that Hearth has started: Hearth as its back end, and others. */
#include "unit.h"

#include "audit.h"
#include "tools.h"

#include <hearth/abi_types.h>
#include <hearth/boot.h>
#include <hearth/console.h>
#include <hearth/console_ring.h>
#include <hearth/evtchn.h>
#include <hearth/shared.h>
#include <hearth/state.h>
#include <hearth/uart.h>

#define RING 3U /* the page of the domain */

static struct domain *dom0, *dom;
static struct vcpu *v0, *v;
static struct console_ring *ring;
static evtchn_port_t port;
static char text[8192];
static size_t len;

static void to_text(char c)
{
    if (len < sizeof(text) - 1) {
        text[len++] = c;
    }
}

static int boot(void **state)
{
    static const struct mem_range bank = {HOST_RAM_START, HOST_RAM_START + MiB(8)};
    static const struct uart uart = {.name = "memory", .putc = to_text};

    (void)state;
    host_boot_banks(1, &bank, 1, true);
    boot_info.cmdline = "";
    console_set_uart(&uart);
    sched_init();
    audit_begin();
    return 0;
}

static int setup(void **state)
{
    struct domain_config config = machine_config;

    (void)state;
    config.privileged = true;
    config.hardware = true;
    dom0 = machine_domain(0, &config, 8);
    dom = machine_domain(1, &machine_config, 8);
    dom0->tools_pause_count = dom->tools_pause_count = 1;
    v0 = dom0->vcpu[0];
    v = dom->vcpu[0];
    ring = machine_va(dom, RING);
    ring->out_prod = 99; /* what was there before */
    assert_int_equal(console_pv_init(dom, gfn(MACHINE_GFN + RING), &port), 0);
    assert_int_equal(ring->out_prod, 0);
    memset(text, 0, sizeof(text));
    len = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_null(audit_machine(NULL));
    for (domid_t id = 0; id < 2; id++) {
        if (domain_find(id) != NULL) {
            machine_kill(domain_find(id));
        }
    }
    assert_null(audit_machine(NULL));
    return 0;
}

static int64_t send(struct vcpu *who, evtchn_port_t at)
{
    struct evtchn_send_arg a = {at};

    return machine_call(who, hypercall_event_channel_op, 4, &a, sizeof(a));
}

static bool take_event(void)
{
    struct guest_shared_info *shared = dom->shared_info;
    unsigned long *word = &shared->evtchn_pending[port / BITS_PER_LONG];
    unsigned long bit = 1UL << port % BITS_PER_LONG;
    bool was = (*word & bit) != 0;

    *word &= ~bit;
    return was;
}

static void write_out(const char *what, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ring->out[ring->out_prod++ % CONSOLE_RING_OUT] = (uint8_t)what[i];
    }
}

static void test_output(void **state)
{
    char line[300];

    (void)state;
    write_out("one\ntwo\n", 8);
    assert_int_equal(len, 0);
    assert_int_equal(send(v, port), 0);
    assert_string_equal(text, "(XEN) DOM1: one\r\n(XEN) DOM1: two\r\n");
    assert_int_equal(ring->out_cons, 8);
    assert_true(take_event());
    assert_int_equal(send(v, port), 0); /* nothing new */
    assert_false(take_event());
    /* More than a chunk, over the ring's end, and all that it can hold. */
    memset(line, 'x', sizeof(line));
    line[99] = '\n';
    for (unsigned int i = 0; i < CONSOLE_RING_OUT / 100; i++) {
        write_out(line, 100);
    }
    len = 0;
    assert_int_equal(send(v, port), 0);
    assert_int_equal(ring->out_cons, ring->out_prod);
    assert_int_equal(len, CONSOLE_RING_OUT / 100 * (12 + 101));
}

/* It lets others have the CPU between two chunks. */
static void test_preempted(void **state)
{
    struct evtchn_send_arg a = {port};
    struct hypercall_args args = {.arg = {4, machine_ga(0)}};
    static char lines[1000];

    (void)state;
    memset(lines, '\n', sizeof(lines));
    write_out(lines, sizeof(lines));
    memcpy(machine_va(dom, 0), &a, sizeof(a));
    this_cpu()->current = v;
    for (unsigned int i = 1; i <= sizeof(lines) / 128; i++) {
        softirq_raise(SOFTIRQ_TIMER);
        assert_int_equal(hypercall_event_channel_op(v, &args), -ERESTART);
        assert_int_equal(ring->out_cons, i * 128);
    }
    assert_int_equal(hypercall_event_channel_op(v, &args), 0);
    assert_int_equal(ring->out_cons, sizeof(lines));
    this_cpu()->softirq_pending = 0;
    this_cpu()->current = NULL;
}

static void test_bad_indexes(void **state)
{
    static const uint32_t bad[] = {CONSOLE_RING_OUT + 1, 1U << 31, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ring->out_cons = 7;
        ring->out_prod = 7 + bad[i];
        assert_int_equal(send(v, port), 0);
        assert_int_equal(ring->out_cons, ring->out_prod); /* begun anew */
        assert_int_equal(len, 0);
    }
    write_out("on\n", 3);
    assert_int_equal(send(v, port), 0);
    assert_string_equal(text, "(XEN) DOM1: on\r\n");
    ring->in_prod = 5;
    ring->in_cons = 6;
    console_pv_rx(dom, 'x'); /* full, as far as it can be told: lost */
    assert_int_equal(ring->in_prod, 5);
}

static void test_input(void **state)
{
    (void)state;
    (void)take_event();
    assert_true(console_pv_takes_input(dom));
    for (unsigned int i = 0; i < CONSOLE_RING_IN + 1; i++) {
        console_pv_rx(dom, (char)i);
    }
    assert_true(take_event());
    assert_int_equal(ring->in_prod, CONSOLE_RING_IN);
    assert_int_equal(ring->in[1], 1);
    ring->in_cons = 1;
    console_pv_rx(dom, 'z');
    assert_int_equal(ring->in[0], 'z');
    assert_false(console_pv_takes_input(dom0));
}

/* Somebody else is bound: Hearth has no part in it, until he goes. */
static void test_other_back_end(void **state)
{
    struct evtchn_bind_interdomain_arg b = {.remote_dom = 1, .remote_port = port};
    struct evtchn_close_arg c;

    (void)state;
    assert_int_equal(machine_call(v0, hypercall_event_channel_op, 0, &b, sizeof(b)), 0);
    assert_false(console_pv_takes_input(dom));
    write_out("his\n", 4);
    assert_int_equal(send(v, port), 0);
    assert_int_equal(ring->out_cons, 0);
    (void)take_event();
    console_pv_rx(dom, 'a');
    assert_false(take_event());
    ring->out_cons = 4;
    c.port = b.local_port;
    assert_int_equal(machine_call(v0, hypercall_event_channel_op, 3, &c, sizeof(c)), 0);
    assert_true(console_pv_takes_input(dom));
    write_out("mine\n", 5);
    assert_int_equal(send(v, port), 0);
    assert_string_equal(text, "(XEN) DOM1: mine\r\n");
}

static void test_other_ports(void **state)
{
    evtchn_port_t other;

    (void)state;
    assert_int_equal(evtchn_alloc_unbound(dom, 0, &other), 0);
    write_out("x\n", 2);
    assert_int_equal(send(v, other), 0);
    assert_int_equal(len, 0);
}

static void test_refused(void **state)
{
    struct domain *fresh = machine_domain(2, &machine_config, 2);
    evtchn_port_t at;

    (void)state;
    fresh->tools_pause_count = 1;
    assert_int_equal(console_pv_init(fresh, gfn(MACHINE_GFN + 100), &at), -EINVAL);
    assert_null(fresh->console_pv);
    assert_false(console_pv_takes_input(fresh));
    machine_kill(fresh);
}

static void test_record(void **state)
{
    static uint64_t record[64];
    struct state_stream s = {.data = (void *)record, .size = sizeof(record)};
    struct state_header h;
    const void *body;

    (void)state;
    console_pv_state_save(dom, &s);
    assert_int_equal(s.error, 0);
    s = (struct state_stream){.data = (void *)record, .size = s.pos};
    assert_int_equal(state_next(&s, &h, &body), 0);
    assert_int_equal(console_pv_state_load(dom, &h, body), -EINVAL); /* it has one */
    console_pv_release(dom);
    console_pv_free(dom);
    ((uint8_t *)(uintptr_t)body)[12] = 1; /* reserved */
    assert_int_equal(console_pv_state_load(dom, &h, body), -EINVAL);
    ((uint8_t *)(uintptr_t)body)[12] = 0;
    ((uint8_t *)(uintptr_t)body)[1] ^= 0x40; /* no RAM there */
    assert_int_equal(console_pv_state_load(dom, &h, body), -EINVAL);
    ((uint8_t *)(uintptr_t)body)[1] ^= 0x40;
    h.length--;
    assert_int_equal(console_pv_state_load(dom, &h, body), -EINVAL);
    h.length++;
    assert_int_equal(console_pv_state_load(dom, &h, body), 0);
    write_out("again\n", 6);
    assert_int_equal(send(v, port), 0);
    assert_string_equal(text, "(XEN) DOM1: again\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_output),  TEST(test_preempted),      TEST(test_bad_indexes),
        TEST(test_input),   TEST(test_other_back_end), TEST(test_other_ports),
        TEST(test_refused), TEST(test_record),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
