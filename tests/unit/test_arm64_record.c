/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STATE_VCPU_ARCH of arm64: the record's own code, compiled here over a vCPU that has arm64's part
 * in place of the host's.
 */
#include "unit.h"

#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/state.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

/* Names that the host's architecture has, too: the code below sees arm64's. */
#define arch_vcpu            arm64_arch_vcpu
#define arch_vcpu_state_save arm64_state_save
#define arch_vcpu_state_load arm64_state_load
#include "arch/arm64/include/asm/arch_vcpu.h"

struct arm64_domain {
    domid_t id;
    struct {
        uint64_t cntvoff;
    } arch;
};

struct arm64_vcpu {
    struct arch_vcpu arch;
    struct arm64_domain *arm64_domain;
    uint32_t id;
};

static uint64_t counter;

#define vcpu         arm64_vcpu
#define domain       arm64_domain
#define counter_read fake_counter_read
static uint64_t fake_counter_read(void)
{
    return counter;
}
#include "arch/arm64/vcpu/state.c"

static struct arm64_domain d1 = {.id = 7}, d2 = {.id = 7};
static struct arm64_vcpu one = {.arm64_domain = &d1, .id = 3}, two = {.arm64_domain = &d2, .id = 3};
static uint8_t record[4096], again[4096];

static size_t save(struct arm64_vcpu *v, uint8_t *to)
{
    struct state_stream s = {.data = to, .size = sizeof(record)};

    arm64_state_save(v, &s);
    assert_int_equal(s.error, 0);
    return s.pos;
}

static int load(struct arm64_vcpu *v, uint8_t *from, size_t size)
{
    struct state_stream s = {.data = from, .size = size};

    return arm64_state_load(v, &s);
}

static void fill(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)p)[i] = (uint8_t)unit_random();
    }
}

static void make_busy(void)
{
    fill(one.arch.regs.x, sizeof(one.arch.regs.x));
    fill(&one.arch.sys, sizeof(one.arch.sys));
    fill(&one.arch.fp, sizeof(one.arch.fp));
    one.arch.regs.pc = 0xffff800080001234;
    one.arch.regs.pstate = 0x600003c5; /* EL1h */
    one.arch.vmpidr = two.arch.vmpidr = 0x80000103;
    one.arch.vtimer.cval = 555555;
    one.arch.vtimer.ctl = CNT_CTL_ENABLE;
    one.arch.ptimer.cval = 777777;
    one.arch.ptimer.ctl = CNT_CTL_ENABLE | CNT_CTL_IMASK;
}

static void test_round_trip(void **state)
{
    size_t n;

    (void)state;
    make_busy();
    counter = 1000000;
    d1.arch.cntvoff = 400000;
    n = save(&one, record);
    counter = 90000000; /* another host, whose counter is elsewhere */
    assert_int_equal(load(&two, record, n), 0);
    assert_memory_equal(two.arch.regs.x, one.arch.regs.x, sizeof(one.arch.regs.x));
    assert_int_equal(two.arch.regs.pc, one.arch.regs.pc);
    assert_int_equal(two.arch.regs.pstate, one.arch.regs.pstate);
    assert_memory_equal(&two.arch.sys, &one.arch.sys, sizeof(one.arch.sys));
    assert_memory_equal(&two.arch.fp, &one.arch.fp, sizeof(one.arch.fp));
    assert_int_equal(two.arch.vtimer.cval, 555555);
    assert_int_equal(two.arch.ptimer.ctl, CNT_CTL_ENABLE | CNT_CTL_IMASK);
    /* The guest's own counter goes on from where it was. */
    assert_int_equal(counter - d2.arch.cntvoff, 600000);
    assert_int_equal(save(&two, again), n);
    assert_memory_equal(record, again, n);
}

static void test_refused(void **state)
{
    static const uint64_t bad_pstate[] = {0x3c9, 0x3c8, 0x3cd, 0x3c1, 0x1d3, 0x3cf};
    struct arm64_vcpu before;
    size_t n;

    (void)state;
    make_busy();
    n = save(&one, record);
    before = two;
    for (size_t cut = 0; cut < n; cut++) {
        assert_true(load(&two, record, cut) < 0);
    }
    /* EL2, EL3, undefined modes, AArch32 above EL0: none reaches SPSR_EL2. */
    for (unsigned int i = 0; i < sizeof(bad_pstate) / sizeof(bad_pstate[0]); i++) {
        one.arch.regs.pstate = bad_pstate[i];
        n = save(&one, record);
        assert_int_equal(load(&two, record, n), -EINVAL);
    }
    make_busy();
    one.arch.vmpidr++;
    n = save(&one, record);
    assert_int_equal(load(&two, record, n), -EINVAL);
    assert_memory_equal(&two, &before, sizeof(two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
