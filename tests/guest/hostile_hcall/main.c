// SPDX-License-Identifier: Apache-2.0
/*
 * Makes every hypercall with garbage: arguments from a seeded generator, drawn from values that
 * reach deeper than pure noise. Left out: what would legitimately end or stop this domain.
 */
#include <guest.h>
#include <hypercall.h>

#define HVC_NUMBERS 64

/* The last pages of RAM: what a hypercall writes past them is outside this domain, not in its data.
 */
static char *buffer;
static struct prng prng;

static uint64_t some_address(void)
{
    switch (prng_below(&prng, 8)) {
    case 0:
        return 0;
    case 1:
        return BAD_ADDRESS + prng_below(&prng, 16);
    case 2:
        return platform.ram_end - prng_below(&prng, 64);
    case 3:
        return ADDRESS(buffer) + PAGE_SIZE - prng_below(&prng, 32);
    case 4:
        return prng_next(&prng);
    default:
        return ADDRESS(buffer) + prng_below(&prng, 64) * 8;
    }
}

static uint64_t some_number(void)
{
    switch (prng_below(&prng, 6)) {
    case 0:
        return prng_next(&prng);
    case 1:
        return ~0ULL - prng_below(&prng, 4);
    case 2:
        return 1ULL << prng_below(&prng, 64);
    case 3:
        return 0x7ff0 + prng_below(&prng, 16);
    default:
        return prng_below(&prng, 64);
    }
}

/* Structures that make sense in places: small numbers, domain ids, frames that nobody uses. */
static void fill_buffer(void)
{
    uint64_t *words = (uint64_t *)(uintptr_t)buffer;

    for (unsigned int i = 0; i < 256; i++) {
        uint64_t low = prng_below(&prng, 3) == 0 ? 0x7ff0 : prng_below(&prng, 40);

        words[i] = prng_below(&prng, 4) == 0 ? some_address() : low | (some_number() << 32);
    }
}

static bool would_stop_us(uint64_t number, uint64_t op)
{
    uint32_t n = (uint32_t)number;
    uint32_t o = (uint32_t)op;

    if (n == __HYPERVISOR_sched_op || n == __HYPERVISOR_sched_op_compat) {
        return o != SCHEDOP_yield && o < 8;
    }
    return n == __HYPERVISOR_console_io;
}

static void one_call(uint64_t number)
{
    uint64_t a[5];

    for (unsigned int i = 0; i < ARRAY_SIZE(a); i++) {
        a[i] = prng_below(&prng, 2) != 0 ? some_number() : some_address();
    }
    if (prng_below(&prng, 4) != 0) {
        a[0] = prng_below(&prng, 48); /* mostly a sub-operation that could exist */
    }
    if (number == __HYPERVISOR_grant_table_op && prng_below(&prng, 16) != 0) {
        a[2] = prng_below(&prng, 64);
    }
    if (!would_stop_us(number, a[0])) {
        hypercall(number, a[0], a[1], a[2], a[3], a[4]);
    }
}

void test_main(void)
{
    uint64_t rounds = boot_option("rounds", 300);

    buffer = (char *)(uintptr_t)(platform.ram_end - 4 * PAGE_SIZE);
    prng_seed(&prng, boot_option("seed", 1));
    print("hostile_hcall: seed %lu\n", (unsigned long)boot_option("seed", 1));
    for (uint64_t i = 0; i < rounds; i++) {
        fill_buffer();
        for (uint64_t n = 0; n < HVC_NUMBERS; n++) {
            one_call(n);
        }
        one_call(some_number() | 0x40);
        smccc_hvc(0x84000100 + prng_below(&prng, 0x10000), some_number(), some_number(), 0);
        smccc_hvc(some_number() | (1ULL << 30), some_number(), some_address(), 0);
        if (i % 100 == 99) {
            print("hostile_hcall: %lu rounds\n", (unsigned long)i + 1);
        }
    }
    test_check(true, "alive after %lu rounds", (unsigned long)rounds);
}
