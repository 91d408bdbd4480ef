/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual UART with a ring behind it: vuart_op, both directions, bad indexes, its channel, end.
 */
#include "unit.h"

#include <xen/io/console.h>

#include "audit.h"
#include "tools.h"

#include <hearth/abi_types.h>
#include <hearth/boot.h>
#include <hearth/evtchn.h>
#include <hearth/shared.h>
#include <hearth/vuart.h>

#include "common/vuart/private.h"

#define VUART_OP 81U
#define RING     3U /* the page of the domain */

static_assert(sizeof(struct console_ring) == sizeof(struct xencons_interface), "ring");
static_assert(CONSOLE_RING_IN == sizeof(((struct xencons_interface *)0)->in), "ring");
static_assert(CONSOLE_RING_OUT == sizeof(((struct xencons_interface *)0)->out), "ring");
#define SAME(field)                                                                                \
    static_assert(                                                                                 \
        offsetof(struct console_ring, field) == offsetof(struct xencons_interface, field), #field)
SAME(in);
SAME(out);
SAME(in_cons);
SAME(in_prod);
SAME(out_cons);
SAME(out_prod);

static struct domain *dom0, *dom;
static struct vcpu *v0, *v;
static struct console_ring *ring;

static int boot(void **state)
{
    static const struct mem_range bank = {HOST_RAM_START, HOST_RAM_START + MiB(8)};

    (void)state;
    host_boot_banks(1, &bank, 1, true);
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
    config = machine_config;
    config.nr_spis = 1;
    dom = machine_domain(1, &config, 8);
    dom0->tools_pause_count = dom->tools_pause_count = 1;
    v0 = dom0->vcpu[0];
    v = dom->vcpu[0];
    ring = machine_va(dom, RING);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (domid_t id = 0; id < 4; id++) {
        if (domain_find(id) != NULL) {
            machine_kill(domain_find(id));
        }
    }
    return 0;
}

static struct domctl_request_arg good(void)
{
    return (struct domctl_request_arg){
        .u.vuart_op = {.gfn = MACHINE_GFN + RING, .console_domid = 0}};
}

static evtchn_port_t init(void)
{
    struct domctl_request_arg r = good();

    assert_int_equal(domctl(v0, VUART_OP, 1, &r), 0);
    assert_int_not_equal(r.u.vuart_op.evtchn, 0);
    return r.u.vuart_op.evtchn;
}

static int64_t event(struct vcpu *who, uint64_t cmd, void *arg, size_t size)
{
    return machine_call(who, hypercall_event_channel_op, cmd, arg, size);
}

static evtchn_port_t bind(evtchn_port_t remote)
{
    struct evtchn_bind_interdomain_arg a = {.remote_dom = 1, .remote_port = remote};

    assert_int_equal(event(v0, 0, &a, sizeof(a)), 0);
    return a.local_port;
}

static int64_t send(struct vcpu *who, evtchn_port_t port)
{
    struct evtchn_send_arg a = {port};

    return event(who, 4, &a, sizeof(a));
}

/* Whether dom0's end is pending, and then it is not. */
static bool told(evtchn_port_t port)
{
    struct guest_shared_info *shared = dom0->shared_info;
    unsigned long *word = &shared->evtchn_pending[port / BITS_PER_LONG];
    unsigned long bit = 1UL << port % BITS_PER_LONG;
    bool was = (*word & bit) != 0;

    *word &= ~bit;
    return was;
}

static uint64_t get(uint32_t reg)
{
    uint64_t value = ~0ULL;

    assert_true(vpl011_mmio(v, gaddr(HOST_VUART_BASE + reg), false, 4, &value));
    return value;
}

static void put(uint32_t reg, uint64_t value)
{
    assert_true(vpl011_mmio(v, gaddr(HOST_VUART_BASE + reg), true, 4, &value));
}

static bool line(void)
{
    return dom->arch.line[HOST_VUART_LINE];
}

static void sound(void)
{
    const char *bad = audit_machine(NULL);

    if (bad != NULL) {
        fail_msg("%s", bad);
    }
}

/* --- vuart_op --- */

static void test_refused(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        unsigned int size;
        int rc;
    } rows[] = {
        {offsetof(struct domctl_vuart_op_arg, cmd), 1, 4, -EINVAL},
        {offsetof(struct domctl_vuart_op_arg, type), 1, 4, -EOPNOTSUPP},
        {offsetof(struct domctl_vuart_op_arg, gfn), MACHINE_GFN + 100, 8, -EINVAL},
        {offsetof(struct domctl_vuart_op_arg, gfn), UINT64_MAX, 8, -EINVAL},
        {offsetof(struct domctl_vuart_op_arg, pad), 1, 1, -EINVAL},
        {offsetof(struct domctl_vuart_op_arg, pad) + 1, 1, 1, -EINVAL},
    };
    size_t heap = heap_in_use();
    struct domctl_request_arg r;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        r = good();
        memcpy(&r.u.raw[rows[i].at], &rows[i].value, rows[i].size);
        assert_int_equal(domctl(v0, VUART_OP, 1, &r), rows[i].rc);
        assert_null(dom->vuart);
    }
    r = good();
    assert_int_equal(domctl(v, VUART_OP, 1, &r), -EPERM);
    r = good();
    r.u.vuart_op.gfn = MACHINE_GFN + 1;
    assert_int_equal(p2m_unmap(dom->p2m[0], gfn(MACHINE_GFN + 1), 1), 0);
    assert_int_equal(domctl(v0, VUART_OP, 1, &r), -EINVAL);
    r = good();
    dom->config.nr_spis = 0;
    assert_int_equal(domctl(v0, VUART_OP, 1, &r), -EINVAL);
    dom->config.nr_spis = 1;
    assert_int_equal(heap_in_use(), heap);

    (void)init();
    r = good();
    assert_int_equal(domctl(v0, VUART_OP, 1, &r), -EINVAL); /* it has one */
    host_advance(1);
    assert_int_equal(domain_tools_unpause(dom), 0);
    r = good();
    assert_int_equal(domctl(v0, VUART_OP, 1, &r), -EPERM);
    sound();
}

