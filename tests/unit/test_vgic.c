/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC's register files and its delivery through list registers. */
#include "unit.h"

#include "fake_vgic.h"

#define SPI0       32U
#define SGI_FRAME  0x10000U
#define REDIST(n)  (FAKE_REDIST + (n)*0x20000UL)
#define CTLR       0x000U
#define TYPER      0x004U
#define ISENABLER  0x100U
#define ICENABLER  0x180U
#define ISPENDR    0x200U
#define ICPENDR    0x280U
#define ISACTIVER  0x300U
#define ICACTIVER  0x380U
#define IPRIORITYR 0x400U
#define ITARGETSR  0x800U
#define ICFGR      0xc00U
#define SGIR       0xf00U
#define IROUTER    0x6000U

static uint32_t fake_read(unsigned int offset)
{
    uint64_t value = ~0ULL;

    FAKE_CHECK(fake_access(0, FAKE_DIST + offset, false, 4, &value) == VGIC_DONE);
    return (uint32_t)value;
}

static void fake_write(unsigned int offset, uint64_t value)
{
    FAKE_CHECK(fake_access(0, FAKE_DIST + offset, true, 4, &value) == VGIC_DONE);
}

static uint32_t redist_read(unsigned int n, unsigned int offset)
{
    uint64_t value = ~0ULL;

    assert_int_equal(fake_access(0, REDIST(n) + offset, false, 4, &value), VGIC_DONE);
    return (uint32_t)value;
}

static void redist_write(unsigned int vcpu, unsigned int n, unsigned int offset, uint64_t value)
{
    assert_int_equal(fake_access(vcpu, REDIST(n) + offset, true, 4, &value), VGIC_DONE);
}

static void write_byte(unsigned int offset, uint64_t value)
{
    assert_int_equal(fake_access(0, FAKE_DIST + offset, true, 1, &value), VGIC_DONE);
}

static void setup_v3(unsigned int vcpus, unsigned int lrs)
{
    fake_setup(3, vcpus, 96, lrs);
    fake_run(0, 0);
    fake_write(CTLR, 0x12);
    fake_enter();
}

static void setup_v2(unsigned int vcpus, unsigned int lrs)
{
    fake_setup(2, vcpus, 96, lrs);
    fake_run(0, 0);
    fake_write(CTLR, 1);
    fake_enter();
}

static void enable_spi(unsigned int spi)
{
    fake_write(ISENABLER + spi / 32 * 4, 1U << (spi % 32));
}

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

/* --- Linked to physical interrupts --- */

static void fire_timer(unsigned int cpu, struct vgic_vcpu *v)
{
    assert_false(fake_cpu[cpu].private_active[27]);
    fake_cpu[cpu].private_active[27] = true;
    fake_here = cpu;
    vgic_hw_private(v, 27, 27);
}

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

/* --- Records --- */

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
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_timer_cleared_by_guest),
        cmocka_unit_test(test_device_interrupt),
        cmocka_unit_test(test_sgi_v3),
        cmocka_unit_test(test_sgi_v2),
        cmocka_unit_test(test_sgi_v2_pending_registers),
        cmocka_unit_test(test_targets_v2),
        cmocka_unit_test(test_routing_v3),
        cmocka_unit_test(test_remote_clear),
        cmocka_unit_test(test_unloaded_is_served),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_state_round_trip),
        cmocka_unit_test(test_state_timer_in_flight),
        cmocka_unit_test(test_state_refuses),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
