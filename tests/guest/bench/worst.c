// SPDX-License-Identifier: Apache-2.0
/*
 * The longest calls that a control domain and a guest can make, each as large as the interface
 * takes it. Between the two markers of each, the counting plugin keeps the longest section without
 * a preemption check; the nth line `worst NAME` names the nth pair.
 */
#include <builder.h>

#include "bench.h"

#define VCPUS       128U
#define SUPERPAGE   9U /* order */
#define CHUNK       (1UL << SUPERPAGE)
#define CHUNKS      16U
#define MOST_PORTS  4000U
#define MOST_GRANTS 256U
#define FIRST_GRANT 16U
#define MOST_FRAMES 64U
#define NR_INFOS    64U
#define LARGE       8U /* domains of VCPUS */
#define KEYS        64U
#define RING        16384U
#define TEXT        4096U

static domid_t victim;
static long result;

#define WORST(name, call)                                                                          \
    do {                                                                                           \
        MARKER(2 * OP_WORST);                                                                      \
        result = (call);                                                                           \
        MARKER(2 * OP_WORST + 1);                                                                  \
        print("worst %s: %ld\n", name, result);                                                    \
    } while (0)

static void must_be(long wanted, const char *what)
{
    test_equal(result, wanted, what);
}

static long create_large(void)
{
    struct xen_domctl_createdomain *c = &domctl.u.createdomain;
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    c->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    c->max_vcpus = VCPUS;
    c->max_evtchn_port = 131071;
    c->max_grant_frames = MOST_FRAMES;
    c->max_maptrack_frames = 1024;
    c->grant_opts = XEN_DOMCTL_GRANT_version(1);
    rc = domctl_do(XEN_DOMCTL_createdomain, 0);
    victim = domctl.domain;
    return rc;
}

static long set_limits(void)
{
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    domctl.u.max_mem.max_memkb = ~0ULL >> 20;
    rc = domctl_do(XEN_DOMCTL_max_mem, victim);
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.paging_mempool.size = 4UL << 20;
    return rc != 0 ? rc : domctl_do(XEN_DOMCTL_set_paging_mempool_size, victim);
}

/* Extents of 2^order pages from `first` on: given to the victim, or taken from it. */
static long reserve(unsigned int cmd, uint64_t first, unsigned int nr, unsigned int order)
{
    static xen_pfn_t extents[CHUNK];
    struct xen_memory_reservation r = {.nr_extents = nr, .extent_order = order, .domid = victim};

    for (unsigned int i = 0; i < nr; i++) {
        extents[i] = first + ((uint64_t)i << order);
    }
    set_xen_guest_handle(r.extent_start, extents);
    return memory_op(cmd, &r);
}

static void memory(void)
{
    WORST("populate_physmap of 16 x 2 MiB",
          reserve(XENMEM_populate_physmap, BUILT_GFN, CHUNKS, SUPERPAGE));
    must_be(CHUNKS, "2 MiB extents");
    WORST("decrease_reservation of 8 x 2 MiB",
          reserve(XENMEM_decrease_reservation, BUILT_GFN, CHUNKS / 2, SUPERPAGE));
    must_be(CHUNKS / 2, "2 MiB extents given back");
    WORST("populate_physmap of 512 pages", reserve(XENMEM_populate_physmap, BUILT_GFN, CHUNK, 0));
    must_be((long)CHUNK, "pages");
    WORST("decrease_reservation of 256 pages",
          reserve(XENMEM_decrease_reservation, BUILT_GFN, CHUNK / 2, 0));
    must_be((long)CHUNK / 2, "pages given back");
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.cacheflush.start_pfn = BUILT_GFN;
    domctl.u.cacheflush.nr_pfns = CHUNKS * CHUNK;
    WORST("cacheflush of 32 MiB", domctl_do(XEN_DOMCTL_cacheflush, victim));
    must_be(0, "cacheflush");
}

static void foreign(void)
{
    static xen_ulong_t idxs[CHUNK];
    static xen_pfn_t gpfns[CHUNK];
    static int errs[CHUNK];
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = CHUNK};
    uint64_t at = spare_gfn(CHUNK);

    for (unsigned int i = 0; i < CHUNK; i++) {
        idxs[i] = BUILT_GFN + CHUNKS / 2 * CHUNK + i;
        gpfns[i] = at + i;
    }
    add.u.foreign_domid = victim;
    set_xen_guest_handle(add.idxs, idxs);
    set_xen_guest_handle(add.gpfns, gpfns);
    set_xen_guest_handle(add.errs, errs);
    WORST("add_to_physmap_batch of 512 foreign pages",
          memory_op(XENMEM_add_to_physmap_batch, &add));
    must_be(0, "foreign pages");
    for (unsigned int i = 0; i < CHUNK; i++) {
        builder_unmap(at + i);
    }
}