/* Without a free port the page is given back. */
static void test_no_port(void **state)
{
    struct domctl_request_arg r = good();
    struct evtchn_alloc_unbound_arg a;
    struct evtchn_close_arg c = {5};

    (void)state;
    do {
        a = (struct evtchn_alloc_unbound_arg){.dom = DOMID_SELF};
    } while (event(v, 6, &a, sizeof(a)) == 0);
    assert_int_equal(domctl(v0, VUART_OP, 1, &r), -ENOSPC);
    assert_null(dom->vuart);
    sound();
    assert_int_equal(event(v, 3, &c, sizeof(c)), 0);
    assert_int_equal(init(), 5);
    sound();
}

/* --- The channel is the hypervisor's --- */

static void test_channel(void **state)
{
    evtchn_port_t own = init(), back;
    struct evtchn_bind_vcpu_arg b = {.port = own, .vcpu = 1};
    struct evtchn_status_arg s = {.dom = DOMID_SELF, .port = own};
    struct evtchn_reset_arg reset = {.dom = DOMID_SELF};
    struct evtchn_close_arg close = {own};

    (void)state;
    assert_int_equal(event(v, 5, &s, sizeof(s)), 0);
    assert_int_equal(s.status, 1);
    assert_int_equal(s.vcpu, 0);
    assert_int_equal(s.u.unbound.dom, 0);
    back = bind(own);
    assert_int_equal(event(v, 5, &s, sizeof(s)), 0);
    assert_int_equal(s.status, 2);
    assert_int_equal(s.vcpu, 0);
    assert_int_equal(s.u.interdomain.port, back);
    assert_true(told(back)); /* as each binding */

    assert_int_equal(send(v, own), -EINVAL);
    assert_int_equal(event(v, 3, &close, sizeof(close)), -EINVAL);
    assert_int_equal(event(v, 8, &b, sizeof(b)), -EINVAL);
    assert_int_equal(event(v, 10, &reset, sizeof(reset)), 0);
    assert_true(evtchn_port_is_own(dom, own));
    assert_false(told(back));
    sound();

    /* The audit knows its channel. */
    dom->vuart->port++;
    assert_non_null(strstr(audit_machine(NULL), "a channel that is not its"));
    dom->vuart->port--;
    dom->vuart->tell = true;
    assert_non_null(strstr(audit_machine(NULL), "is busy"));
    dom->vuart->tell = false;

    /* The back end goes, and another comes. */
    close.port = back;
    assert_int_equal(event(v0, 3, &close, sizeof(close)), 0);
    put(VUART_DR, 'a');
    sound();
    back = bind(own);
    assert_true(told(back));
    put(VUART_DR, 'b');
    assert_true(told(back));
    assert_memory_equal(ring->out, "ab", 2);
}

