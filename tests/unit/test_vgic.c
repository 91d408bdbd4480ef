/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC's register files and its delivery through list registers. */
#include "vgic_regs.h"

/* --- Register files --- */

static void test_identity(void **state)
{
    (void)state;
    setup_v3(3, 4);
    assert_int_equal(fake_read(CTLR), 0x12);
    assert_int_equal(fake_read(TYPER), 3 | 2 << 5 | 9 << 19);
    assert_int_equal(fake_read(0x8), 0x4800043b);
    assert_int_equal(fake_read(0xffe8), 0x3b);
    assert_int_equal(fake_read(0xfe8), 0);
    assert_int_equal(redist_read(1, 0x8), 1 << 8);
    assert_int_equal(redist_read(2, 0x8), 2 << 8 | 1 << 4);
    assert_int_equal(redist_read(2, 0xc), 2);
    assert_int_equal(redist_read(0, 0xffe8), 0x3b);
    assert_int_equal(redist_read(0, 0x14), 6);
    redist_write(0, 0, 0x14, 0);
    assert_int_equal(redist_read(0, 0x14), 0);
    fake_teardown();

    setup_v2(2, 4);
    assert_int_equal(fake_read(CTLR), 1);
    assert_int_equal(fake_read(TYPER), 3 | 1 << 5);
    assert_int_equal(fake_read(0xfe8), 0x2b);
    fake_teardown();
}

