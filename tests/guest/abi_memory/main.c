// SPDX-License-Identifier: Apache-2.0
/* Memory operations that a guest may make: sizes, shared frames, ballooning, errors. */
#include <builder.h>
#include <guest.h>
#include <hypercall.h>

static char page[PAGE_SIZE] PAGE_ALIGNED;

static long reservation(unsigned int op, xen_pfn_t *frames, unsigned long count, domid_t domid,
                        unsigned int order)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = domid};

    set_xen_guest_handle(r.extent_start, frames);
    return memory_op(op, &r);
}

static long add_frame(domid_t domid, unsigned int space, unsigned long index, uint64_t gfn)
{
    struct xen_add_to_physmap x = {.domid = domid, .space = space, .idx = index, .gpfn = gfn};

    return memory_op(XENMEM_add_to_physmap, &x);
}

static long remove_frame(domid_t domid, uint64_t gfn)
{
    struct xen_remove_from_physmap x = {.domid = domid, .gpfn = gfn};

    return memory_op(XENMEM_remove_from_physmap, &x);
}

static void test_sizes(void)
{
    domid_t self = DOMID_SELF;
    domid_t bad = BAD_DOMAIN;
    long pages = (long)(platform.ram_size >> PAGE_SHIFT);
    long current = memory_op(XENMEM_current_reservation, &self);

    test_check(memory_op(XENMEM_maximum_ram_page, NULL) > 0, "maximum_ram_page");
    test_check(current >= pages && current <= pages + 4096, "current_reservation %ld of %ld",
               current, pages);
    test_check(memory_op(XENMEM_maximum_reservation, &self) >= current, "maximum_reservation");
    test_check(memory_op(XENMEM_maximum_gpfn, &self) >= (long)(platform.ram_base >> PAGE_SHIFT),
               "maximum_gpfn");
    test_equal(memory_op(XENMEM_current_reservation, &bad), -XEN_ESRCH, "reservation, no domain");
    test_equal(memory_op(XENMEM_maximum_gpfn, &bad), -XEN_ESRCH, "maximum_gpfn, no domain");
    test_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_current_reservation, BAD_ADDRESS, 0, 0, 0),
               -XEN_EFAULT, "reservation, bad pointer");
}

static void test_shared_info(void)
{
    uint64_t gfn = spare_gfn(1);
    const volatile struct shared_info *info = (void *)(uintptr_t)(gfn << PAGE_SHIFT);

    test_equal(add_frame(DOMID_SELF, XENMAPSPACE_shared_info, 0, gfn), 0, "map shared_info");
    test_check(info->evtchn_pending[0] == 0, "no event is pending in it");
    test_equal(add_frame(DOMID_SELF, XENMAPSPACE_shared_info, 1, gfn), -XEN_EINVAL,
               "shared_info has one page");
    test_equal(remove_frame(DOMID_SELF, gfn), 0, "unmap it");
    trap_expect(true);
    (void)info->evtchn_pending[0];
    test_check(trap_last.count == 1, "reading it faults");
    trap_expect(false);
    test_equal(add_frame(DOMID_SELF, XENMAPSPACE_shared_info, 0, gfn), 0, "map it again");
    test_check(info->evtchn_pending[0] == 0, "and read it");
    test_equal(remove_frame(DOMID_SELF, gfn), 0, "unmap it again");
}

static void test_physmap_errors(void)
{
    uint64_t gfn = spare_gfn(1);

    test_equal(add_frame(BAD_DOMAIN, XENMAPSPACE_shared_info, 0, gfn), -XEN_ESRCH,
               "add_to_physmap, no domain");
    test_equal(add_frame(DOMID_SELF, 77, 0, gfn), -XEN_ENOSYS, "add_to_physmap, no such space");
    test_equal(add_frame(DOMID_SELF, XENMAPSPACE_grant_table, 100000, gfn), -XEN_EINVAL,
               "add_to_physmap, grant frame beyond the limit");
    test_equal(remove_frame(DOMID_SELF, gfn), -XEN_ENOENT, "remove what is not there");
    test_equal(remove_frame(BAD_DOMAIN, gfn), -XEN_ESRCH, "remove_from_physmap, no domain");
    test_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, BAD_ADDRESS, 0, 0, 0),
               -XEN_EFAULT, "add_to_physmap, bad pointer");
    test_equal(memory_op(63, page), -XEN_ENOSYS, "unknown operation");
}

/* A start above the command: what has nothing to go on with does not take one. */
static void test_start(void)
{
    static const unsigned int none[] = {XENMEM_maximum_ram_page, XENMEM_current_reservation,
                                        XENMEM_maximum_reservation, XENMEM_maximum_gpfn,
                                        XENMEM_remove_from_physmap};
    const unsigned int start = 1U << 6;
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .gpfn = spare_gfn(1)};

    for (unsigned int i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        test_equal(memory_op(none[i] | start, page), -XEN_EINVAL, "no such start");
    }
    test_equal(memory_op(63 | start, page), -XEN_ENOSYS, "start of an unknown operation");
    test_equal(memory_op(XENMEM_add_to_physmap | start, &x), 0, "add_to_physmap takes any");
    test_equal(remove_frame(DOMID_SELF, x.gpfn), 0, "unmap it");
    x.space = XENMAPSPACE_gmfn_range;
    test_equal(memory_op(XENMEM_add_to_physmap, &x), 0, "an empty range");
    x.space = XENMAPSPACE_gmfn_foreign;
    test_equal(memory_op(XENMEM_add_to_physmap, &x), -XEN_ENOSYS, "foreign, not in a batch");
}

