/* SPDX-License-Identifier: Apache-2.0 */
/* Console output: lines, prefixes, levels, ring, rate limits. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/bug.h>

#include "fake_domains.h"
#include "fake_sched.h"
#include "fake_uart.h"

static struct domain dom0, domu, other;

void debug_key(char key)
{
    (void)key;
}

void evtchn_send_global_virq(struct domain *d, uint32_t virq)
{
    (void)d;
    (void)virq;
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
    (void)d;
    (void)c;
}

static int setup(void **state)
{
    (void)state;
    host_add_cpus(1);
    console_reset(true);
    fake_domains_reset();
    fake_domain_add(&dom0, 0);
    fake_domain_add(&domu, 1);
    fake_domain_add(&other, 2);
    return 0;
}

static void write_text(struct domain *d, const char *text)
{
    console_domain_write(d, text, strlen(text));
}

static void test_prefix(void **state)
{
    (void)state;
    printk(LOG_INFO, "one %d\ntwo\n", 1);
    printk(LOG_ERR, "three, ");
    printk(LOG_ERR, "the same line\n");
    assert_string_equal(uart_text, "(XEN) one 1\r\n(XEN) two\r\n(XEN) three, the same line\r\n");
}

static void test_level(void **state)
{
    (void)state;
    printk(LOG_DEBUG, "no\n");
    options.loglvl = LOG_DEBUG;
    printk(LOG_DEBUG, "yes\n");
    options.loglvl = LOG_ERR;
    printk(LOG_WARNING, "no\n");
    guest_printk(NULL, LOG_INFO, "no\n");
    guest_printk(NULL, LOG_WARNING, "yes\n");
    assert_string_equal(uart_text, "(XEN) yes\r\n(XEN) yes\r\n");
}

static void test_long_line_is_cut(void **state)
{
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    printk(LOG_INFO, "%s", text);
    assert_int_equal(uart_len, strlen("(XEN) ") + sizeof(console.format) - 1);
}

static void test_early_messages_are_kept(void **state)
{
    (void)state;
    console_reset(false);
    printk(LOG_INFO, "before the UART\n");
    assert_int_equal(uart_len, 0);
    console_set_uart(&fake_uart);
    assert_string_equal(uart_text, "(XEN) before the UART\r\n");
}

static void test_console_none(void **state)
{
    char kept[64];

    (void)state;
    console_reset(false);
    options.console_off = true;
    options.loglvl = LOG_WARNING;
    console_set_uart(&fake_uart);
    printk(LOG_INFO, "not for this level\n");
    printk(LOG_WARNING, "for the ring\n");
    console_boot_done();
    assert_int_equal(uart_len, 0);
    assert_int_equal(uart_rx_enabled, 0);
    kept[console_ring_read(kept, sizeof(kept) - 1, NULL)] = '\0';
    assert_memory_equal(kept, "(XEN) for the ring\n", 19);
}

static void test_ring_wraps(void **state)
{
    static char text[2 * RING_SIZE];
    char expected[32];
    uint32_t index = 0;
    size_t n;

    (void)state;
    for (unsigned int i = 0; i < 4000; i++) {
        printk(LOG_INFO, "line %04u\n", i);
    }
    n = console_ring_read(text, sizeof(text), NULL);
    assert_int_equal(n, RING_SIZE);
    snprintf(expected, sizeof(expected), "(XEN) line %04u\n", 3999);
    assert_memory_equal(text + n - strlen(expected), expected, strlen(expected));

    /* An index that is long gone starts at the oldest byte, and then follows. */
    assert_int_equal(console_ring_read(text, 100, &index), 100);
    assert_int_equal(index, console.ring_start + 100);
    assert_int_equal(console_ring_read(text, sizeof(text), &index), RING_SIZE - 100);
    assert_int_equal(console_ring_read(text, sizeof(text), &index), 0);
    printk(LOG_INFO, "more\n");
    assert_int_equal(console_ring_read(text, sizeof(text), &index), strlen("(XEN) more\n"));

    index += 12345; /* in the future */
    assert_int_equal(console_ring_read(text, sizeof(text), &index), RING_SIZE);
}

static void test_ring_index_wraps(void **state)
{
    char text[64];
    uint32_t index = UINT32_MAX - 4;

    (void)state;
    console.ring_start = console.ring_end = index;
    printk(LOG_INFO, "across\n");
    assert_int_equal(console_ring_read(text, sizeof(text), &index), strlen("(XEN) across\n"));
    assert_memory_equal(text, "(XEN) across\n", 13);
    assert_int_equal(index, 8);
}

static void test_ring_clear(void **state)
{
    uint32_t index = 0;
    char text[64];

    (void)state;
    printk(LOG_INFO, "gone\n");
    (void)console_ring_read(text, 6, &index);
    console_ring_clear(index);
    assert_int_equal(console_ring_read(text, sizeof(text), NULL), strlen("gone\n"));
    console_ring_clear(index + 100); /* not there yet */
    assert_int_equal(console_ring_read(text, sizeof(text), NULL), strlen("gone\n"));
    console_ring_clear(index + 5);
    assert_int_equal(console_ring_read(text, sizeof(text), NULL), 0);
    printk(LOG_INFO, "kept\n");
    assert_int_equal(console_ring_read(text, sizeof(text), NULL), strlen("(XEN) kept\n"));
}

static unsigned int count(const char *what)
{
    unsigned int n = 0;

    for (const char *p = uart_text; (p = strstr(p, what)) != NULL; p++) {
        n++;
    }
    return n;
}

