// SPDX-License-Identifier: Apache-2.0
/*
 * The same operations while there are more and more domains, grants (given and mapped) or event
 * channels. tests/bench/figures.py knows the steps: each runs every loop once.
 */
#include "bench.h"

#define MADE_PER_STEP 4
#define FIRST_REF     16
#define MOST_GRANTS   10000
#define MOST_CHANNELS 10000
#define ARRAY_PAGES   (MOST_CHANNELS / (PAGE_SIZE / sizeof(event_word_t)) + 1)

static const unsigned int domain_steps[] = {1, 4, 16, 64};
static const unsigned int steps[] = {10, 100, 1000, 10000};

static void measure(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};

    bench_event();
    begin();
    test_equal((long)loop_evtchn_pair(count, &unbound), 0, "alloc_unbound and close");
    end("evtchn_pair");
    bench_grants();
    bench_physmap();
    for (unsigned int i = 0; i < MADE_PER_STEP; i++) {
        domain_end(domain_make());
    }
}

/* This one counts, and so does the one that measure() makes. They end, or the machine stays up. */
static void grow_domains(void)
{
    static domid_t stays[64];
    unsigned int made = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(domain_steps); i++) {
        for (; made + 2 < domain_steps[i]; made++) {
            stays[made] = domain_make();
        }
        measure();
    }
    while (made > 0) {
        domain_end(stays[--made]);
    }
}

static void give_and_map(unsigned int from, unsigned int to, uint64_t at, const void *page)
{
    int bad = 0;

    grants_show((FIRST_REF + to) / (unsigned int)(PAGE_SIZE / sizeof(grant_entry_v1_t)) + 1);
    for (unsigned int i = from; i < to; i++) {
        struct gnttab_map_grant_ref map = {.host_addr = (at + i) << PAGE_SHIFT,
                                           .flags = GNTMAP_host_map,
                                           .ref = FIRST_REF + i,
                                           .dom = 0};

        grants_give(FIRST_REF + i, page);
        bad |= (int)grant_op(GNTTABOP_map_grant_ref, &map, 1) | map.status;
    }
    test_equal(bad, 0, "grants mapped");
}

static void grow_grants(void)
{
    static char page[PAGE_SIZE] PAGE_ALIGNED;
    unsigned int from = 0;
    uint64_t at;

    grants_show(1);
    (void)physmap_place();
    at = spare_gfn(MOST_GRANTS);
    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        give_and_map(from, steps[i], at, page);
        from = steps[i];
        measure();
    }
}

void use_fifo(void)
{
    static struct evtchn_fifo_control_block control PAGE_ALIGNED;
    static event_word_t array[ARRAY_PAGES][PAGE_SIZE / sizeof(event_word_t)] PAGE_ALIGNED;
    struct evtchn_init_control init = {.control_gfn = ADDRESS(&control) >> PAGE_SHIFT};
    long rc = evtchn_op(EVTCHNOP_init_control, &init);

    for (unsigned int i = 0; i < ARRAY_PAGES && rc == 0; i++) {
        struct evtchn_expand_array expand = {.array_gfn = ADDRESS(array[i]) >> PAGE_SHIFT};

        rc = evtchn_op(EVTCHNOP_expand_array, &expand);
    }
    test_equal(rc, 0, "FIFO event channels");
}

static void grow_channels(void)
{
    unsigned int made = 0;

    use_fifo();
    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        long rc = 0;

        for (; made < steps[i]; made++) {
            struct evtchn_bind_ipi bind = {.vcpu = 0};

            rc |= evtchn_op(EVTCHNOP_bind_ipi, &bind);
        }
        test_equal(rc, 0, "channels bound");
        measure();
    }
}

void bench_growth(unsigned int what)
{
    if (what == 1) {
        grow_domains();
    } else if (what == 2) {
        grow_grants();
    } else {
        grow_channels();
    }
}
