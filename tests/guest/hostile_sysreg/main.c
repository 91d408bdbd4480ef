// SPDX-License-Identifier: Apache-2.0
/*
 * Reads and writes every system register encoding there is (op0 2 and 3), and executes every SYS
 * instruction of op0 1. What the architecture or the hypervisor does not have must be an undefined
 * instruction here, nothing more.
 */
#include <guest.h>

#define INSN_MRS 0xd5200000u
#define INSN_MSR 0xd5000000u
#define INSN_RET 0xd65f03c0u

static uint32_t code[16] PAGE_ALIGNED;
static char scratch[PAGE_SIZE] PAGE_ALIGNED;
static unsigned long undefined_count;
static unsigned long worked;

struct encoding {
    unsigned int op0;
    unsigned int op1;
    unsigned int crn;
    unsigned int crm;
    unsigned int op2;
};

static uint32_t field(const struct encoding *e)
{
    return (e->op0 << 19) | (e->op1 << 16) | (e->crn << 12) | (e->crm << 8) | (e->op2 << 5);
}

/* Runs one instruction on x0; false when it was undefined. */
static bool execute(uint32_t insn, uint64_t *x0)
{
    uint64_t (*run)(uint64_t) = (uint64_t(*)(uint64_t))(uintptr_t)code;
    unsigned int before = trap_last.count;

    code[0] = insn;
    code[1] = INSN_RET;
    __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ivau, %0\n\tdsb sy\n\tisb" ::"r"(code)
                     : "memory");
    *x0 = run(*x0);
    if (trap_last.count != before) {
        undefined_count++;
        return false;
    }
    worked++;
    return true;
}

/* Registers that this kernel stands on: what was read is written back, never garbage. */
static bool is_vital(const struct encoding *e)
{
    if (e->op0 != 3) {
        return false;
    }
    return e->crn <= 2 || e->crn == 4 || e->crn == 10 || (e->crn == 12 && e->crm == 0);
}

static void try_register(const struct encoding *e, struct prng *prng)
{
    uint64_t value = 0;
    bool readable = execute(INSN_MRS | field(e), &value);

    if (readable) {
        execute(INSN_MSR | field(e), &value);
    }
    if (!is_vital(e)) {
        static const uint64_t extremes[] = {0, ~0ULL};
        uint64_t garbage = prng_next(prng);

        execute(INSN_MSR | field(e), &garbage);
        for (unsigned int i = 0; i < ARRAY_SIZE(extremes); i++) {
            garbage = extremes[i];
            execute(INSN_MSR | field(e), &garbage);
        }
        if (readable) {
            execute(INSN_MSR | field(e), &value);
        }
    }
}

static void try_sys(const struct encoding *e)
{
    uint64_t address = (uint64_t)(uintptr_t)scratch;

    execute(INSN_MSR | field(e), &address);
}

static void walk(unsigned int op0, struct prng *prng)
{
    struct encoding e = {.op0 = op0};

    for (unsigned int i = 0; i < 8 * 16 * 16 * 8; i++) {
        e.op1 = i >> 11;
        e.crn = (i >> 7) & 15;
        e.crm = (i >> 3) & 15;
        e.op2 = i & 7;
        if (op0 == 1) {
            try_sys(&e);
        } else {
            try_register(&e, prng);
        }
    }
    print("hostile_sysreg: op0 %u, %lu worked, %lu undefined\n", op0, worked, undefined_count);
}

void test_main(void)
{
    struct prng prng;

    prng_seed(&prng, boot_option("seed", 1));
    trap_expect(true);
    walk(3, &prng);
    walk(2, &prng);
    walk(1, &prng);
    trap_expect(false);
    test_check(worked > 100 && undefined_count > 1000, "alive after it all");
}
