/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC's records, and its limits. */
#include "vgic_regs.h"

static uint8_t record[8192];
static uint8_t again[8192];

static size_t save_all(uint8_t *buffer)
{
    struct state_stream s = {.data = buffer, .size = sizeof(record)};

    memset(buffer, 0, sizeof(record));
    vgic_save_domain_state(&fake_domain, 5, &s);
    for (unsigned int i = 0; i < fake_domain.max_vcpus; i++) {
        vgic_save_vcpu_state(&fake_vcpu[i], 5, &s);
    }
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load_all(size_t size)
{
    struct state_stream s = {.data = record, .size = size};
    int rc = vgic_load_domain_state(&fake_domain, &s);

    for (unsigned int i = 0; i < fake_domain.max_vcpus && rc == 0; i++) {
        rc = vgic_load_vcpu_state(&fake_vcpu[i], &s);
    }
    return rc;
}

static void make_busy(void)
{
    for (unsigned int i = 0; i < 6; i++) {
        enable_spi(SPI0 + i);
        write_byte(IPRIORITYR + SPI0 + i, 0x80 - 0x10 * i);
    }
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_ack(), SPI0);
    vgic_latch_spi(&fake_domain, SPI0 + 1);
    vgic_line_spi(&fake_domain, SPI0 + 2, true);
    vgic_latch_spi(&fake_domain, SPI0 + 3);
    for (unsigned int i = 0; i < FAKE_CPUS; i++) {
        fake_unload(i);
    }
}

static void test_state_round_trip(void **state)
{
    size_t size;

    (void)state;
    for (unsigned int version = 2; version <= 3; version++) {
        fake_setup(version, 2, 64, 2);
        fake_run(0, 0);
        fake_write(CTLR, version == 3 ? 2 : 1);
        make_busy();
        size = save_all(record);
        fake_teardown();

        fake_setup(version, 2, 64, 4);
        assert_int_equal(load_all(size), 0);
        assert_int_equal(save_all(again), size);
        assert_memory_equal(record, again, size);
        fake_check();
        fake_run(0, 0);
        fake_check();
        fake_cpu[0].active_priorities = 1U << 16; /* SPI0, in the APRs of the record */
        assert_int_equal(fake_ack(), SPI0 + 3);
        fake_eoi(SPI0 + 3);
        assert_int_equal(fake_ack(), SPI0 + 2);
        vgic_line_spi(&fake_domain, SPI0 + 2, false);
        fake_eoi(SPI0 + 2);
        assert_int_equal(fake_ack(), SPI0 + 1);
        fake_eoi(SPI0 + 1);
        fake_eoi(SPI0);
        assert_int_equal(fake_read(ISACTIVER + 4), 0);
        assert_int_equal(fake_ack(), FAKE_NONE);
        fake_teardown();
    }
}

static void test_state_timer_in_flight(void **state)
{
    size_t size;

    (void)state;
    setup_v3(1, 4);
    redist_write(0, 0, SGI_FRAME + ISENABLER, 1U << 27);
    fire_timer(0, &fake_vcpu[0]);
    assert_int_equal(fake_ack(), 27);
    fake_unload(0);
    size = save_all(record);
    fake_teardown();

    fake_setup(3, 1, 96, 4);
    assert_int_equal(load_all(size), 0);
    fake_run(2, 0);
    assert_true(fake_cpu[2].private_active[27]);
    fake_eoi(27);
    fake_enter();
    assert_false(fake_cpu[2].private_active[27]);
    fake_check();
    fake_teardown();
}

static void test_state_refuses(void **state)
{
    size_t size;

    (void)state;
    setup_v3(1, 4);
    fake_unload(0);
    size = save_all(record);
    fake_teardown();
    for (size_t cut = 0; cut < size; cut += 8) {
        fake_setup(3, 1, 96, 4);
        assert_int_not_equal(load_all(cut), 0);
        fake_teardown();
    }
    fake_setup(3, 1, 64, 4); /* fewer SPIs */
    assert_int_equal(load_all(size), -EINVAL);
    fake_teardown();
    fake_setup(2, 1, 96, 4);
    assert_int_equal(load_all(size), -EINVAL);
    fake_teardown();
    fake_setup(3, 1, 96, 4);
    record[16 + 4] = 1; /* reserved */
    assert_int_equal(load_all(size), -EINVAL);
    fake_teardown();
}

static void test_limits(void **state)
{
    struct vgic_domain d;

    (void)state;
    assert_int_equal(vgic_setup_domain(&d, 1, 32, 1), -EINVAL);
    assert_int_equal(vgic_setup_domain(&d, 2, 32, 9), -EINVAL);
    assert_int_equal(vgic_setup_domain(&d, 3, 32, 129), -EINVAL);
    assert_int_equal(vgic_setup_domain(&d, 3, 32, 0), -EINVAL);
    assert_int_equal(vgic_setup_domain(&d, 3, 989, 1), -EINVAL);
    fake_setup(3, 1, 0, 4);
    fake_run(0, 0);
    fake_write(CTLR, 2);
    assert_int_equal(fake_read(TYPER) & 31, 0);
    vgic_latch_spi(&fake_domain, 32);
    vgic_latch_private(&fake_vcpu[0], 3);
    assert_int_equal(fake_ack(), 3);
    assert_int_equal(vgic_setup_vcpu(&fake_domain, &fake_vcpu[1], 1), -EINVAL);
    fake_teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_round_trip),
        cmocka_unit_test(test_state_timer_in_flight),
        cmocka_unit_test(test_state_refuses),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
