/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: interrupts linked to physical ones, and several vCPUs. */
#include "vgic_regs.h"

/* --- Linked to physical interrupts --- */

static void test_timer(void **state)
{
    (void)state;
    setup_v3(2, 4);
    redist_write(0, 0, SGI_FRAME + ISENABLER, 1U << 27);
    for (unsigned int i = 0; i < 3; i++) {
        fire_timer(0, &fake_vcpu[0]);
        assert_int_equal(fake_ack(), 27);
        fake_eoi(27);
        assert_false(fake_cpu[0].private_active[27]);
    }
    /* Switched away while pending: the CPU's timer interrupt is free for the next vCPU. */
    fire_timer(0, &fake_vcpu[0]);
    redist_write(0, 1, SGI_FRAME + ISENABLER, 1U << 27);
    fake_run(0, 1);
    assert_false(fake_cpu[0].private_active[27]);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fire_timer(0, &fake_vcpu[1]);
    assert_int_equal(fake_ack(), 27);
    /* And back on another CPU, in the middle of both handlers. */
    fake_run(1, 0);
    assert_true(fake_cpu[1].private_active[27]);
    assert_int_equal(fake_ack(), 27);
    fake_eoi(27);
    assert_false(fake_cpu[1].private_active[27]);
    fake_here = 0;
    assert_true(fake_cpu[0].private_active[27]);
    fake_eoi(27);
    assert_false(fake_cpu[0].private_active[27]);
    fake_check();
    fake_teardown();
}

static void test_timer_cleared_by_guest(void **state)
{
    (void)state;
    setup_v3(1, 4);
    /* Disabled, fired, cleared: the physical interrupt can fire again. */
    fire_timer(0, &fake_vcpu[0]);
    assert_int_equal(fake_ack(), FAKE_NONE);
    redist_write(0, 0, SGI_FRAME + ICPENDR, 1U << 27);
    assert_false(fake_cpu[0].private_active[27]);
    redist_write(0, 0, SGI_FRAME + ISENABLER, 1U << 27);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fire_timer(0, &fake_vcpu[0]);
    redist_write(0, 0, SGI_FRAME + ICPENDR, 1U << 27); /* from its list register */
    assert_false(fake_cpu[0].private_active[27]);
    fire_timer(0, &fake_vcpu[0]);
    assert_int_equal(fake_ack(), 27);
    redist_write(0, 0, SGI_FRAME + ICACTIVER, 1U << 27);
    assert_false(fake_cpu[0].private_active[27]);
    fake_check();
    fake_teardown();
}

static void link_spi(unsigned int spi, unsigned int pirq)
{
    struct vgic_bank *b = &fake_domain.spi[spi / 32 - 1];

    b->hwirq[spi % 32] = (uint16_t)pirq;
    b->hw |= 1U << (spi % 32);
}