/* --- Bytes --- */

static void test_output(void **state)
{
    evtchn_port_t back = bind(init());

    (void)state;
    (void)told(back);
    put(VUART_IMSC, VUART_INT_TX);
    for (unsigned int i = 0; i < CONSOLE_RING_OUT; i++) {
        assert_int_equal(get(VUART_FR) & (VUART_FR_TXFF | VUART_FR_TXFE), VUART_FR_TXFE);
        put(VUART_DR, i & 0xff);
        assert_true(told(back));
        assert_int_equal(ring->out_prod, i + 1);
        assert_int_equal(line(), i + 1 < CONSOLE_RING_OUT);
    }
    /* Full: what comes now is lost, and no index moves. */
    assert_int_equal(get(VUART_FR) & (VUART_FR_TXFF | VUART_FR_TXFE), VUART_FR_TXFF);
    put(VUART_DR, 'x');
    assert_false(told(back));
    assert_int_equal(ring->out_prod, CONSOLE_RING_OUT);
    for (unsigned int i = 0; i < CONSOLE_RING_OUT; i++) {
        assert_int_equal(ring->out[i], i & 0xff);
    }
    ring->out_cons = 1;
    assert_false(line());
    assert_int_equal(send(v0, back), 0);
    assert_true(line());
    assert_int_equal(get(VUART_FR) & (VUART_FR_TXFF | VUART_FR_TXFE), VUART_FR_TXFE);
    put(VUART_DR, 'y');
    assert_int_equal(ring->out[0], 'y');
    assert_false(line());
}

static void test_input(void **state)
{
    evtchn_port_t back = bind(init());

    (void)state;
    put(VUART_IMSC, VUART_INT_RX);
    assert_int_equal(get(VUART_FR) & VUART_FR_RXFE, VUART_FR_RXFE);
    (void)told(back);
    for (unsigned int i = 0; i < CONSOLE_RING_IN; i++) {
        ring->in[i] = (uint8_t)(i * 7);
    }
    ring->in_prod = CONSOLE_RING_IN;
    assert_false(line());
    assert_int_equal(send(v0, back), 0);
    assert_true(line());
    assert_int_equal(get(VUART_FR) & (VUART_FR_RXFE | VUART_FR_RXFF), VUART_FR_RXFF);
    for (unsigned int i = 0; i < CONSOLE_RING_IN; i++) {
        assert_int_equal(get(VUART_DR), (uint8_t)(i * 7));
        assert_true(told(back));
        assert_int_equal(ring->in_cons, i + 1);
    }
    assert_false(line());
    assert_int_equal(get(VUART_DR), 0);
    assert_false(told(back));
    /* The console has no part in it. */
    vpl011_rx(dom, 'c');
    assert_false(line());
    assert_false(vpl011_on_console(dom));
}

/* Whatever the domain uses, and says, about the port. */
static void test_fifo_and_lies(void **state)
{
    struct evtchn_init_control_arg fifo = {.control_gfn = MACHINE_GFN + 5};
    struct guest_shared_info *shared = dom->shared_info;
    evtchn_port_t own = init(), back = bind(own);

    (void)state;
    put(VUART_IMSC, VUART_INT_RX);
    shared->evtchn_pending[own / BITS_PER_LONG] = ~0UL; /* its own loss */
    ring->in_prod = 1;
    assert_int_equal(send(v0, back), 0);
    shared->evtchn_pending[own / BITS_PER_LONG] = 0;
    assert_int_equal(send(v0, back), 0);
    assert_true(line());
    (void)get(VUART_DR);
    assert_false(line());
    assert_int_equal(event(v, 11, &fifo, sizeof(fifo)), 0);
    ring->in_prod = 2;
    assert_int_equal(send(v0, back), 0);
    assert_true(line());
    sound();
}

