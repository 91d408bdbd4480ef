// SPDX-License-Identifier: Apache-2.0
/*
 * What a control domain does while it builds and ends domains, issued by hand: domctls, pages
 * populated, another domain's frames mapped.
 */
#include <builder.h>

#include "bench.h"

#define DOMAINS   20
#define PLACES    200
#define TABLE     512UL
#define PAGES     (BATCH * 16)
#define POOL_SIZE (1UL << 20)

/* As xl's default: one vCPU, its usual limits. The markers are around the two calls. */
domid_t domain_make(void)
{
    struct xen_domctl_createdomain *create = &domctl.u.createdomain;
    domid_t id;
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    create->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    create->max_vcpus = 1;
    create->max_evtchn_port = 1023;
    create->max_grant_frames = 32;
    create->max_maptrack_frames = 1024;
    create->grant_opts = XEN_DOMCTL_GRANT_version(1);
    MARKER(2 * OP_CREATE);
    rc = domctl_do(XEN_DOMCTL_createdomain, 0);
    id = domctl.domain;
    domctl.u.max_vcpus.max = 1;
    rc = rc != 0 ? rc : domctl_do(XEN_DOMCTL_max_vcpus, id);
    MARKER(2 * OP_CREATE + 1);
    test_equal(rc, 0, "createdomain and max_vcpus");
    return id;
}

void domain_end(domid_t id)
{
    long rc;

    MARKER(2 * OP_DESTROY);
    rc = domctl_do(XEN_DOMCTL_destroydomain, id);
    MARKER(2 * OP_DESTROY + 1);
    test_equal(rc, 0, "destroydomain");
}

void bench_domains(void)
{
    for (unsigned int i = 0; i < DOMAINS; i++) {
        domain_end(domain_make());
    }
}

/*
 * A frame of the hypervisor's (Xen allows one place for each) put to one free place after the
 * other and removed again. What stands beside keeps the table of these places.
 */
uint64_t physmap_place(void)
{
    static uint64_t at;

    at = at != 0 ? at : spare_gfn(PLACES);
    return at;
}

void bench_physmap(void)
{
    uint64_t at = physmap_place();
    struct xen_add_to_physmap add = {.domid = DOMID_SELF, .space = XENMAPSPACE_shared_info};
    struct xen_remove_from_physmap del = {.domid = DOMID_SELF};
    long bad = 0;

    begin();
    for (unsigned int i = 0; i < PLACES; i++) {
        add.gpfn = at + i;
        del.gpfn = at + i;
        MARKER(2 * OP_PHYSMAP_ADD);
        bad |= memory_op(XENMEM_add_to_physmap, &add);
        MARKER(2 * OP_PHYSMAP_ADD + 1);
        MARKER(2 * OP_PHYSMAP_DEL);
        bad |= memory_op(XENMEM_remove_from_physmap, &del);
        MARKER(2 * OP_PHYSMAP_DEL + 1);
    }
    end("physmap");
    test_equal(bad, 0, "add_to_physmap and remove_from_physmap");
}

/* The same in 2 MiB of its own: a table comes and goes. */
void bench_physmap_alone(void)
{
    uint64_t at = (spare_gfn(2 * TABLE) + TABLE - 1) / TABLE * TABLE;
    struct xen_add_to_physmap add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = at};
    struct xen_remove_from_physmap del = {.domid = DOMID_SELF, .gpfn = at};
    long bad = 0;

    for (unsigned int i = 0; i < PLACES; i++) {
        MARKER(2 * OP_ALONE_ADD);
        bad |= memory_op(XENMEM_add_to_physmap, &add);
        MARKER(2 * OP_ALONE_ADD + 1);
        MARKER(2 * OP_ALONE_DEL);
        bad |= memory_op(XENMEM_remove_from_physmap, &del);
        MARKER(2 * OP_ALONE_DEL + 1);
    }
    test_equal(bad, 0, "the same of a page alone in its table");
}

static void populate(domid_t id, uint64_t first)
{
    static xen_pfn_t extents[BATCH];
    struct xen_memory_reservation r = {.nr_extents = BATCH, .domid = id};
    long done = 0;

    r.extent_start.p = extents;
    MARKER(2 * OP_POPULATE);
    for (uint64_t i = 0; i < PAGES; i += BATCH) {
        for (unsigned int j = 0; j < BATCH; j++) {
            extents[j] = first + i + j;
        }
        done += memory_op(XENMEM_populate_physmap, &r);
    }
    MARKER(2 * OP_POPULATE + 1);
    test_equal(done, PAGES, "pages populated");
}

/* As privcmd does for a tool that maps another domain's memory. */
static void map_foreign(domid_t id, uint64_t first, uint64_t at)
{
    static xen_ulong_t idxs[BATCH];
    static xen_pfn_t gpfns[BATCH];
    static int errs[BATCH];
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = BATCH};
    struct xen_remove_from_physmap del = {.domid = DOMID_SELF};
    long bad = 0;

    add.u.foreign_domid = id;
    add.idxs.p = idxs;
    add.gpfns.p = gpfns;
    add.errs.p = errs;
    MARKER(2 * OP_FOREIGN);
    for (uint64_t i = 0; i < PAGES; i += BATCH) {
        for (unsigned int j = 0; j < BATCH; j++) {
            idxs[j] = first + i + j;
            gpfns[j] = at + i + j;
        }
        bad |= memory_op(XENMEM_add_to_physmap_batch, &add);
        for (unsigned int j = 0; j < BATCH; j++) {
            del.gpfn = gpfns[j];
            bad |= errs[j] | memory_op(XENMEM_remove_from_physmap, &del);
        }
    }
    MARKER(2 * OP_FOREIGN + 1);
    test_equal(bad, 0, "foreign frames");
}

void bench_frames(void)
{
    domid_t id = domain_make();
    const uint64_t first = 0x40000;
    long rc;

    domctl.u.max_mem.max_memkb = PAGES * 8;
    rc = domctl_do(XEN_DOMCTL_max_mem, id);
    domctl.u.paging_mempool.size = POOL_SIZE;
    rc = rc != 0 ? rc : domctl_do(XEN_DOMCTL_set_paging_mempool_size, id);
    test_equal(rc, 0, "max_mem and the pool of page tables");
    populate(id, first);
    map_foreign(id, first, spare_gfn(PAGES));
    domain_end(id);
}
