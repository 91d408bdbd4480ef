/* SPDX-License-Identifier: Apache-2.0 */
/* Boot memory against a model of one byte per page; each scenario in a process of its own. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/bootmem.h>
#include <hearth/errno.h>
#include <hearth/page.h>

#include "fake_console.h"

#define BASE  (HOST_RAM_START >> PAGE_SHIFT)
#define PAGES 4096U

enum {
    HOLE,
    FREE,
    TAKEN
};
static uint8_t model[PAGES];
static uint8_t seen[PAGES];
static uint64_t last_end;

static void see(struct mem_range r, void *arg)
{
    (void)arg;
    unit_check(r.start < r.end && r.start >= last_end);
    last_end = r.end;
    for (uint64_t p = r.start >> PAGE_SHIFT; p < r.end >> PAGE_SHIFT; p++) {
        seen[p - BASE]++;
    }
}

static void check_free(void)
{
    memset(seen, 0, sizeof(seen));
    last_end = 0;
    bootmem_for_each_free(see, NULL);
    for (unsigned int i = 0; i < PAGES; i++) {
        unit_check(seen[i] == (model[i] == FREE));
    }
}

/* Lowest place for n free pages at a multiple of `align` pages. */
static uint64_t lowest(uint64_t n, uint64_t align)
{
    for (uint64_t i = 0; i + n <= PAGES; i++) {
        uint64_t k = 0;

        while (k < n && model[i + k] == FREE) {
            k++;
        }
        if (k == n && (BASE + i) % align == 0) {
            return i;
        }
    }
    return PAGES;
}

static void scenario_random(void)
{
    host_add_cpus(1);
    for (uint64_t at = 0; at < PAGES; at += 256) {
        if (at == 0 || unit_below(3) != 0) {
            host_add_ram((BASE + at) << PAGE_SHIFT, 256 * PAGE_SIZE);
            memset(model + at, FREE, 256);
        }
    }
    check_free();
    for (int i = 0; i < 200; i++) {
        uint64_t start = unit_below(PAGES), n = 1 + unit_below(20), align = 1ULL << unit_below(6);

        n = MIN(n, PAGES - start);
        if (unit_below(2) == 0) {
            unit_check(bootmem_reserve(((BASE + start) << PAGE_SHIFT) + 1, n * PAGE_SIZE - 2,
                                       "test") == 0);
        } else {
            start = lowest(n, align);
            if (start == PAGES) {
                continue;
            }
            unit_check(bootmem_alloc(n * PAGE_SIZE - 1, align * PAGE_SIZE).a == (BASE + start)
                                                                                    << PAGE_SHIFT);
            for (uint64_t k = 0; k < n * PAGE_SIZE; k++) {
                unit_check(((uint8_t *)mfn_to_virt(mfn(BASE + start)))[k] == 0);
            }
        }
        for (uint64_t k = 0; k < n; k++) {
            model[start + k] = model[start + k] == FREE ? TAKEN : model[start + k];
        }
        check_free();
    }
}

static void scenario_banks(void)
{
    const struct mem_range *banks;

    unit_check(bootmem_add_bank(MiB(30), MiB(1)) == 0);
    unit_check(bootmem_add_bank(MiB(10), MiB(1)) == 0);
    unit_check(bootmem_add_bank(MiB(20) + 1, MiB(1)) == 0); /* rounded inwards */
    unit_check(bootmem_banks(&banks) == 3);
    unit_check(banks[0].start == MiB(10) && banks[1].start == MiB(20) + PAGE_SIZE);
    unit_check(banks[1].end == MiB(21) && banks[2].end == MiB(31));
    unit_check(bootmem_add_bank(MiB(11), MiB(9)) == 0); /* touches the first, not the second */
    unit_check(bootmem_banks(&banks) == 3 && banks[0].end == MiB(20));
    unit_check(bootmem_is_ram(MiB(10), MiB(10)) && !bootmem_is_ram(MiB(10), MiB(10) + 1));
    unit_check(!bootmem_is_ram(MiB(10) - 1, 2) && !bootmem_is_ram(MiB(10), UINT64_MAX));
    unit_check(bootmem_has_ram(MiB(10) - 1, 2) && bootmem_has_ram(0, UINT64_MAX));
    unit_check(!bootmem_has_ram(MiB(10) - 1, 1) && !bootmem_has_ram(MiB(20), PAGE_SIZE));
    unit_check(bootmem_add_bank(MiB(15), MiB(100)) == 0); /* swallows all */
    unit_check(bootmem_banks(&banks) == 1);
    unit_check(banks[0].start == MiB(10) && banks[0].end == MiB(115));
    unit_check(bootmem_add_bank(0x1001, 100) == -EINVAL);
    unit_check(bootmem_add_bank(UINT64_MAX - 100, 200) == -EINVAL);
    for (uint64_t i = 0; i < BOOTMEM_BANKS - 1; i++) {
        unit_check(bootmem_add_bank(GiB(1) + i * MiB(2), MiB(1)) == 0);
    }
    unit_check(bootmem_add_bank(GiB(9), MiB(1)) == -E2BIG);
}

static void scenario_overlap(void)
{
    const char *what = NULL;
    const struct mem_range *r;

    unit_check(bootmem_reserve(MiB(1), 100, "first") == 0);
    unit_check(bootmem_reserve(MiB(2), PAGE_SIZE, "second") == 0);
    unit_check(bootmem_reserve(UINT64_MAX - 10, 20, "wraps") == -EINVAL);
    r = bootmem_overlap(MiB(1) + 4095, 1, &what);
    unit_check(r != NULL && r->start == MiB(1) && strcmp(what, "first") == 0);
    unit_check(bootmem_overlap(MiB(1) + PAGE_SIZE, MiB(1) - PAGE_SIZE, &what) == NULL);
    unit_check(bootmem_overlap(MiB(1) + PAGE_SIZE, MiB(1) - PAGE_SIZE + 1, &what) != NULL);
    unit_check(strcmp(what, "second") == 0);
    unit_check(bootmem_overlap(0, UINT64_MAX, NULL) != NULL);
    for (uint64_t i = 2; i < BOOTMEM_RESERVED; i++) {
        unit_check(bootmem_reserve(GiB(1) - i * MiB(1), PAGE_SIZE, "many") == 0);
    }
    unit_check(bootmem_reserve(GiB(2), PAGE_SIZE, "one more") == -E2BIG);
}

static void scenario_exhausted(void)
{
    host_add_cpus(1);
    host_add_ram(HOST_RAM_START, MiB(1));
    (void)bootmem_alloc(MiB(1), PAGE_SIZE);
    (void)bootmem_alloc(1, 1);
}

static void test_random(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        (void)unit_random();
        unit_expect_pass(scenario_random);
    }
}

static void test_banks(void **state)
{
    (void)state;
    unit_expect_pass(scenario_banks);
}

static void test_overlap(void **state)
{
    (void)state;
    unit_expect_pass(scenario_overlap);
}

static void test_exhausted(void **state)
{
    (void)state;
    unit_expect_stop(scenario_exhausted, "no 4 KiB of memory at start-up");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_banks),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_exhausted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
