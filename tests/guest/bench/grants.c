// SPDX-License-Identifier: Apache-2.0
/* Grants: copies of whole pages between own pages, alone and in batches; map and unmap to self. */
#include "bench.h"

#define REF        8 /* below are the reserved ones */
#define MOST_SHOWN 64

static char pages[2][PAGE_SIZE] PAGE_ALIGNED;
static char more[2 * BATCH][PAGE_SIZE] PAGE_ALIGNED;
static volatile grant_entry_v1_t *table;
static unsigned int shown;
static uint64_t map_place; /* for one grant, beside the table */

volatile grant_entry_v1_t *grants_show(unsigned int frames)
{
    static uint64_t at;

    if (at == 0) {
        map_place = spare_gfn(1 + MOST_SHOWN);
        at = map_place + 1;
        table = (volatile grant_entry_v1_t *)(uintptr_t)(at << PAGE_SHIFT);
    }
    for (; shown < frames; shown++) {
        test_equal(map_frame(XENMAPSPACE_grant_table, shown, at + shown), 0, "grant frame");
    }
    return table;
}

void grants_give(grant_ref_t ref, const void *page)
{
    table[ref].frame = (uint32_t)(ADDRESS(page) >> PAGE_SHIFT);
    table[ref].domid = 0;
    dsb();
    table[ref].flags = GTF_permit_access;
    dsb();
}

static void prepare_copy(struct gnttab_copy *copy, const void *from, const void *to)
{
    *copy = (struct gnttab_copy){.flags = 0, .len = PAGE_SIZE};
    copy->source.u.gmfn = ADDRESS(from) >> PAGE_SHIFT;
    copy->source.domid = DOMID_SELF;
    copy->dest.u.gmfn = ADDRESS(to) >> PAGE_SHIFT;
    copy->dest.domid = DOMID_SELF;
}

static void bench_copy(void)
{
    struct gnttab_copy copy;

    prepare_copy(&copy, pages[0], pages[1]);
    test_equal(grant_op(GNTTABOP_copy, &copy, 1), 0, "grant copy call");
    test_equal(copy.status, GNTST_okay, "grant copy");
    begin();
    loop_grant_copy(count, &copy);
    end("grant_copy");
}

static void prepare_batch(struct gnttab_copy *copies, bool same)
{
    for (unsigned int i = 0; i < BATCH; i++) {
        unsigned int n = same ? 0 : i;

        prepare_copy(&copies[i], more[2 * n], more[2 * n + 1]);
    }
}

static void check_batch(const struct gnttab_copy *copies)
{
    int status = 0;

    for (unsigned int i = 0; i < BATCH; i++) {
        status |= copies[i].status;
    }
    test_equal(status, GNTST_okay, "grant copies of a batch");
}

/* All between the same two pages, as Xen's figure was taken, then other pages for each copy. */
static void bench_batch(void)
{
    static struct gnttab_copy copies[BATCH];

    prepare_batch(copies, true);
    begin();
    loop_grant_batch(count / 10, copies);
    end("grant_batch");
    check_batch(copies);
    prepare_batch(copies, false);
    begin();
    loop_grant_pages(count / 10, copies);
    end("grant_pages");
    check_batch(copies);
}

static void bench_map(void)
{
    struct grant_pair pair = {.map = {.flags = GNTMAP_host_map, .ref = REF, .dom = 0}};

    grants_show(1);
    grants_give(REF, pages[0]);
    pair.map.host_addr = map_place << PAGE_SHIFT;
    pair.unmap.host_addr = map_place << PAGE_SHIFT;
    begin();
    test_equal((long)loop_grant_map(count, &pair), 0, "grant map and unmap");
    end("grant_map");
}

void bench_grants(void)
{
    bench_copy();
    bench_batch();
    bench_map();
}
