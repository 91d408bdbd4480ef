/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up and tear-down of a test with the world's first three domains. */
#pragma once

#include "unit.h"

#include "world.h"

static inline int world_setup(void **state)
{
    static bool booted;
    struct domain_config config = {.max_vcpus = WORLD_VCPUS, .max_evtchn_port = UINT32_MAX};

    (void)state;
    if (!booted) {
        host_boot(1);
        booted = true;
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_domain(i, &config);
    }
    world_wakes = 0;
    world_polls = 0;
    return 0;
}

/* The end of each leaves the others sound, and the end of all nothing behind. */
static inline int world_teardown(void **state)
{
    struct page_stats stats;

    (void)state;
    world_audit();
    for (unsigned int i = 0; i < 3; i++) {
        world_destroy(i);
        world_audit();
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_free(i);
    }
    this_cpu()->current = NULL;
    assert_int_equal(heap_in_use(), 0);
    page_stats(&stats);
    assert_int_equal(stats.guest, 0);
    return 0;
}
