/* SPDX-License-Identifier: Apache-2.0 */
/* Console input: who gets it, the switch sequence, dom0's buffer, and the console_io hypercall. */
#include "unit.h"

#include <asm/host.h>

#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/xsm.h>

#include "fake_domains.h"
#include "fake_sched.h"
#include "fake_uart.h"

static struct domain dom0, domu1, domu2, domu3;
static char keys[256], to_domu[256];
static size_t nr_keys, nr_to_domu;
static struct domain *last_domu;
static unsigned int virqs;

void debug_key(char key)
{
    keys[nr_keys++] = key;
}

void evtchn_send_global_virq(struct domain *d, uint32_t virq)
{
    assert_ptr_equal(d, &dom0);
    assert_int_equal(virq, VIRQ_CONSOLE);
    virqs++;
}

bool vpl011_on_console(const struct domain *d)
{
    return d->vuart != NULL;
}

bool console_pv_takes_input(const struct domain *d)
{
    return d->console_pv != NULL;
}

void console_pv_rx(struct domain *d, char c)
{
    (void)d;
    (void)c;
}

void vpl011_rx(struct domain *d, char c)
{
    last_domu = d;
    to_domu[nr_to_domu++] = c;
}

static void type(const char *text)
{
    while (*text != '\0') {
        console_rx(*text++);
    }
}

static int setup(void **state)
{
    (void)state;
    host_add_cpus(1);
    console_reset(true);
    fake_domains_reset();
    fake_domain_add(&dom0, 0);
    fake_domain_add(&domu1, 1);
    fake_domain_add(&domu2, 2);
    fake_domain_add(&domu3, 3);
    domu1.vuart = (struct vuart *)&domu1; /* never looked into */
    domu3.vuart = (struct vuart *)&domu3;
    nr_keys = nr_to_domu = virqs = 0;
    memset(keys, 0, sizeof(keys));
    memset(to_domu, 0, sizeof(to_domu));
    return 0;
}

#define SWITCH "\x01\x01\x01"

static void expect_text(const char *text)
{
    assert_string_equal(uart_text, text);
    uart_forget();
}

static void test_circle(void **state)
{
    (void)state;
    console_boot_done();
    assert_int_equal(uart_rx_enabled, 1);
    expect_text("(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to switch input)\r\n");
    type(SWITCH);
    expect_text("(XEN) *** Serial input to DOM1 (type 'CTRL-a' three times to switch input)\r\n");
    type("x" SWITCH); /* DOM2 has no virtual UART */
    assert_ptr_equal(last_domu, &domu1);
    expect_text("(XEN) *** Serial input to DOM3 (type 'CTRL-a' three times to switch input)\r\n");
    type("y" SWITCH);
    assert_ptr_equal(last_domu, &domu3);
    assert_string_equal(to_domu, "xy");
    expect_text("(XEN) *** Serial input to Xen (type 'CTRL-a' three times to switch input)\r\n");
    type("hq" SWITCH);
    assert_string_equal(keys, "hq");
    expect_text("(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to switch input)\r\n");
    assert_int_equal(virqs, 0);
}

static void test_fewer_switch_characters_are_input(void **state)
{
    (void)state;
    console_boot_done();
    console_switch_input();
    type("\x01"
         "a"
         "\x01\x01"
         "b");
    assert_string_equal(to_domu, "\x01"
                                 "a"
                                 "\x01\x01"
                                 "b");
}

static void test_option(void **state)
{
    (void)state;
    strcpy(options.conswitch, "Qx"); /* 'x': input stays with Hearth */
    console_boot_done();
    expect_text("(XEN) *** Serial input to Xen (type 'CTRL-q' three times to switch input)\r\n");
    type("\x11\x11\x11");
    expect_text("(XEN) *** Serial input to DOM0 (type 'CTRL-q' three times to switch input)\r\n");
    type(SWITCH);
    assert_int_equal(uart_len, 0);

    console_reset(true);
    strcpy(options.conswitch, "`");
    console_boot_done();
    expect_text("(XEN) *** Serial input to DOM0\r\n");

    console_reset(true);
    strcpy(options.conswitch, "1");
    console_boot_done();
    assert_non_null(strstr(uart_text, "'1' is not a letter"));
}

static void test_no_dom0(void **state)
{
    (void)state;
    list_del(&dom0.list);
    hardware_domain = NULL;
    console_boot_done();
    expect_text("(XEN) *** Serial input to DOM1 (type 'CTRL-a' three times to switch input)\r\n");
}

static void test_no_domains(void **state)
{
    (void)state;
    fake_domains_reset();
    console_boot_done();
    uart_forget();
    type(SWITCH "k");
    expect_text("(XEN) *** Serial input to Xen (type 'CTRL-a' three times to switch input)\r\n");
    assert_string_equal(keys, "k");
}

static void test_focus_leaves_a_domain_that_goes(void **state)
{
    (void)state;
    console_boot_done();
    console_switch_input();
    uart_forget();
    console_domain_removed(&domu3); /* not focused */
    assert_int_equal(uart_len, 0);
    console_domain_removed(&domu1);
    expect_text("(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to switch input)\r\n");
    console_domain_removed(&dom0);
    expect_text("(XEN) *** Serial input to Xen (type 'CTRL-a' three times to switch input)\r\n");
}

static void test_dying_domain_gets_nothing(void **state)
{
    (void)state;
    console_boot_done();
    console_switch_input();
    domu1.life = DOMAIN_DYING;
    type("x");
    assert_int_equal(nr_to_domu, 0);
    list_del(&domu1.list);
    type("x");
    assert_int_equal(nr_to_domu, 0);
}

