// SPDX-License-Identifier: Apache-2.0
/*
 * Makes every hypercall with garbage: arguments from a seeded generator, drawn from values that
 * reach deeper than pure noise. Left out: what would legitimately end or stop this domain, and what
 * would make a hypercall write over this kernel. With cpus=2 both vCPUs do so at once, and the
 * second goes off and comes back all the time. At the end shared_info is mapped all over the
 * address space: the tables for that must come from an allowance, not from everybody's memory.
 */
#include <guest.h>
#include <hypercall.h>

#define HVC_NUMBERS 64

/* The last pages of RAM: what a hypercall writes past them is outside this domain, not in its data.
 */
static char *buffers;
static volatile bool finished;
static volatile unsigned long second_starts;

/* What one vCPU works with. */
struct source {
    struct prng prng;
    char *buffer;
};

static struct source sources[2];

static uint64_t some_address(struct source *s)
{
    switch (prng_below(&s->prng, 8)) {
    case 0:
        return 0;
    case 1:
        return BAD_ADDRESS + prng_below(&s->prng, 16);
    case 2:
        return platform.ram_end - prng_below(&s->prng, 64);
    case 3:
        return ADDRESS(s->buffer) + PAGE_SIZE - prng_below(&s->prng, 32);
    case 4:
        return prng_next(&s->prng);
    default:
        return ADDRESS(s->buffer) + prng_below(&s->prng, 64) * 8;
    }
}

static uint64_t raw_number(struct source *s)
{
    switch (prng_below(&s->prng, 6)) {
    case 0:
        return prng_next(&s->prng);
    case 1:
        return ~0ULL - prng_below(&s->prng, 4);
    case 2:
        return 1ULL << prng_below(&s->prng, 64);
    case 3:
        return 0x7ff0 + prng_below(&s->prng, 16);
    default:
        return prng_below(&s->prng, 64);
    }
}

static uint64_t some_number(struct source *s)
{
    uint64_t n = raw_number(s);

    return n >= platform.ram_base && n < ADDRESS(buffers) ? ADDRESS(s->buffer) : n;
}

/* Structures that make sense in places: small numbers, domain ids, frames that nobody uses. */
static void fill_buffer(struct source *s)
{
    uint64_t *words = (uint64_t *)(uintptr_t)s->buffer;

    for (unsigned int i = 0; i < 256; i++) {
        uint64_t low = prng_below(&s->prng, 3) == 0 ? 0x7ff0 : prng_below(&s->prng, 40);

        words[i] = prng_below(&s->prng, 4) == 0 ? some_address(s) : low | (some_number(s) << 32);
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

static void one_call(struct source *s, uint64_t number)
{
    uint64_t a[5];

    for (unsigned int i = 0; i < ARRAY_SIZE(a); i++) {
        a[i] = prng_below(&s->prng, 2) != 0 ? some_number(s) : some_address(s);
    }
    if (prng_below(&s->prng, 4) != 0) {
        a[0] = prng_below(&s->prng, 48); /* mostly a sub-operation that could exist */
    }
    if (number == __HYPERVISOR_grant_table_op && prng_below(&s->prng, 16) != 0) {
        a[2] = prng_below(&s->prng, 64);
    }
    if (!would_stop_us(number, a[0])) {
        hypercall(number, a[0], a[1], a[2], a[3], a[4]);
    }
}

static void one_round(struct source *s)
{
    fill_buffer(s);
    for (uint64_t n = 0; n < HVC_NUMBERS; n++) {
        one_call(s, n);
    }
    one_call(s, some_number(s) | 0x40);
    smccc_hvc(0x84000100 + prng_below(&s->prng, 0x10000), some_number(s), some_number(s), 0);
    smccc_hvc(some_number(s) | (1ULL << 30), some_number(s), some_address(s), 0);
}

static void second(void)
{
    second_starts++;
    if (!finished) {
        one_round(&sources[1]);
    }
    psci_cpu_off();
}

static void scatter(void)
{
    struct xen_add_to_physmap x = {.domid = DOMID_SELF, .space = XENMAPSPACE_shared_info};
    unsigned long mapped = 0;

    for (uint64_t gfn = 1ULL << 19; gfn < 1ULL << 27; gfn += 512) {
        x.gpfn = gfn;
        if (memory_op(XENMEM_add_to_physmap, &x) != 0) {
            break;
        }
        mapped++;
    }
    test_check(mapped < 8192, "page tables have a limit (%lu mapped)", mapped);
}

void test_main(void)
{
    uint64_t rounds = boot_option("rounds", 300);
    uint64_t seed = boot_option("seed", 1);
    bool both = boot_option("cpus", 1) > 1;

    buffers = (char *)(uintptr_t)(platform.ram_end - 8 * PAGE_SIZE);
    for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
        sources[i].buffer = buffers + (i + 1) * 4 * PAGE_SIZE - PAGE_SIZE;
        prng_seed(&sources[i].prng, seed + i * 1000003);
    }
    print("hostile_hcall: seed %lu\n", (unsigned long)seed);
    for (uint64_t i = 0; i < rounds; i++) {
        one_round(&sources[0]);
        if (both) {
            psci_cpu_on(1, second);
        }
        if (i % 100 == 99) {
            print("hostile_hcall: %lu rounds, second vCPU %lu\n", (unsigned long)i + 1,
                  second_starts);
        }
    }
    finished = true;
    test_check(!both || second_starts > 0, "alive after %lu rounds", (unsigned long)rounds);
    scatter();
}
