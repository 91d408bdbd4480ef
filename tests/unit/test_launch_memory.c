/* SPDX-License-Identifier: Apache-2.0 */
/* RAM for domains that are built: one to one, in windows, and what is copied into it. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/launch.h>
#include <hearth/p2m.h>
#include <hearth/page.h>

#include "log.h"

static struct domain d;
static struct p2m table, *tables[] = {&table};
static struct plan_domain plan = {.name = "d"};
static struct launch l;

static void begin(uint64_t memory)
{
    plan.memory = memory;
    d = (struct domain){.id = 1, .p2m = tables, .nr_p2m = 1, .max_pages = memory >> PAGE_SHIFT};
    spin_lock_init(&d.lock, RANK_DOMAIN);
    spin_lock_init(&d.pages_lock, RANK_PAGES);
    unit_check(p2m_init(&table, &d, 40) == 0);
    l = (struct launch){.plan = &plan, .domain = &d};
}

static uint64_t sum(void)
{
    uint64_t total = 0;

    for (unsigned int i = 0; i < l.nr_banks; i++) {
        unit_check(i == 0 || l.bank[i - 1].start + l.bank[i - 1].size < l.bank[i].start);
        total += l.bank[i].size;
    }
    return total;
}

/* Three islands of free memory, so that one block does not do. */
static void boot_islands(void)
{
    const struct mem_range banks[] = {
        {GiB(1), GiB(1) + MiB(12)},
        {GiB(1) + MiB(18), GiB(1) + MiB(40)},
        {GiB(5), GiB(5) + MiB(32)},
    };

    host_boot_banks(1, banks, 3, true);
}

static void direct(void)
{
    struct p2m_entry entry;

    boot_islands();
    begin(MiB(24) + 1);
    unit_check(launch_memory_direct(&l) == 0);
    unit_check(sum() == MiB(26) && d.tot_pages == MiB(26) >> PAGE_SHIFT);
    for (unsigned int i = 0; i < l.nr_banks; i++) {
        for (uint64_t at = l.bank[i].start; at < l.bank[i].start + l.bank[i].size; at += MiB(1)) {
            unit_check(p2m_lookup(&table, gfn(at >> PAGE_SHIFT), &entry) == 0);
            unit_check(entry.mfn.n == at >> PAGE_SHIFT && entry.type == P2M_RAM);
            unit_check(*(uint64_t *)mfn_to_virt(entry.mfn) == 0); /* scrubbed */
        }
    }
}

static void direct_too_much(void)
{
    boot_islands();
    begin(MiB(128));
    unit_check(launch_memory_direct(&l) == -ENOMEM);
}

static const struct launch_bank windows[] = {{GiB(1), MiB(8)}, {GiB(8), MiB(64)}};

static void in_windows(void)
{
    struct p2m_entry entry;

    boot_islands();
    begin(MiB(8) + MiB(20) + 3 * PAGE_SIZE);
    unit_check(launch_memory(&l, windows, 2) == 0);
    unit_check(l.nr_banks == 2 && l.bank[1].size == MiB(20) + 3 * PAGE_SIZE);
    unit_check(d.tot_pages == plan.memory >> PAGE_SHIFT);
    unit_check(p2m_lookup(&table, gfn(GiB(1) >> PAGE_SHIFT), &entry) == 0 && entry.order >= 9);
    unit_check(p2m_lookup(&table, gfn((GiB(8) + MiB(20) + 2 * PAGE_SIZE) >> PAGE_SHIFT), &entry) ==
               0);
    unit_check(p2m_lookup(&table, gfn((GiB(8) + MiB(20) + 3 * PAGE_SIZE) >> PAGE_SHIFT), &entry) !=
               0);
}

static void windows_too_small(void)
{
    boot_islands();
    begin(MiB(80));
    unit_check(launch_memory(&l, windows, 2) == -E2BIG);
    begin(MiB(70));
    unit_check(launch_memory(&l, windows, 2) == -ENOMEM);
}

static void place(void)
{
    boot_islands();
    begin(MiB(64));
    l.bank[0] = (struct launch_bank){GiB(1), MiB(8)};
    l.bank[1] = (struct launch_bank){GiB(2) + MiB(1), MiB(64)};
    l.nr_banks = 2;
    plan.ramdisk.size = 5;
    unit_check(launch_place(&l, 0x80000, MiB(1), 4096) == 0);
    unit_check(l.entry == GiB(1) + 0x80000 && l.ramdisk == GiB(1) + MiB(2));
    unit_check(l.fdt == GiB(1) + MiB(4));
    plan.ramdisk.size = MiB(5);
    unit_check(launch_place(&l, 0, MiB(4), 4096) == 0);
    unit_check(l.entry == GiB(2) + MiB(2) && l.fdt == GiB(2) + MiB(12));
    unit_check(launch_place(&l, 0, GiB(64), 4096) == -ENOSPC && logged("do not fit"));
    plan.ramdisk.size = 0;
}

/* Odd sizes and places, across blocks; what is around it stays. */
static void copies(void)
{
    static uint8_t source[MiB(3) + 77] aligned(4096);
    struct p2m_entry entry;
    uint64_t to, i;

    boot_islands();
    begin(MiB(28));
    unit_check(launch_memory(&l, windows, 2) == 0);
    for (i = 0; i < sizeof(source); i++) {
        source[i] = (uint8_t)unit_random();
    }
    for (unsigned int n = 0; n < 3; n++) {
        to = GiB(1) + MiB(1) + n * 123;
        unit_check(launch_copy(&d, to, source + n, sizeof(source) - n) == 0);
        for (i = 0; i < sizeof(source) - n; i += 997) {
            unit_check(p2m_lookup(&table, gfn((to + i) >> PAGE_SHIFT), &entry) == 0);
            unit_check(((uint8_t *)mfn_to_virt(entry.mfn))[(to + i) & ~PAGE_MASK] == source[n + i]);
        }
    }
    unit_check(host_count_events(HOST_CLEAN) > 0);
    unit_check(launch_copy(&d, GiB(1) + MiB(7), source, sizeof(source)) == -EFAULT);
    unit_check(launch_copy(&d, GiB(4), source, 1) == -EFAULT);
}

#define RUN(fn)                                                                                    \
    static void run_##fn(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        unit_expect_pass(fn);                                                                      \
    }

RUN(direct)
RUN(direct_too_much)
RUN(in_windows)
RUN(windows_too_small)
RUN(place)
RUN(copies)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_direct),     cmocka_unit_test(run_direct_too_much),
        cmocka_unit_test(run_in_windows), cmocka_unit_test(run_windows_too_small),
        cmocka_unit_test(run_place),      cmocka_unit_test(run_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