/* The first page of `from` into `domid`; the error of the one item. */
static long add_foreign(domid_t domid, domid_t from, unsigned int space)
{
    xen_ulong_t index = from == 0 || from == DOMID_SELF ? ADDRESS(page) >> PAGE_SHIFT : BUILT_GFN;
    xen_pfn_t gfn = domid == DOMID_SELF ? spare_gfn(1) : BUILT_GFN + 0x1000;
    int error = 77;
    struct xen_add_to_physmap_batch b = {.domid = domid, .space = (uint16_t)space, .size = 1};
    long rc;

    b.u.foreign_domid = from;
    set_xen_guest_handle(b.idxs, &index);
    set_xen_guest_handle(b.gpfns, &gfn);
    set_xen_guest_handle(b.errs, &error);
    rc = memory_op(XENMEM_add_to_physmap_batch, &b);
    return rc != 0 ? rc : error;
}

/* Whose memory may stand in whose: that dom0 calls does not help one guest to another's. */
static void test_foreign(void)
{
    domid_t one, two;

    test_equal(add_foreign(DOMID_SELF, DOMID_SELF, XENMAPSPACE_gmfn_range), -XEN_EOPNOTSUPP,
               "no ranges in a batch");
    if (platform.is_domu) {
        test_equal(add_foreign(DOMID_SELF, 0, XENMAPSPACE_gmfn_foreign), -XEN_EPERM, "dom0's page");
        return;
    }
    if (!test_check(builder_make(&one, 1, 16) == 0 && builder_make(&two, 1, 16) == 0, "two")) {
        return;
    }
    test_equal(add_foreign(DOMID_SELF, one, XENMAPSPACE_gmfn_foreign), 0, "a guest's page");
    test_equal(add_foreign(one, 0, XENMAPSPACE_gmfn_foreign), -XEN_ESRCH, "our own into a guest");
    test_equal(add_foreign(one, DOMID_SELF, XENMAPSPACE_gmfn_foreign), -XEN_EPERM, "or as self");
    test_equal(add_foreign(one, two, XENMAPSPACE_gmfn_foreign), -XEN_EPERM, "one guest's to two");
    test_equal(add_foreign(one, one, XENMAPSPACE_gmfn_foreign), -XEN_EINVAL, "its own");
    test_equal(builder_destroy(two), 0, "destroy two");
    test_equal(builder_destroy(one), 0, "destroy one");
}

static void test_batch(void)
{
    xen_ulong_t index[2] = {0, 100000};
    xen_pfn_t gfns[2] = {spare_gfn(1), spare_gfn(1)};
    int errors[2] = {77, 77};
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .size = 2};

    set_xen_guest_handle(b.idxs, index);
    set_xen_guest_handle(b.gpfns, gfns);
    set_xen_guest_handle(b.errs, errors);
    test_equal(memory_op(XENMEM_add_to_physmap_batch, &b), 0, "add_to_physmap_batch");
    test_equal(errors[0], 0, "the first entry is done");
    test_equal(errors[1], -XEN_EINVAL, "the second has its own error");
    b.domid = BAD_DOMAIN;
    test_equal(memory_op(XENMEM_add_to_physmap_batch, &b), -XEN_ESRCH, "batch, no domain");
    test_equal(remove_frame(DOMID_SELF, gfns[0]), 0, "unmap the grant frame");
}

static void test_balloon(void)
{
    xen_pfn_t frame = ADDRESS(page) >> PAGE_SHIFT;
    xen_pfn_t nowhere = BAD_ADDRESS >> PAGE_SHIFT;

    memset(page, 0x5a, sizeof(page));
    test_equal(reservation(XENMEM_decrease_reservation, &frame, 1, DOMID_SELF, 0), 1,
               "decrease_reservation of one page");
    test_equal(reservation(XENMEM_populate_physmap, &frame, 1, DOMID_SELF, 0), 1,
               "populate_physmap of the same page");
    page[1] = 0x3c;
    test_equal(page[1], 0x3c, "the page can be used");
    test_equal(reservation(XENMEM_decrease_reservation, &nowhere, 1, DOMID_SELF, 0), 0,
               "decrease_reservation of no page");
    test_equal(reservation(XENMEM_decrease_reservation, &frame, 1, BAD_DOMAIN, 0), 0,
               "decrease_reservation, no domain");
    test_equal(reservation(XENMEM_populate_physmap, &frame, 1, DOMID_SELF, 63), 0,
               "populate_physmap of an absurd order");
    test_equal(reservation(XENMEM_populate_physmap, &frame, 0, DOMID_SELF, 0), 0,
               "populate_physmap of nothing");
}