static void test_focused_domu_is_raw(void **state)
{
    (void)state;
    console_boot_done();
    console_domain_write(&domu1, "# ", 2);
    uart_forget();
    console_switch_input();
    expect_text("(XEN) DOM1: # \r\n"
                "(XEN) *** Serial input to DOM1 (type 'CTRL-a' three times to switch input)\r\n");
    console_domain_write(&domu1, "\x1b[6n# ", 6);
    expect_text("\x1b[6n# ");
    console_domain_write(&domu3, "beat\n", 5);
    console_domain_write(&domu1, "ls\r\n", 4);
    expect_text("\r\n(XEN) DOM3: beat\r\nls\r\n");
}

static void test_dom0_reads(void **state)
{
    char buf[512];

    (void)state;
    console_boot_done();
    type("hello");
    assert_int_equal(virqs, 5);
    assert_int_equal(console_domain_read(&domu1, buf, sizeof(buf)), 0);
    assert_int_equal(console_domain_read(&dom0, buf, 2), 2);
    assert_int_equal(console_domain_read(&dom0, buf + 2, sizeof(buf)), 3);
    assert_memory_equal(buf, "hello", 5);
    for (unsigned int i = 0; i < 1000; i++) {
        console_rx('z');
    }
    assert_int_equal(console_domain_read(&dom0, buf, sizeof(buf)), INPUT_SIZE);
}

/* --- console_io --- */

static char guest_memory[1024];
static bool allow;
static int preempt_after;

int xsm_decide(enum xsm_hook hook, const struct domain *caller, const struct domain *target)
{
    assert_int_equal(hook, XSM_CONSOLE_IO);
    assert_null(target);
    return allow && caller == &dom0 ? 0 : -EPERM;
}

int guest_copy_in(void *dst, guest_ptr_t src, size_t n)
{
    if (!range_fits(src.a, n, sizeof(guest_memory))) {
        return -EFAULT;
    }
    memcpy(dst, guest_memory + src.a, n);
    return 0;
}

int guest_copy_out(guest_ptr_t dst, const void *src, size_t n)
{
    if (!range_fits(dst.a, n, sizeof(guest_memory))) {
        return -EFAULT;
    }
    memcpy(guest_memory + dst.a, src, n);
    return 0;
}

bool preempt_check(void)
{
    return preempt_after-- == 0;
}

static int64_t console_io(struct domain *d, uint64_t cmd, uint64_t count, uint64_t at)
{
    struct vcpu v = {.domain = d};
    struct hypercall_args args = {{cmd, count, at}};
    int64_t result;

    do {
        result = hypercall_console_io(&v, &args);
    } while (result == -ERESTART);
    return result;
}

static int setup_io(void **state)
{
    allow = true;
    preempt_after = -1;
    for (size_t i = 0; i < sizeof(guest_memory); i++) {
        guest_memory[i] = (char)('a' + i % 26);
    }
    return setup(state);
}

static void test_io_write(void **state)
{
    (void)state;
    assert_int_equal(console_io(&dom0, 0, 1000, 0), 0);
    assert_int_equal(uart_len, 1000);
    assert_memory_equal(uart_text, guest_memory, 1000);
    assert_int_equal(console_io(&dom0, 0, 0, ~0ULL), 0);
    assert_int_equal(console_io(&dom0, 0, 2, 1023), -EFAULT);
    assert_int_equal(console_io(&dom0, 0, UINT32_MAX, 0), -EFAULT);
    assert_int_equal(console_io(&dom0, 7, 1, 0), -ENOSYS);
    allow = false;
    assert_int_equal(console_io(&dom0, 0, 1, 0), -EPERM);
    allow = true;
    assert_int_equal(console_io(&domu1, 0, 1, 0), -EPERM);
    assert_int_equal(console_io(&domu1, 1, 1, 0), -EPERM);
}

static void test_io_write_is_preemptible(void **state)
{
    struct vcpu v = {.domain = &dom0};
    struct hypercall_args args = {{0, 1000, 0}};

    (void)state;
    preempt_after = 2;
    assert_int_equal(hypercall_console_io(&v, &args), -ERESTART);
    assert_int_equal(uart_len, 3 * 128);
    assert_int_equal(args.arg[1], 1000 - 3 * 128);
    assert_int_equal(args.arg[2], 3 * 128);
    assert_int_equal(hypercall_console_io(&v, &args), 0);
    assert_memory_equal(uart_text, guest_memory, 1000);
}

static void test_io_read(void **state)
{
    (void)state;
    console_boot_done();
    assert_int_equal(console_io(&dom0, 1, 16, 0), 0);
    type("hello");
    assert_int_equal(console_io(&dom0, 1, 3, 0), 3);
    assert_int_equal(console_io(&dom0, 1, 16, 3), 2);
    assert_memory_equal(guest_memory, "hello", 5);
    assert_int_equal(console_io(&dom0, 1, 0x80000000u, 0), -E2BIG);
    type("x");
    assert_int_equal(console_io(&dom0, 1, 1, 4096), -EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_circle, setup),
        cmocka_unit_test_setup(test_fewer_switch_characters_are_input, setup),
        cmocka_unit_test_setup(test_option, setup),
        cmocka_unit_test_setup(test_no_dom0, setup),
        cmocka_unit_test_setup(test_no_domains, setup),
        cmocka_unit_test_setup(test_focus_leaves_a_domain_that_goes, setup),
        cmocka_unit_test_setup(test_dying_domain_gets_nothing, setup),
        cmocka_unit_test_setup(test_focused_domu_is_raw, setup),
        cmocka_unit_test_setup(test_dom0_reads, setup),
        cmocka_unit_test_setup(test_io_write, setup_io),
        cmocka_unit_test_setup(test_io_write_is_preemptible, setup_io),
        cmocka_unit_test_setup(test_io_read, setup_io),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
