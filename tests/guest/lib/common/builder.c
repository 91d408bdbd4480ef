// SPDX-License-Identifier: Apache-2.0
#include <builder.h>
#include <guest.h>

#define TABLE_PAGES 64UL

struct xen_domctl domctl PAGE_ALIGNED;
struct xen_sysctl sysctl PAGE_ALIGNED;

long domctl_do(uint32_t cmd, domid_t domid)
{
    domctl.cmd = cmd;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.domain = domid;
    return hypercall(__HYPERVISOR_domctl, ADDRESS(&domctl), 0, 0, 0, 0);
}

long sysctl_do(uint32_t cmd)
{
    sysctl.cmd = cmd;
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, ADDRESS(&sysctl), 0, 0, 0, 0);
}

long builder_create(domid_t *domid, unsigned int vcpus)
{
    struct xen_domctl_createdomain *c = &domctl.u.createdomain;
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    memset(c->handle, 0x42, sizeof(c->handle));
    c->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    c->max_vcpus = vcpus;
    c->max_evtchn_port = 1023;
    c->max_grant_frames = 4;
    c->max_maptrack_frames = 4;
    c->grant_opts = 1;
    rc = domctl_do(XEN_DOMCTL_createdomain, 0);
    *domid = domctl.domain;
    return rc;
}

long builder_vcpus(domid_t domid, unsigned int vcpus)
{
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.max_vcpus.max = vcpus;
    return domctl_do(XEN_DOMCTL_max_vcpus, domid);
}

long builder_limits(domid_t domid, unsigned int pages)
{
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    domctl.u.address_size.size = 64;
    rc = domctl_do(XEN_DOMCTL_set_address_size, domid);
    if (rc != 0) {
        return rc;
    }
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.paging_mempool.size = TABLE_PAGES * PAGE_SIZE;
    rc = domctl_do(XEN_DOMCTL_set_paging_mempool_size, domid);
    if (rc != 0) {
        return rc;
    }
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.max_mem.max_memkb = (uint64_t)pages * (PAGE_SIZE / 1024);
    return domctl_do(XEN_DOMCTL_max_mem, domid);
}

long builder_populate(domid_t domid, unsigned int pages)
{
    static xen_pfn_t frames[512];
    struct xen_memory_reservation r = {.nr_extents = pages, .domid = domid};

    if (pages > ARRAY_SIZE(frames)) {
        guest_panic("builder: %u pages", pages);
    }
    for (unsigned int i = 0; i < pages; i++) {
        frames[i] = BUILT_GFN + i;
    }
    set_xen_guest_handle(r.extent_start, frames);
    return memory_op(XENMEM_populate_physmap, &r);
}

long builder_make(domid_t *domid, unsigned int vcpus, unsigned int pages)
{
    long rc = builder_create(domid, vcpus);

    if (rc != 0) {
        return rc;
    }
    rc = builder_vcpus(*domid, vcpus);
    if (rc == 0) {
        rc = builder_limits(*domid, pages);
    }
    if (rc == 0) {
        long got = builder_populate(*domid, pages);

        rc = got == (long)pages ? 0 : got < 0 ? got : -XEN_ENOMEM;
    }
    if (rc != 0) {
        builder_destroy(*domid);
    }
    return rc;
}

long builder_map(domid_t domid, uint64_t foreign, uint64_t gfn)
{
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
    xen_ulong_t index = foreign;
    xen_pfn_t to = gfn;
    int err = 0;
    long rc;

    b.u.foreign_domid = domid;
    set_xen_guest_handle(b.idxs, &index);
    set_xen_guest_handle(b.gpfns, &to);
    set_xen_guest_handle(b.errs, &err);
    rc = memory_op(XENMEM_add_to_physmap_batch, &b);
    return rc != 0 ? rc : err;
}

long builder_map_grants(domid_t domid, unsigned int index, uint64_t gfn)
{
    struct xen_mem_acquire_resource r = {.domid = domid,
                                         .type = XENMEM_resource_grant_table,
                                         .id = XENMEM_resource_grant_table_id_shared,
                                         .nr_frames = 1,
                                         .frame = index};
    xen_pfn_t to = gfn;

    set_xen_guest_handle(r.frame_list, &to);
    return memory_op(XENMEM_acquire_resource, &r);
}

long builder_unmap(uint64_t gfn)
{
    struct xen_remove_from_physmap x = {.domid = DOMID_SELF, .gpfn = gfn};

    return memory_op(XENMEM_remove_from_physmap, &x);
}

long builder_start(domid_t domid, uint64_t pc, uint64_t argument)
{
    static struct vcpu_guest_context context;

    memset(&context, 0, sizeof(context));
    context.flags = VGCF_online;
    context.user_regs.pc64 = pc;
    context.user_regs.x0 = argument;
    context.user_regs.cpsr = PSR_GUEST64_INIT;
    context.sctlr = SCTLR_GUEST_INIT;
    memset(&domctl, 0, sizeof(domctl));
    set_xen_guest_handle(domctl.u.vcpucontext.ctxt, &context);
    return domctl_do(XEN_DOMCTL_setvcpucontext, domid);
}

long builder_share(domid_t domid, uint16_t weight, uint16_t cap)
{
    struct xen_domctl_scheduler_op *op = &domctl.u.scheduler_op;

    memset(&domctl, 0, sizeof(domctl));
    op->sched_id = XEN_SCHEDULER_CREDIT2;
    op->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    op->u.credit2.weight = weight;
    op->u.credit2.cap = cap;
    return domctl_do(XEN_DOMCTL_scheduler_op, domid);
}

long builder_destroy(domid_t domid)
{
    long rc;

    memset(&domctl, 0, sizeof(domctl));
    do {
        rc = domctl_do(XEN_DOMCTL_destroydomain, domid);
    } while (rc == -XEN_EAGAIN);
    return rc;
}

bool builder_exists(domid_t domid)
{
    memset(&domctl, 0, sizeof(domctl));
    return domctl_do(XEN_DOMCTL_getdomaininfo, domid) == 0 && domctl.domain == domid;
}

uint64_t builder_free_pages(void)
{
    memset(&sysctl, 0, sizeof(sysctl));
    if (sysctl_do(XEN_SYSCTL_physinfo) != 0) {
        guest_panic("builder: physinfo");
    }
    return sysctl.u.physinfo.free_pages;
}