static void test_messages_about_a_guest_are_limited(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 1000; i++) {
        guest_printk(&domu, LOG_WARNING, "odd\n");
    }
    assert_int_equal(count("(XEN) d1: odd\r\n"), 10);

    /* Another domain has its own allowance. */
    guest_printk(&other, LOG_WARNING, "odd\n");
    assert_int_equal(count("(XEN) d2: odd\r\n"), 1);

    uart_forget();
    host_advance(NS_PER_S);
    for (unsigned int i = 0; i < 1000; i++) {
        guest_printk(&domu, LOG_WARNING, "odd\n");
    }
    assert_int_equal(count("d1: 990 messages suppressed\r\n"), 1);
    assert_int_equal(count("d1: odd\r\n"), 2);
}

static void test_domu_lines(void **state)
{
    (void)state;
    write_text(&domu, "half a ");
    assert_int_equal(uart_len, 0);
    write_text(&other, "other\n");
    write_text(&domu, "line\r\n\nthird\n");
    assert_string_equal(uart_text, "(XEN) DOM2: other\r\n(XEN) DOM1: half a line\r\n"
                                   "(XEN) DOM1: \r\n(XEN) DOM1: third\r\n");
}

static void test_domu_cannot_imitate(void **state)
{
    (void)state;
    write_text(&domu, "\r(XEN) hello\x07\x1b[2J\x1b[1;31mred\x1b]\tend\n");
    assert_string_equal(uart_text, "(XEN) DOM1: (XEN) hellored\tend\r\n");
}

static void test_domu_long_line(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 300; i++) {
        write_text(&domu, "y");
    }
    assert_int_equal(count("(XEN) DOM1: "), 2);
    console_domain_removed(&domu);
    assert_int_equal(count("(XEN) DOM1: "), 3);
    assert_int_equal(count("y"), 300);
}

static void test_dom0_is_raw(void **state)
{
    (void)state;
    write_text(&dom0, "\x1b[1mlogin: ");
    assert_string_equal(uart_text, "\x1b[1mlogin: ");
    printk(LOG_INFO, "hello\n");
    write_text(&domu, "beat\n");
    write_text(&dom0, "root\r\n");
    assert_string_equal(uart_text, "\x1b[1mlogin: \r\n(XEN) hello\r\n(XEN) DOM1: beat\r\nroot\r\n");
    assert_int_equal(console_ring_read(uart_text, 1000, NULL),
                     strlen("(XEN) hello\n(XEN) DOM1: beat\n"));
}

static void test_domu_output_is_limited(void **state)
{
    size_t passed;

    (void)state;
    for (unsigned int i = 0; i < 10000; i++) {
        write_text(&domu, "0123456789012345678901234567890123456789012345678901234567890\n");
        write_text(&dom0, ".");
    }
    passed = count("DOM1:");
    assert_in_range(passed, 4000, 4400); /* 256 KiB of 62 characters */
    assert_int_equal(count("."), 10000); /* dom0 is not limited */

    uart_forget();
    host_advance(10 * NS_PER_S);
    write_text(&domu, "again\n");
    assert_int_equal(count("characters suppressed"), 1);
    assert_int_equal(count("DOM1: again"), 1);
}

static void test_panic_takes_no_lock(void **state)
{
    (void)state;
    spin_lock(&console.lock);
    console_panic_mode();
    printk(LOG_ERR, "the end\n");
    console.panic = false;
    spin_unlock(&console.lock);
    assert_string_equal(uart_text, "(XEN) the end\r\n");
}

static void broken_put(char c)
{
    panic("no UART for %c", c);
}

static void panic_without_uart(void)
{
    static const struct uart broken = {.name = "broken", .putc = broken_put};

    dup2(STDERR_FILENO, STDOUT_FILENO); /* where the host's console of last resort writes */
    setvbuf(stdout, NULL, _IONBF, 0);
    console_set_uart(&broken);
    panic("first");
}

static void test_panic_within_a_panic(void **state)
{
    (void)state;
    unit_expect_stop(panic_without_uart, "Panic within a panic\r\n(XEN) Panic on CPU 0: no UART");
}

static void panic_at_start_up(void)
{
    panic("bad input");
}

static void panic_later(void)
{
    panic_restarts();
    panic("broken");
}

static void panic_noreboot(void)
{
    options.noreboot = true;
    panic_later();
}

static void test_panic_restarts_what_had_started(void **state)
{
    (void)state;
    unit_expect_stop(panic_at_start_up, "host: halt");
    unit_expect_stop(panic_later, "host: restart");
    unit_expect_stop(panic_noreboot, "host: halt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_prefix, setup),
        cmocka_unit_test_setup(test_level, setup),
        cmocka_unit_test_setup(test_long_line_is_cut, setup),
        cmocka_unit_test_setup(test_early_messages_are_kept, setup),
        cmocka_unit_test_setup(test_console_none, setup),
        cmocka_unit_test_setup(test_ring_wraps, setup),
        cmocka_unit_test_setup(test_ring_index_wraps, setup),
        cmocka_unit_test_setup(test_ring_clear, setup),
        cmocka_unit_test_setup(test_messages_about_a_guest_are_limited, setup),
        cmocka_unit_test_setup(test_domu_lines, setup),
        cmocka_unit_test_setup(test_domu_cannot_imitate, setup),
        cmocka_unit_test_setup(test_domu_long_line, setup),
        cmocka_unit_test_setup(test_dom0_is_raw, setup),
        cmocka_unit_test_setup(test_domu_output_is_limited, setup),
        cmocka_unit_test_setup(test_panic_takes_no_lock, setup),
        cmocka_unit_test_setup(test_panic_within_a_panic, setup),
        cmocka_unit_test_setup(test_panic_restarts_what_had_started, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