/* Of a domain that dom0 makes; a guest has no right to any. */
static struct xen_mem_acquire_resource wanted(domid_t domid, xen_pfn_t *at)
{
    struct xen_mem_acquire_resource r = {.domid = domid,
                                         .type = XENMEM_resource_grant_table,
                                         .id = XENMEM_resource_grant_table_id_shared,
                                         .nr_frames = 1};

    set_xen_guest_handle(r.frame_list, at);
    return r;
}

static void acquire_refused(domid_t domid, xen_pfn_t *at)
{
    struct xen_mem_acquire_resource r = wanted(domid, at);

    r.pad = 1;
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EINVAL, "acquire, pad is not zero");
    r = wanted(domid, at);
    r.type = 77;
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EOPNOTSUPP, "acquire, no such type");
    r = wanted(domid, at);
    r.id = 77;
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EINVAL, "acquire, no such table");
    r = wanted(domid, at);
    r.frame = 100000;
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EINVAL, "acquire beyond the limit");
    r.frame = ~0ULL;
    test_check(memory_op(XENMEM_acquire_resource, &r) < 0, "acquire, frame of 64 bits");
    r = wanted(domid, at);
    r.nr_frames = 0xffffffff;
    test_check(memory_op(XENMEM_acquire_resource, &r) < 0, "acquire 2^32 - 1 frames");
    r = wanted(domid, (xen_pfn_t *)BAD_ADDRESS);
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EFAULT, "acquire, bad list");
    test_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_acquire_resource, BAD_ADDRESS, 0, 0, 0),
               -XEN_EFAULT, "acquire, bad pointer");
    test_equal(remove_frame(DOMID_SELF, *at), -XEN_ENOENT, "nothing of it was mapped");
}

/* A whole table, more than go in one piece; each frame is where it was asked for. */
static void test_acquire_many(void)
{
    enum {
        N = 64
    };
    static xen_pfn_t list[N];
    xen_pfn_t at = spare_gfn(N);
    struct xen_mem_acquire_resource r = wanted(0, list);
    unsigned int bad = 0;

    if (platform.is_domu) {
        return;
    }
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    domctl.u.createdomain.max_vcpus = 1;
    domctl.u.createdomain.max_evtchn_port = 127;
    domctl.u.createdomain.max_grant_frames = N;
    domctl.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
    if (!test_check(domctl_do(XEN_DOMCTL_createdomain, 0) == 0, "a domain with a large table")) {
        return;
    }
    r.domid = domctl.domain;
    r.nr_frames = N;
    for (unsigned int i = 0; i < N; i++) {
        list[i] = at + i;
    }
    test_equal(memory_op(XENMEM_acquire_resource, &r), 0, "acquire all frames");
    for (unsigned int i = 0; i < N; i++) {
        *(volatile uint64_t *)(uintptr_t)(list[i] << PAGE_SHIFT) = i;
    }
    for (unsigned int i = 0; i < N; i++) {
        bad += *(volatile uint64_t *)(uintptr_t)(list[i] << PAGE_SHIFT) != i;
        bad += remove_frame(DOMID_SELF, list[i]) != 0;
    }
    test_equal(bad, 0, "frames that are not there");
    test_equal(builder_destroy(r.domid), 0, "destroy it");
}

static void test_acquire(void)
{
    xen_pfn_t at = spare_gfn(1);
    volatile uint64_t *frame = (void *)(uintptr_t)(at << PAGE_SHIFT);
    struct xen_mem_acquire_resource r = wanted(BAD_DOMAIN, &at);
    domid_t other;

    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_ESRCH, "acquire, no domain");
    r = wanted(0, &at);
    test_equal(memory_op(XENMEM_acquire_resource, &r), -XEN_EPERM,
               "acquire, dom0's: its own, or without the right");
    if (platform.is_domu) {
        return;
    }
    if (!test_check(builder_make(&other, 1, 16) == 0, "a domain to look at")) {
        return;
    }
    acquire_refused(other, &at);
    r = wanted(other, NULL);
    r.nr_frames = 0;
    test_equal(memory_op(XENMEM_acquire_resource, &r), 0, "acquire: how many");
    test_check(r.nr_frames > 0, "as many as its limit");
    r = wanted(other, &at);
    test_equal(memory_op(XENMEM_acquire_resource, &r), 0, "acquire its first grant frame");
    frame[511] = 0x1234;
    test_equal((long)frame[511], 0x1234, "the frame can be written");
    test_equal(remove_frame(DOMID_SELF, at), 0, "unmap it");
    test_equal(builder_destroy(other), 0, "destroy the domain");
    test_check(!builder_exists(other), "nothing holds it");
}

void test_main(void)
{
    test_sizes();
    test_shared_info();
    test_physmap_errors();
    test_start();
    test_batch();
    test_foreign();
    test_balloon();
    test_acquire();
    test_acquire_many();
}
