/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual GIC on a fake physical one, with its registers by name. */
#pragma once

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

static inline uint32_t fake_read(unsigned int offset)
{
    uint64_t value = ~0ULL;

    FAKE_CHECK(fake_access(0, FAKE_DIST + offset, false, 4, &value) == VGIC_DONE);
    return (uint32_t)value;
}

static inline void fake_write(unsigned int offset, uint64_t value)
{
    FAKE_CHECK(fake_access(0, FAKE_DIST + offset, true, 4, &value) == VGIC_DONE);
}

static inline uint32_t redist_read(unsigned int n, unsigned int offset)
{
    uint64_t value = ~0ULL;

    assert_int_equal(fake_access(0, REDIST(n) + offset, false, 4, &value), VGIC_DONE);
    return (uint32_t)value;
}

static inline void redist_write(unsigned int vcpu, unsigned int n, unsigned int offset,
                                uint64_t value)
{
    assert_int_equal(fake_access(vcpu, REDIST(n) + offset, true, 4, &value), VGIC_DONE);
}

static inline void write_byte(unsigned int offset, uint64_t value)
{
    assert_int_equal(fake_access(0, FAKE_DIST + offset, true, 1, &value), VGIC_DONE);
}

static inline void setup_v3(unsigned int vcpus, unsigned int lrs)
{
    fake_setup(3, vcpus, 96, lrs);
    fake_run(0, 0);
    fake_write(CTLR, 0x12);
    fake_enter();
}

static inline void setup_v2(unsigned int vcpus, unsigned int lrs)
{
    fake_setup(2, vcpus, 96, lrs);
    fake_run(0, 0);
    fake_write(CTLR, 1);
    fake_enter();
}

static inline void enable_spi(unsigned int spi)
{
    fake_write(ISENABLER + spi / 32 * 4, 1U << (spi % 32));
}

static inline void fire_timer(unsigned int cpu, struct vgic_vcpu *v)
{
    assert_false(fake_cpu[cpu].private_active[27]);
    fake_cpu[cpu].private_active[27] = true;
    fake_here = cpu;
    vgic_hw_private(v, 27, 27);
}