static void test_wide_and_narrow(void **state)
{
    uint64_t value = ~0ULL;

    (void)state;
    setup_v3(2, 4);
    /* GICR_TYPER and GICD_IROUTER are 64 bits wide, nothing else is. */
    assert_int_equal(fake_access(0, REDIST(1) + 8, false, 8, &value), VGIC_DONE);
    assert_int_equal(value, 1ULL << 32 | 1 << 8 | 1 << 4);
    value = 1;
    assert_int_equal(fake_access(0, FAKE_DIST + IROUTER + 8 * 40, true, 8, &value), VGIC_DONE);
    assert_int_equal(fake_access(0, FAKE_DIST + IROUTER + 8 * 40, false, 8, &value), VGIC_DONE);
    assert_int_equal(value, 1);
    value = ~0ULL;
    assert_int_equal(fake_access(0, FAKE_DIST + ISENABLER, true, 8, &value), VGIC_DONE);
    assert_int_equal(fake_read(ISENABLER + 4), 0);
    assert_int_equal(fake_access(0, FAKE_DIST + CTLR, false, 8, &value), VGIC_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(fake_access(0, FAKE_DIST + CTLR, false, 1, &value), VGIC_DONE);
    assert_int_equal(value, 0);
    /* Priorities are accessible by byte. */
    write_byte(IPRIORITYR + 41, 0xab);
    assert_int_equal(fake_read(IPRIORITYR + 40), 0xa800);
    assert_int_equal(fake_access(0, FAKE_DIST + IPRIORITYR + 41, false, 1, &value), VGIC_DONE);
    assert_int_equal(value, 0xa8);
    /* Unaligned accesses are refused, on reads and writes, in all frames. */
    assert_int_equal(fake_access(0, FAKE_DIST + 2, false, 4, &value), VGIC_ABORT);
    assert_int_equal(fake_access(0, FAKE_DIST + 4, true, 8, &value), VGIC_ABORT);
    assert_int_equal(fake_access(0, REDIST(0) + 1, false, 2, &value), VGIC_ABORT);
    assert_int_equal(fake_access(0, REDIST(0) + SGI_FRAME + 2, true, 4, &value), VGIC_ABORT);
    /* And others' addresses left alone. */
    assert_int_equal(fake_access(0, FAKE_DIST - 4, false, 4, &value), VGIC_NOT_MINE);
    assert_int_equal(fake_access(0, FAKE_DIST + 0x10000, false, 4, &value), VGIC_NOT_MINE);
    assert_int_equal(fake_access(0, REDIST(2), false, 4, &value), VGIC_NOT_MINE);
    fake_teardown();
}

static void test_out_of_range_is_raz_wi(void **state)
{
    (void)state;
    setup_v3(1, 4);
    /* Bank 0 is the redistributor's; banks 4 and up do not exist. */
    fake_write(ISENABLER, ~0U);
    fake_write(ISENABLER + 16, ~0U);
    fake_write(IPRIORITYR, ~0U);
    fake_write(ICFGR + 4, ~0U);
    assert_int_equal(fake_read(ISENABLER), 0);
    assert_int_equal(fake_read(ISENABLER + 16), 0);
    assert_int_equal(fake_read(IPRIORITYR), 0);
    assert_int_equal(redist_read(0, SGI_FRAME + IPRIORITYR), 0);
    /* v2's registers on v3, routing in the SGI frame. */
    fake_write(ITARGETSR + 32, ~0U);
    fake_write(SGIR, 2 << 24);
    redist_write(0, 0, SGI_FRAME + IROUTER + 8 * 32, 1);
    redist_write(0, 0, SGI_FRAME + ISENABLER + 4, ~0U);
    assert_int_equal(fake_read(ITARGETSR + 32), 0);
    assert_int_equal(fake_read(ISENABLER + 4), 0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    /* Groups: the guest is on the non-secure side. */
    fake_write(0x84, ~0U);
    assert_int_equal(fake_read(0x84), 0);
    fake_teardown();
}

static void test_last_bank(void **state)
{
    (void)state;
    fake_setup(3, 1, VGIC_MAX_SPIS, 4);
    fake_run(0, 0);
    fake_write(CTLR, 2);
    assert_int_equal(fake_read(TYPER) & 31, 31);
    fake_write(ISENABLER + 124, ~0U);
    fake_write(ISPENDR + 124, ~0U);
    assert_int_equal(fake_read(ISENABLER + 124), 0x0fffffff);
    assert_int_equal(fake_read(ISPENDR + 124), 0x0fffffff);
    vgic_latch_spi(&fake_domain, 1020);
    vgic_line_spi(&fake_domain, 1023, true);
    vgic_line_spi(&fake_domain, 5000, true);
    vgic_line_private(&fake_vcpu[0], 77, true);
    assert_int_equal(fake_ack(), 992);
    fake_check();
    fake_teardown();
}

static void test_configuration(void **state)
{
    (void)state;
    setup_v3(1, 4);
    assert_int_equal(redist_read(0, SGI_FRAME + ICFGR), 0xaaaaaaaa);
    redist_write(0, 0, SGI_FRAME + ICFGR, 0);
    assert_int_equal(redist_read(0, SGI_FRAME + ICFGR), 0xaaaaaaaa);
    redist_write(0, 0, SGI_FRAME + ICFGR + 4, 0x80000003);
    assert_int_equal(redist_read(0, SGI_FRAME + ICFGR + 4), 0x80000002);
    fake_write(ICFGR + 12, 0xffff0000);
    assert_int_equal(fake_read(ICFGR + 12), 0xaaaa0000);
    assert_int_equal(fake_domain.spi[0].edge, 0xff000000);
    fake_teardown();
}

static void test_all_offsets(void **state)
{
    static const unsigned int sizes[] = {1, 2, 4, 8};

    (void)state;
    for (unsigned int version = 2; version <= 3; version++) {
        fake_setup(version, 2, 64, 4);
        fake_run(0, 0);
        fake_run(1, 1);
        for (uint64_t off = 0; off < 0x40000; off++) {
            uint64_t base = version == 3 ? FAKE_REDIST : FAKE_DIST;

            for (unsigned int s = 0; s < 8; s++) {
                uint64_t value = s >= 4 ? ~0ULL : off * 0x9e3779b97f4a7c15ULL;
                unsigned int size = sizes[s % 4];
                bool write = s >= 4;

                (void)fake_access(0, FAKE_DIST + (off & 0xffff), write, size, &value);
                assert_true(write || size == 8 || value >> (8 * size) == 0 || off % size != 0 ||
                            (off & 0xffff) >= fake_domain.dist_size);
                (void)fake_access(1, base + off, write, size, &value);
            }
        }
        for (unsigned int cpu = 0; cpu < 2; cpu++) {
            fake_here = cpu;
            fake_enter();
        }
        fake_check();
        fake_check_settled();
        fake_teardown();
    }
}

/* --- Delivery --- */

static void test_enable_pend_ack(void **state)
{
    (void)state;
    setup_v3(1, 4);
    fake_write(ISPENDR + 4, 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    assert_int_equal(fake_read(ISPENDR + 4), 1);
    assert_false(vgic_pending(&fake_vcpu[0]));
    enable_spi(SPI0);
    assert_true(vgic_pending(&fake_vcpu[0]));
    assert_int_equal(fake_read(ICPENDR + 4), 1);
    assert_int_equal(fake_ack(), SPI0);
    assert_int_equal(fake_read(ISPENDR + 4), 0);
    assert_int_equal(fake_read(ISACTIVER + 4), 1);
    assert_false(vgic_pending(&fake_vcpu[0]));
    fake_eoi(SPI0);
    assert_int_equal(fake_read(ISACTIVER + 4), 0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_check();
    fake_teardown();
}

static void test_disable_takes_it_back(void **state)
{
    (void)state;
    setup_v3(1, 4);
    enable_spi(SPI0 + 3);
    vgic_latch_spi(&fake_domain, SPI0 + 3);
    fake_write(ICENABLER + 4, 8);
    assert_int_equal(fake_ack(), FAKE_NONE);
    assert_int_equal(fake_read(ISPENDR + 4), 8);
    enable_spi(SPI0 + 3);
    assert_int_equal(fake_ack(), SPI0 + 3);
    /* While it is active, a new edge waits; disabling keeps it, enabling brings it back. */
    vgic_latch_spi(&fake_domain, SPI0 + 3);
    fake_write(ICENABLER + 4, 8);
    assert_int_equal(fake_read(ISPENDR + 4), 8);
    assert_int_equal(fake_read(ISACTIVER + 4), 8);
    fake_eoi(SPI0 + 3);
    assert_int_equal(fake_ack(), FAKE_NONE);
    enable_spi(SPI0 + 3);
    assert_int_equal(fake_ack(), SPI0 + 3);
    fake_eoi(SPI0 + 3);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_teardown();
}

static void test_clear_pending_and_active(void **state)
{
    (void)state;
    setup_v3(1, 4);
    enable_spi(SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    fake_write(ICPENDR + 4, 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_ack(), SPI0);
    fake_write(ICACTIVER + 4, 1);
    assert_int_equal(fake_read(ISACTIVER + 4), 0);
    fake_cpu[0].active_priorities = 0;
    /* Activated by software: not delivered until it ends. */
    fake_write(ISACTIVER + 4, 1);
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_read(ISACTIVER + 4), 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_write(ICACTIVER + 4, 1);
    assert_int_equal(fake_ack(), SPI0);
    fake_eoi(SPI0);
    fake_check();
    fake_teardown();
}

static void test_distributor_off(void **state)
{
    (void)state;
    setup_v3(1, 4);
    enable_spi(SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    fake_write(CTLR, 0x10);
    assert_int_equal(fake_ack(), FAKE_NONE);
    vgic_latch_private(&fake_vcpu[0], 5);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_write(CTLR, 0x12);
    assert_int_equal(fake_ack(), 5);
    fake_eoi(5);
    assert_int_equal(fake_ack(), SPI0);
    fake_teardown();
}

static void test_edge_merges_and_repeats(void **state)
{
    (void)state;
    setup_v3(1, 4);
    enable_spi(SPI0);
    for (unsigned int i = 0; i < 3; i++) {
        vgic_latch_spi(&fake_domain, SPI0);
    }
    assert_int_equal(fake_ack(), SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_read(ISPENDR + 4), 1);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), SPI0);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    /* An edge-triggered line counts its rises only. */
    fake_write(ICENABLER + 4, 1);
    fake_write(ICFGR + 8, 2);
    enable_spi(SPI0);
    vgic_line_spi(&fake_domain, SPI0, true);
    vgic_line_spi(&fake_domain, SPI0, true);
    assert_int_equal(fake_ack(), SPI0);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    vgic_line_spi(&fake_domain, SPI0, false);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_teardown();
}

static void test_level_repeats(void **state)
{
    (void)state;
    setup_v3(1, 4);
    enable_spi(SPI0);
    vgic_line_spi(&fake_domain, SPI0, true);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(fake_ack(), SPI0);
        assert_int_equal(fake_ack(), FAKE_NONE);
        fake_eoi(SPI0);
    }
    vgic_line_spi(&fake_domain, SPI0, false);
    assert_int_equal(fake_ack(), FAKE_NONE);
    assert_int_equal(fake_read(ISPENDR + 4), 0);
    /* Lowered while active: it does not come back. */
    vgic_line_spi(&fake_domain, SPI0, true);
    assert_int_equal(fake_ack(), SPI0);
    vgic_line_spi(&fake_domain, SPI0, false);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    /* Raised while a pulse is being handled. */
    vgic_latch_private(&fake_vcpu[0], 30);
    redist_write(0, 0, SGI_FRAME + ISENABLER, 1U << 30);
    assert_int_equal(fake_ack(), 30);
    vgic_line_private(&fake_vcpu[0], 30, true);
    fake_eoi(30);
    assert_int_equal(fake_ack(), 30);
    vgic_line_private(&fake_vcpu[0], 30, false);
    fake_eoi(30);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_teardown();
}

static void test_pulse_needs_no_maintenance(void **state)
{
    (void)state;
    setup_v3(1, 4);
    redist_write(0, 0, SGI_FRAME + ISENABLER, 1U << 31);
    vgic_latch_private(&fake_vcpu[0], 31);
    assert_int_equal(fake_cpu[0].lr[0] & LR_EOI, 0);
    assert_int_equal(fake_ack(), 31);
    vgic_latch_private(&fake_vcpu[0], 31);
    fake_eoi(31);
    assert_int_equal(fake_ack(), 31);
    fake_eoi(31);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_teardown();
}

static void test_priority_order(void **state)
{
    (void)state;
    setup_v3(1, 2);
    for (unsigned int i = 0; i < 8; i++) {
        enable_spi(SPI0 + i);
        write_byte(IPRIORITYR + SPI0 + i, 0xe0 - 0x10 * i);
        vgic_latch_spi(&fake_domain, SPI0 + i);
    }
    /* Eight are pending, two list registers: still the most urgent first. */
    for (unsigned int i = 8; i-- > 0;) {
        assert_int_equal(fake_ack(), SPI0 + i);
        fake_check();
        fake_eoi(SPI0 + i);
    }
    assert_int_equal(fake_ack(), FAKE_NONE);
    assert_int_equal(fake_cpu[0].hcr, VGIC_HCR_EN);
    fake_teardown();
}

static void test_nesting_beyond_list_registers(void **state)
{
    (void)state;
    setup_v3(1, 2);
    for (unsigned int i = 0; i < 6; i++) {
        enable_spi(SPI0 + i);
        write_byte(IPRIORITYR + SPI0 + i, 0xe0 - 0x10 * i);
        vgic_latch_spi(&fake_domain, SPI0 + i);
        assert_int_equal(fake_ack(), SPI0 + i); /* each preempts the one before */
        fake_check();
    }
    assert_int_equal(fake_read(ISACTIVER + 4), 0x3f);
    vgic_latch_spi(&fake_domain, SPI0); /* pends again while active */
    for (unsigned int i = 6; i-- > 0;) {
        fake_eoi(SPI0 + i);
        fake_check();
        assert_int_equal(fake_read(ISACTIVER + 4), (1U << i) - 1);
    }
    assert_int_equal(fake_ack(), SPI0);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    assert_int_equal(fake_cpu[0].hcr, VGIC_HCR_EN);
    fake_teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_wide_and_narrow),
        cmocka_unit_test(test_out_of_range_is_raz_wi),
        cmocka_unit_test(test_last_bank),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_all_offsets),
        cmocka_unit_test(test_enable_pend_ack),
        cmocka_unit_test(test_disable_takes_it_back),
        cmocka_unit_test(test_clear_pending_and_active),
        cmocka_unit_test(test_distributor_off),
        cmocka_unit_test(test_edge_merges_and_repeats),
        cmocka_unit_test(test_level_repeats),
        cmocka_unit_test(test_pulse_needs_no_maintenance),
        cmocka_unit_test(test_priority_order),
        cmocka_unit_test(test_nesting_beyond_list_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
