/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL011: registers as DDI 0183 has them, its interrupt line, its state record. */
#include "unit.h"

#include <asm/host.h>

#include <hearth/errno.h>
#include <hearth/vuart.h>

#include "common/vuart/private.h"
#include "fake_console.h"
#include "fake_domains.h"
#include "fake_events.h"
#include "fake_sched.h"

#define BASE 0x22000000UL
#define SPI  32U

static struct domain domu;
static struct vcpu vcpu;
static char output[64];
static size_t output_len;

void console_domain_write(struct domain *d, const char *text, size_t len)
{
    assert_ptr_equal(d, &domu);
    memcpy(output + output_len, text, len);
    output_len += len;
}

static int setup(void **state)
{
    (void)state;
    fake_domains_reset();
    fake_domain_add(&domu, 1);
    vcpu.domain = &domu;
    output_len = 0;
    memset(output, 0, sizeof(output));
    assert_int_equal(vpl011_init(&domu, gaddr(BASE), SPI), 0);
    return 0;
}

static int boot(void **state)
{
    (void)state;
    host_boot(1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vpl011_destroy(&domu);
    assert_null(domu.vuart);
    return 0;
}

static uint64_t reg_read(uint32_t reg)
{
    uint64_t value = ~0ULL;

    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + reg), false, 4, &value));
    return value;
}

static void reg_write(uint32_t reg, uint64_t value)
{
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + reg), true, 4, &value));
}

static void test_reset_state(void **state)
{
    static const uint8_t ids[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    assert_int_equal(reg_read(VUART_FR) & (VUART_FR_RXFE | VUART_FR_TXFE),
                     VUART_FR_RXFE | VUART_FR_TXFE);
    assert_int_equal(reg_read(VUART_DR), 0);
    assert_int_equal(reg_read(VUART_RSR), 0);
    assert_int_equal(reg_read(VUART_IMSC), 0);
    assert_int_equal(reg_read(VUART_RIS), 0);
    assert_int_equal(reg_read(VUART_MIS), 0);
    assert_int_equal(reg_read(VUART_ICR), 0);
    assert_int_equal(reg_read(VUART_CR), 0x300);
    assert_int_equal(reg_read(VUART_IFLS), 0x12);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(reg_read(VUART_ID + 4 * i), ids[i]);
    }
    assert_int_equal(reg_read(0x100), 0);
}

static void test_output(void **state)
{
    (void)state;
    reg_write(VUART_DR, 'h');
    reg_write(VUART_DR, 0xfff00 | 'i');
    assert_string_equal(output, "hi");
    assert_int_equal(reg_read(VUART_RIS), VUART_INT_TX);
    assert_false(domu.arch.line[SPI]);
    reg_write(VUART_IMSC, VUART_INT_TX);
    assert_true(domu.arch.line[SPI]);
    assert_int_equal(reg_read(VUART_MIS), VUART_INT_TX);
    reg_write(VUART_ICR, VUART_INT_TX);
    assert_false(domu.arch.line[SPI]);
    assert_int_equal(reg_read(VUART_RIS), 0);
}

static void test_input(void **state)
{
    (void)state;
    reg_write(VUART_IMSC, VUART_INT_RX);
    vpl011_rx(&domu, 'a');
    assert_true(domu.arch.line[SPI]);
    assert_int_equal(reg_read(VUART_RIS), VUART_INT_RX | VUART_INT_RT);
    assert_int_equal(reg_read(VUART_MIS), VUART_INT_RX);
    reg_write(VUART_ICR, VUART_INT_ALL); /* input still waits: nothing is lost */
    assert_true(domu.arch.line[SPI]);
    vpl011_rx(&domu, '\xe4');
    assert_int_equal(reg_read(VUART_DR), 'a');
    assert_true(domu.arch.line[SPI]);
    assert_int_equal(reg_read(VUART_DR), 0xe4);
    assert_false(domu.arch.line[SPI]);
    assert_int_equal(reg_read(VUART_FR) & VUART_FR_RXFE, VUART_FR_RXFE);
}

static void test_full_fifo(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < VUART_FIFO + 10; i++) {
        vpl011_rx(&domu, (char)i);
    }
    assert_int_equal(reg_read(VUART_FR) & (VUART_FR_RXFF | VUART_FR_RXFE), VUART_FR_RXFF);
    for (unsigned int i = 0; i < VUART_FIFO; i++) {
        assert_int_equal(reg_read(VUART_DR), i & 0xff);
    }
    assert_int_equal(reg_read(VUART_FR) & VUART_FR_RXFE, VUART_FR_RXFE);
}

