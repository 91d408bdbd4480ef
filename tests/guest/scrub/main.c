// SPDX-License-Identifier: Apache-2.0
/*
 * Looks for memory that was given without being scrubbed. The machine's RAM was filled in places
 * with words of PATTERN before the hypervisor started; no page of this domain may show one.
 */
#include <guest.h>

#define PATTERN 0xa5c3a5c3a5c3a5c3ULL

void test_main(void)
{
    unsigned long found = 0;
    unsigned long pages = 0;

    for (uint64_t at = platform.ram_base; at < platform.ram_base + platform.ram_size;
         at += PAGE_SIZE) {
        const volatile uint64_t *word = (const volatile uint64_t *)(uintptr_t)at;

        pages++;
        if (word[1] == PATTERN && word[256] == PATTERN) {
            found++;
        }
    }
    print("scrub: looked at %lu pages\n", pages);
    test_check(found == 0, "no page keeps what was there before (%lu do)", found);
}