/* Whatever either side writes into the indexes, Hearth stays within the ring and goes on. */
static void test_bad_indexes(void **state)
{
    static const uint32_t bad[] = {CONSOLE_RING_IN + 1, 1U << 31, UINT32_MAX};
    evtchn_port_t back = bind(init());

    (void)state;
    put(VUART_IMSC, VUART_INT_RX | VUART_INT_TX);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ring->in_prod = bad[i];
        ring->in_cons = bad[i] / 3;
        assert_int_equal(send(v0, back), 0);
        assert_false(line());
        assert_int_equal(get(VUART_DR), 0);
    }
    ring->in_prod = 1;
    assert_int_equal(send(v0, back), 0);
    assert_true(line());
    (void)get(VUART_DR);
    assert_int_equal(ring->in_cons, 1);

    ring->out_cons = 5; /* more than was produced */
    put(VUART_DR, 'a');
    assert_int_equal(get(VUART_FR) & VUART_FR_TXFF, VUART_FR_TXFF);
    ring->out_prod = 77;
    ring->out_cons = 0;
    assert_int_equal(send(v0, back), 0);
    put(VUART_DR, 'b');
    assert_int_equal(ring->out_prod, 1);
    assert_int_equal(ring->out[0], 'b');
}

/* --- Its end, and its record --- */

static void test_end(void **state)
{
    evtchn_port_t back = bind(init());
    struct page_stats before, after;

    (void)state;
    page_stats(&before);
    put(VUART_DR, 'a');
    (void)told(back);
    machine_kill(dom);
    assert_null(domain_find(1));
    page_stats(&after);
    assert_true(after.guest == before.guest - 8);
    assert_false(told(back));
    assert_int_equal(send(v0, back), 0); /* nobody is there */
    sound();
}

static void test_record(void **state)
{
    static uint64_t record[8192 / 8];
    struct state_stream s = {.data = (void *)record, .size = sizeof(record)};
    evtchn_port_t own = init(), back = bind(own);
    struct state_header h;
    struct vuart *u;
    const void *body;

    (void)state;
    put(VUART_DR, 'a');
    ring->in[0] = 'z';
    ring->in_prod = 1;
    vpl011_state_save(dom, &s);
    assert_int_equal(s.error, 0);
    s = (struct state_stream){.data = (void *)record, .size = s.pos};
    assert_int_equal(state_next(&s, &h, &body), 0);

    /* Into one that has a ring, or whose port is the guest's: no. */
    assert_int_equal(vpl011_state_load(dom, &h, body), -EINVAL);
    vpl011_release(dom);
    u = dom->vuart;
    dom->vuart = NULL;
    heap_free(u);
    assert_int_equal(vpl011_init(dom, gaddr(HOST_VUART_BASE), HOST_VUART_LINE), 0);
    u = dom->vuart;
    ((uint8_t *)(uintptr_t)body)[32] ^= 1; /* the port */
    assert_int_equal(vpl011_state_load(dom, &h, body), -EINVAL);
    ((uint8_t *)(uintptr_t)body)[32] ^= 1;
    ((uint8_t *)(uintptr_t)body)[25] ^= 0x80; /* the gfn */
    assert_int_equal(vpl011_state_load(dom, &h, body), -EINVAL);
    ((uint8_t *)(uintptr_t)body)[25] ^= 0x80;
    assert_null(u->ring);
    assert_int_equal(vpl011_state_load(dom, &h, body), 0);
    assert_int_equal(u->port, own);
    assert_int_equal(get(VUART_DR), 'z');
    (void)told(back);
    put(VUART_DR, 'b');
    assert_true(told(back));
    assert_memory_equal(ring->out, "ab", 2);
    sound();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refused),       TEST(test_no_port), TEST(test_channel),
        TEST(test_output),        TEST(test_input),   TEST(test_bad_indexes),
        TEST(test_fifo_and_lies), TEST(test_end),     TEST(test_record),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