static void test_line_control_reads_back(void **state)
{
    static const struct {
        uint32_t reg, value;
    } rows[] = {
        {VUART_ILPR, 0xff}, {VUART_IBRD, 0xffff}, {VUART_FBRD, 0x3f}, {VUART_LCRH, 0xff},
        {VUART_CR, 0xff87}, {VUART_IFLS, 0x3f},   {VUART_DMACR, 0x7}, {VUART_IMSC, 0x7ff},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        reg_write(rows[i].reg, 0xffffffff);
        assert_int_equal(reg_read(rows[i].reg), rows[i].value);
    }
    reg_write(VUART_ID, 0xff);
    reg_write(VUART_RIS, 0xff);
    reg_write(VUART_FR, 0xff);
    assert_int_equal(reg_read(VUART_ID), 0x11);
    assert_int_equal(output_len, 0);
}

static void test_sizes(void **state)
{
    uint64_t v = 0;

    (void)state;
    reg_write(VUART_IMSC, 0x7f5);
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + VUART_IMSC), false, 2, &v));
    assert_int_equal(v, 0x7f5);
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + VUART_IMSC), false, 1, &v));
    assert_int_equal(v, 0xf5);
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + VUART_IMSC + 1), false, 1, &v));
    assert_int_equal(v, 0x07);
    v = 'x';
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + VUART_DR), true, 1, &v));
    assert_true(vpl011_mmio(&vcpu, gaddr(BASE + VUART_DR + 1), true, 1, &v)); /* ignored */
    assert_string_equal(output, "x");
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE + VUART_DR), false, 8, &v));
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE + VUART_DR + 1), false, 2, &v));
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE + VUART_DR), false, 3, &v));
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE + VPL011_SIZE), false, 4, &v));
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE - 4), false, 4, &v));
}

static void test_without(void **state)
{
    uint64_t v = 0;

    (void)state;
    assert_int_equal(vpl011_init(&domu, gaddr(BASE), SPI), -EEXIST);
    vpl011_destroy(&domu);
    vpl011_destroy(&domu);
    vpl011_rx(&domu, 'x');
    assert_false(vpl011_mmio(&vcpu, gaddr(BASE), false, 4, &v));
}

static uint8_t record[512];

static size_t save(void)
{
    struct state_stream s = {.data = record, .size = sizeof(record)};

    vpl011_state_save(&domu, &s);
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load(size_t size)
{
    struct state_stream s = {.data = record, .size = size};
    struct state_header h;
    const void *body;

    assert_int_equal(state_next(&s, &h, &body), 0);
    assert_int_equal(h.type, STATE_VUART);
    assert_int_equal(h.domid, 1);
    return vpl011_state_load(&domu, &h, body);
}

static void test_state_round_trip(void **state)
{
    uint8_t first[sizeof(record)];
    size_t size;

    reg_write(VUART_IMSC, VUART_INT_RT);
    reg_write(VUART_IBRD, 0x1234);
    reg_write(VUART_DR, 'x');
    for (unsigned int i = 0; i < VUART_FIFO; i++) { /* so that the FIFO is wrapped */
        vpl011_rx(&domu, 'a');
    }
    for (unsigned int i = 0; i < 100; i++) {
        (void)reg_read(VUART_DR);
    }
    vpl011_rx(&domu, 'b');
    vpl011_rx(&domu, 'c');
    size = save();
    memcpy(first, record, size);

    (void)teardown(state);
    (void)setup(state);
    assert_false(domu.arch.line[SPI]);
    assert_int_equal(load(size), 0);
    assert_true(domu.arch.line[SPI]);
    assert_int_equal(save(), size);
    assert_memory_equal(record, first, size);
    assert_int_equal(reg_read(VUART_IBRD), 0x1234);
    assert_int_equal(reg_read(VUART_RIS), VUART_INT_RX | VUART_INT_RT | VUART_INT_TX);
    for (unsigned int i = 0; i < VUART_FIFO - 100; i++) {
        assert_int_equal(reg_read(VUART_DR), 'a');
    }
    assert_int_equal(reg_read(VUART_DR), 'b');
    assert_int_equal(reg_read(VUART_DR), 'c');
    assert_false(domu.arch.line[SPI]);
}

/* Offsets in the record: 16 bytes of header, then tx_raised, imsc, kept[7], reserved, waiting. */
static void test_state_is_checked(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        {16, 0x10}, /* an interrupt that is not raised so */
        {19, 0x08}, /* a mask bit that does not exist */
        {34, 1},    /* reserved */
        {36, VUART_FIFO + 1},
        {39, 0x80},
        {4, 9}, /* version */
    };
    size_t size;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size = save();
        record[rows[i].at] = rows[i].value;
        assert_int_equal(load(size), -EINVAL);
    }
    size = save();
    assert_int_equal(load(size), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_fifo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_control_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_is_checked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