static void grants(void)
{
    static char page[PAGE_SIZE] PAGE_ALIGNED;
    static struct gnttab_map_grant_ref map[MOST_GRANTS];
    static struct gnttab_unmap_grant_ref unmap[MOST_GRANTS];
    uint64_t at = spare_gfn(MOST_GRANTS);
    int bad = 0;

    grants_show(1);
    for (unsigned int i = 0; i < MOST_GRANTS; i++) {
        grants_give(FIRST_GRANT + i, page);
        map[i] = (struct gnttab_map_grant_ref){
            .host_addr = (at + i) << PAGE_SHIFT, .flags = GNTMAP_host_map, .ref = FIRST_GRANT + i};
    }
    WORST("map_grant_ref of 256", grant_op(GNTTABOP_map_grant_ref, map, MOST_GRANTS));
    for (unsigned int i = 0; i < MOST_GRANTS; i++) {
        bad |= map[i].status;
        unmap[i].host_addr = map[i].host_addr;
        unmap[i].handle = map[i].handle;
    }
    WORST("unmap_grant_ref of 256", grant_op(GNTTABOP_unmap_grant_ref, unmap, MOST_GRANTS));
    for (unsigned int i = 0; i < MOST_GRANTS; i++) {
        bad |= unmap[i].status;
    }
    test_equal(bad, 0, "256 grants mapped and unmapped");
}

/* All frames of the victim's grant table made at once, then mapped here; and those of our own. */
static void grant_frames(void)
{
    static xen_pfn_t list[MOST_FRAMES];
    struct xen_add_to_physmap add = {.domid = victim,
                                     .space = XENMAPSPACE_grant_table,
                                     .idx = MOST_FRAMES - 1,
                                     .gpfn = BUILT_GFN + 2 * CHUNKS * CHUNK};
    struct xen_mem_acquire_resource acquire = {
        .domid = victim, .type = XENMEM_resource_grant_table, .nr_frames = MOST_FRAMES};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = MOST_FRAMES};
    uint64_t at = spare_gfn(MOST_FRAMES);

    WORST("add_to_physmap of grant frame 63", memory_op(XENMEM_add_to_physmap, &add));
    must_be(0, "grant frame 63");
    for (unsigned int i = 0; i < MOST_FRAMES; i++) {
        list[i] = at + i;
    }
    set_xen_guest_handle(acquire.frame_list, list);
    WORST("acquire_resource of 64 grant frames", memory_op(XENMEM_acquire_resource, &acquire));
    must_be(0, "acquire_resource");
    for (unsigned int i = 0; i < MOST_FRAMES; i++) {
        builder_unmap(at + i);
    }
    set_xen_guest_handle(setup.frame_list, list);
    WORST("setup_table of 64 grant frames", grant_op(GNTTABOP_setup_table, &setup, 1));
    must_be(0, "setup_table");
    test_equal(setup.status, GNTST_okay, "setup_table's status");
}

static void channels(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    long rc = 0;

    use_fifo();
    for (unsigned int i = 0; i < MOST_PORTS; i++) {
        struct evtchn_bind_ipi bind = {.vcpu = 0};

        rc |= evtchn_op(EVTCHNOP_bind_ipi, &bind);
    }
    test_equal(rc, 0, "channels bound");
    WORST("reset of 4,000 channels", evtchn_op(EVTCHNOP_reset, &reset));
    must_be(0, "reset");
}

static void list(void)
{
    static struct xen_domctl_getdomaininfo infos[NR_INFOS];
    domid_t made[LARGE];

    for (unsigned int i = 0; i < LARGE; i++) {
        result = create_large();
        made[i] = victim;
        result = result != 0 ? result : builder_vcpus(victim, VCPUS);
        must_be(0, "a domain to list");
    }
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.getdomaininfolist.max_domains = NR_INFOS;
    set_xen_guest_handle(sysctl.u.getdomaininfolist.buffer, infos);
    WORST("getdomaininfolist, 8 domains of 128 vCPUs", sysctl_do(XEN_SYSCTL_getdomaininfolist));
    must_be(0, "getdomaininfolist");
    for (unsigned int i = 0; i < LARGE; i++) {
        result = builder_destroy(made[i]);
        must_be(0, "the end of a listed domain");
    }
}

static void console(void)
{
    static char text[RING];

    memset(text, 'q', KEYS);
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.debug_keys.nr_keys = KEYS;
    set_xen_guest_handle(sysctl.u.debug_keys.keys, text);
    WORST("debug_keys, 64 of them", sysctl_do(XEN_SYSCTL_debug_keys));
    must_be(0, "debug_keys");
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.readconsole.count = RING;
    set_xen_guest_handle(sysctl.u.readconsole.buffer, text);
    WORST("readconsole of 16 KiB", sysctl_do(XEN_SYSCTL_readconsole));
    must_be(0, "readconsole");
    test_equal(sysctl.u.readconsole.count, RING, "bytes of the console's ring");
    memset(text, '.', sizeof(text));
    text[TEXT - 1] = '\n';
    WORST("console_io write of 4 KiB",
          hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, TEXT, ADDRESS(text), 0, 0));
    must_be(0, "console_io");
}

void bench_worst(void)
{
    WORST("createdomain, 128 vCPUs", create_large());
    must_be(0, "createdomain");
    WORST("max_vcpus, 128", builder_vcpus(victim, VCPUS));
    must_be(0, "max_vcpus");
    WORST("max_mem and paging_mempool_size", set_limits());
    must_be(0, "limits");
    memory();
    foreign();
    grant_frames();
    WORST("destroydomain, 128 vCPUs, 20 MiB, 64 grant frames", builder_destroy(victim));
    must_be(0, "destroydomain");
    grants();
    channels();
    list();
    console();
}