static void test_device_interrupt(void **state)
{
    (void)state;
    setup_v3(2, 4);
    link_spi(40, 140);
    fake_write(ICFGR + 8, 2U << 16);
    assert_true(fake_edge[140]);
    fake_write(IROUTER + 8 * 40, 1);
    assert_int_equal(fake_target[140], 1);
    enable_spi(40);
    assert_true(fake_enabled[140]);
    fake_active[140] = true;
    vgic_hw_spi(&fake_domain, 40);
    assert_int_equal(fake_notified[1] != 0, true);
    fake_write(ICENABLER + 4, 1 << 8);
    assert_false(fake_enabled[140]);
    assert_true(fake_active[140]);
    fake_run(1, 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    enable_spi(40);
    assert_int_equal(fake_ack(), 40);
    fake_eoi(40);
    assert_false(fake_active[140]);
    vgic_hw_spi(&fake_domain, 41); /* not linked */
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_check();
    fake_teardown();
    assert_false(fake_enabled[140]);
}

/* --- Several vCPUs --- */

static void test_sgi_v3(void **state)
{
    (void)state;
    setup_v3(4, 4);
    vgic_sgi1r(&fake_vcpu[0], 5ULL << 24 | 1); /* to itself */
    assert_int_equal(fake_ack(), 5);
    fake_eoi(5);
    vgic_sgi1r(&fake_vcpu[0], 7ULL << 24 | 0xe);                 /* list: 1, 2, 3 */
    vgic_sgi1r(&fake_vcpu[0], 8ULL << 24 | 1ULL << 40);          /* all but itself */
    vgic_sgi1r(&fake_vcpu[0], 9ULL << 24 | 1ULL << 16 | 0xffff); /* Aff1 1: nobody */
    vgic_sgi1r(&fake_vcpu[0], 9ULL << 24 | 1ULL << 32 | 0xffff); /* Aff2 */
    vgic_sgi1r(&fake_vcpu[0], 9ULL << 24 | 1ULL << 48 | 0xffff); /* Aff3 */
    vgic_sgi1r(&fake_vcpu[0], 9ULL << 24 | 1ULL << 44 | 0xffff); /* RS */
    assert_int_equal(fake_ack(), FAKE_NONE);
    for (unsigned int i = 1; i < 4; i++) {
        fake_run(i, i);
        assert_int_equal(fake_ack(), 7);
        fake_eoi(7);
        assert_int_equal(fake_ack(), 8);
        fake_eoi(8);
        assert_int_equal(fake_ack(), FAKE_NONE);
    }
    fake_check();
    fake_teardown();
}

static void test_sgi_v2(void **state)
{
    uint64_t lr;

    (void)state;
    setup_v2(3, 4);
    fake_write(SGIR, 1 << 24 | 3); /* all others */
    fake_write(SGIR, 2 << 24 | 4); /* self */
    assert_int_equal(fake_ack_lr(&lr), 4);
    assert_int_equal(LR_SOURCE(lr), 0);
    assert_false((lr & LR_GROUP1) != 0);
    fake_eoi(4);
    /* One SGI from two CPUs is taken twice. */
    vgic_send_sgi(&fake_vcpu[2], 3, 1);
    fake_run(2, 2);
    for (unsigned int source = 0; source < 2; source++) {
        assert_int_equal(fake_ack_lr(&lr), 3);
        assert_int_equal(LR_SOURCE(lr), source);
        fake_eoi(3);
    }
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_check();
    fake_teardown();
}

static void test_sgi_v2_pending_registers(void **state)
{
    uint64_t value = 0x02010000; /* SGI 2 from CPU 0, SGI 3 from CPU 1 */
    uint64_t lr;

    (void)state;
    setup_v2(2, 4);
    assert_int_equal(fake_access(0, FAKE_DIST + 0xf20, true, 4, &value), VGIC_DONE);
    assert_int_equal(fake_read(0xf10), 0x02010000);
    fake_write(0xf10, 0x00010000);
    assert_int_equal(fake_read(0xf20), 0x02000000);
    assert_int_equal(fake_ack_lr(&lr), 3);
    assert_int_equal(LR_SOURCE(lr), 1);
    fake_eoi(3);
    assert_int_equal(fake_ack(), FAKE_NONE);
    /* SGIs are always enabled, and not pended by bit. */
    fake_write(ICENABLER, ~0U);
    fake_write(ISPENDR, 1);
    assert_int_equal(fake_read(ISENABLER) & 0xffff, 0xffff);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_teardown();
}

static void test_targets_v2(void **state)
{
    uint64_t value;

    (void)state;
    setup_v2(2, 4);
    assert_int_equal(fake_read(ITARGETSR), 0x01010101);
    assert_int_equal(fake_access(1, FAKE_DIST + ITARGETSR, false, 4, &value), VGIC_DONE);
    assert_int_equal(value, 0x02020202);
    enable_spi(SPI0 + 1);
    write_byte(ITARGETSR + SPI0 + 1, 0xfe);
    assert_int_equal(fake_read(ITARGETSR + SPI0), 0x01010201);
    vgic_latch_spi(&fake_domain, SPI0 + 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    write_byte(ITARGETSR + SPI0 + 1, 0);
    fake_run(1, 1);
    assert_int_equal(fake_ack(), FAKE_NONE);
    write_byte(ITARGETSR + SPI0 + 1, 3);
    fake_here = 0;
    assert_int_equal(fake_ack(), SPI0 + 1);
    fake_teardown();
}

/* Made active by another CPU after the guest's end, and then out of its list register: the physical
 * interrupt ended with the guest's, and what fires since is not ended by the end of that state. */
static void test_made_active_after_its_end(void **state)
{
    (void)state;
    setup_v3(2, 2);
    fake_run(0, 0);
    link_spi(47, 147);
    enable_spi(47);
    fake_active[147] = true;
    vgic_hw_spi(&fake_domain, 47);
    assert_int_equal(fake_ack(), 47);
    fake_eoi(47);
    assert_false(fake_active[147]);
    fake_here = 1;
    fake_write(ISACTIVER + 4, 1U << 15);
    fake_here = 0;
    vgic_sgi1r(&fake_vcpu[0], 1ULL << 24 | 1);
    vgic_sgi1r(&fake_vcpu[0], 2ULL << 24 | 1);
    fake_enter();
    assert_true(fake_vcpu[0].evicted);
    fake_check();
    fake_active[147] = true;
    vgic_hw_spi(&fake_domain, 47);
    fake_eoi(47);
    fake_enter();
    assert_true(fake_active[147]);
    for (unsigned int n = 0; n < 3; n++) {
        fake_eoi(fake_ack());
    }
    assert_false(fake_active[147]);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_check();
    fake_teardown();
}

static void test_routing_v3(void **state)
{
    (void)state;
    setup_v3(2, 4);
    fake_run(1, 1);
    fake_here = 0;
    enable_spi(SPI0);
    fake_write(IROUTER + 8 * SPI0, 1);
    vgic_latch_spi(&fake_domain, SPI0); /* from CPU 0, while vCPU 1 runs on CPU 1 */
    assert_true(fake_notified[1] != 0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_here = 1;
    fake_enter();
    /* Moved before it was taken. */
    fake_here = 0;
    fake_write(IROUTER + 8 * SPI0, 0);
    fake_here = 1;
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_here = 0;
    assert_int_equal(fake_ack(), SPI0);
    /* Moved while active, and pending again: to the new one when it ends. */
    fake_write(IROUTER + 8 * SPI0, 1);
    vgic_line_spi(&fake_domain, SPI0, true);
    fake_eoi(SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_here = 1;
    assert_int_equal(fake_ack(), SPI0);
    vgic_line_spi(&fake_domain, SPI0, false);
    fake_eoi(SPI0);
    /* Nowhere: waits. Any: the first. */
    fake_here = 0;
    fake_write(IROUTER + 8 * SPI0, 0x0100);
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_write(IROUTER + 8 * SPI0, 0x80000000);
    assert_int_equal(fake_read(IROUTER + 8 * SPI0), 0x80000000);
    assert_int_equal(fake_ack(), SPI0);
    fake_check();
    fake_teardown();
}

/* Active, pending again and routed away, and more urgent ones take its list register: when it ends,
 * without one, its next occurrence is the other vCPU's. */
static void test_routed_away_without_list_register(void **state)
{
    (void)state;
    setup_v3(2, 2);
    fake_run(1, 1);
    fake_run(0, 0);
    enable_spi(47);
    vgic_latch_spi(&fake_domain, 47);
    assert_int_equal(fake_ack(), 47);
    fake_write(ICFGR + 8, 2U << 30); /* edge: the next one waits for the end of this */
    link_spi(47, 147);
    fake_active[147] = true;
    vgic_hw_spi(&fake_domain, 47);
    fake_write(IROUTER + 8 * 47, 1);
    vgic_sgi1r(&fake_vcpu[0], 1ULL << 24 | 1);
    vgic_sgi1r(&fake_vcpu[0], 2ULL << 24 | 1);
    fake_enter();
    assert_true(fake_vcpu[0].evicted);
    fake_eoi(47);
    fake_check_settled();
    fake_here = 1;
    assert_int_equal(fake_ack(), 47);
    fake_eoi(47);
    fake_check();
    fake_teardown();
}

static void test_remote_clear(void **state)
{
    (void)state;
    setup_v3(2, 4);
    fake_run(1, 1);
    fake_here = 0;
    enable_spi(SPI0);
    enable_spi(SPI0 + 1);
    fake_write(IROUTER + 8 * SPI0, 1);
    fake_write(IROUTER + 8 * (SPI0 + 1), 1);
    fake_here = 1;
    vgic_latch_spi(&fake_domain, SPI0);
    vgic_latch_spi(&fake_domain, SPI0 + 1);
    assert_int_equal(fake_ack(), SPI0);
    /* Another CPU clears what this one has in list registers. */
    fake_here = 0;
    fake_write(ICPENDR + 4, 2);
    fake_write(ICACTIVER + 4, 1);
    fake_here = 1;
    fake_enter();
    assert_int_equal(fake_read(ISACTIVER + 4), 0);
    assert_int_equal(fake_read(ISPENDR + 4), 0);
    fake_cpu[1].active_priorities = 0;
    assert_int_equal(fake_ack(), FAKE_NONE);
    /* And sees its state one exit later. */
    vgic_latch_spi(&fake_domain, SPI0);
    assert_int_equal(fake_ack(), SPI0);
    fake_here = 0;
    (void)fake_read(ISACTIVER + 4);
    fake_here = 1;
    fake_enter();
    fake_here = 0;
    assert_int_equal(fake_read(ISACTIVER + 4), 1);
    fake_teardown();
}

static void test_unloaded_is_served(void **state)
{
    (void)state;
    setup_v3(2, 4);
    vgic_send_sgi(&fake_vcpu[1], 2, 0);
    assert_int_equal(fake_notified[1] != 0, true);
    assert_true(vgic_pending(&fake_vcpu[1]));
    fake_run(0, 1);
    assert_int_equal(fake_ack(), 2);
    fake_run(0, 0);
    assert_false(vgic_pending(&fake_vcpu[1]));
    fake_run(0, 1);
    fake_eoi(2);
    assert_int_equal(fake_ack(), FAKE_NONE);
    fake_check();
    fake_teardown();
}

static void test_reset(void **state)
{
    (void)state;
    setup_v3(2, 4);
    fake_run(1, 1);
    fake_write(IROUTER + 8 * SPI0, 1);
    enable_spi(SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    vgic_latch_private(&fake_vcpu[1], 20);
    fake_enter();
    fake_unload(1);
    vgic_reset_vcpu(&fake_vcpu[1]);
    fake_check();
    assert_int_equal(fake_vcpu[1].private.pending, 0);
    fake_run(1, 1);
    assert_int_equal(fake_ack(), SPI0);
    fake_check();
    fake_teardown();
}

/* A route that changes while its holder runs elsewhere, and the holder is reset before it looks. */
static void test_reset_after_routed_away(void **state)
{
    (void)state;
    setup_v3(2, 4);
    fake_run(1, 1);
    fake_write(IROUTER + 8 * SPI0, 1);
    enable_spi(SPI0);
    vgic_latch_spi(&fake_domain, SPI0);
    fake_enter();
    fake_run(0, 0);
    fake_write(IROUTER + 8 * SPI0, 0);
    fake_unload(1);
    vgic_reset_vcpu(&fake_vcpu[1]);
    fake_here = 0;
    fake_check();
    fake_enter();
    assert_int_equal(fake_ack(), SPI0);
    fake_eoi(SPI0);
    fake_check_settled();
    fake_teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_timer_cleared_by_guest),
        cmocka_unit_test(test_device_interrupt),
        cmocka_unit_test(test_sgi_v3),
        cmocka_unit_test(test_sgi_v2),
        cmocka_unit_test(test_sgi_v2_pending_registers),
        cmocka_unit_test(test_targets_v2),
        cmocka_unit_test(test_made_active_after_its_end),
        cmocka_unit_test(test_routing_v3),
        cmocka_unit_test(test_routed_away_without_list_register),
        cmocka_unit_test(test_remote_clear),
        cmocka_unit_test(test_unloaded_is_served),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_after_routed_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
