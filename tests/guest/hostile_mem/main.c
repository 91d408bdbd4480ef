// SPDX-License-Identifier: Apache-2.0
/*
 * Reads, writes and executes everywhere outside its own memory, and writes garbage to its virtual
 * interrupt controller. Each access may fault; this kernel must live to say so, its neighbours must
 * not notice.
 */
#include <guest.h>
#include <hypercall.h>

#define LIMIT (1ULL << 39) /* what the identity map covers */

static struct prng prng;
static unsigned long done;
static unsigned long faults;

static bool own(uint64_t at)
{
    return at >= platform.ram_base && at < platform.ram_end;
}

/* One access of each kind; an address that faults is skipped by the trap handler. */
static void touch(uint64_t at, uint64_t value)
{
    uint64_t sink = 0;

    __asm__ volatile("ldrb %w0, [%1]\n\t"
                     "ldrh %w0, [%1]\n\t"
                     "ldr %w0, [%1]\n\t"
                     "ldr %0, [%1]\n\t"
                     "ldp x9, x10, [%1]\n\t"
                     "ldxr %0, [%1]\n\t"
                     "ldar %0, [%1]\n\t"
                     "strb %w2, [%1]\n\t"
                     "strh %w2, [%1]\n\t"
                     "str %w2, [%1]\n\t"
                     "str %2, [%1]\n\t"
                     "stp %2, %2, [%1]\n\t"
                     "stlr %2, [%1]\n\t"
                     "prfm pldl1keep, [%1]\n\t"
                     "dc civac, %1\n\t"
                     "at s1e1r, %1\n\t"
                     "clrex"
                     : "+&r"(sink)
                     : "r"(at), "r"(value)
                     : "x9", "x10", "memory");
    done++;
}

static void run_phase(const char *name)
{
    faults += trap_last.count;
    trap_last.count = 0;
    print("hostile_mem: %s, %lu addresses, %lu faults\n", name, done, faults);
}

static void known_places(void)
{
    static const uint64_t places[] = {
        0,          0x1000,     0x8000000,  0x8010000,    0x80a0000,
        0x9000000,  0x9010000,  0xa000000,  0x10000000,   0x3eff0000,
        0x3f000000, 0x40000000, 0x40200000, 0x4010000000, LIMIT - 16,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        if (!own(places[i])) {
            touch(places[i], ~0ULL);
        }
    }
    touch(platform.ram_end, 0);
    if (!own(platform.ram_base - 16)) {
        touch(platform.ram_base - 16, 0);
    }
    run_phase("known places");
}

static void random_places(void)
{
    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t at = prng_below(&prng, i % 2 != 0 ? LIMIT : 1ULL << 32) & ~15ULL;

        if (!own(at) && (at >> 16) != (platform.uart >> 16)) {
            touch(at, prng_next(&prng));
        }
    }
    run_phase("random places");
}

static void execute_places(void)
{
    for (unsigned int i = 0; i < 200; i++) {
        uint64_t at = (1ULL << 30) + (prng_below(&prng, 200ULL << 30) & ~3ULL);

        if (!own(at)) {
            ((void (*)(void))(uintptr_t)at)();
            done++;
        }
    }
    run_phase("execution");
}

static void interrupt_controller(void)
{
    for (unsigned int i = 0; i < 4000; i++) {
        uint64_t base = i % 2 != 0 ? platform.gicd : platform.gicr_or_gicc;

        touch(base + (prng_below(&prng, 0x20000) & ~15ULL), prng_next(&prng));
    }
    run_phase("interrupt controller");
}

void test_main(void)
{
    prng_seed(&prng, boot_option("seed", 1));
    trap_expect(true);
    known_places();
    random_places();
    execute_places();
    if (boot_option("gic", 1) != 0) {
        interrupt_controller();
    }
    trap_expect(false);
    test_check(done > 2000 && faults > 2000, "alive after it all");
}
