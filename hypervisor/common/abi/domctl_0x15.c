/* SPDX-License-Identifier: Apache-2.0 */
/* domctl 0x15, Xen 4.17: the internal layout, so that the adapter is nothing but the proof. */
#include "private.h"

#include "wire_4_17.h"

#define SAME_SIZE(a, b) static_assert(sizeof(a) == sizeof(b), #a)
#define SAME(a, b, field)                                                                          \
    static_assert(offsetof(a, field) == offsetof(b, field) &&                                      \
                      sizeof(((a *)0)->field) == sizeof(((b *)0)->field),                          \
                  #a "." #field)

static_assert(sizeof(struct domctl_request) == sizeof(struct xen_domctl), "request");
SAME(struct domctl_request, struct xen_domctl, cmd);
SAME(struct domctl_request, struct xen_domctl, domain);
SAME(struct domctl_request, struct xen_domctl, u);
static_assert(offsetof(struct domctl_request, version) ==
                  offsetof(struct xen_domctl, interface_version),
              "version");
static_assert(CDF_HVM == XEN_DOMCTL_CDF_hvm && CDF_HAP == XEN_DOMCTL_CDF_hap &&
                  CDF_XS_DOMAIN == XEN_DOMCTL_CDF_xs_domain && CDF_IOMMU == XEN_DOMCTL_CDF_iommu &&
                  CDF_VPMU == XEN_DOMCTL_CDF_vpmu,
              "createdomain flags");
static_assert(DOMINF_DYING == XEN_DOMINF_dying && DOMINF_HVM_GUEST == XEN_DOMINF_hvm_guest &&
                  DOMINF_SHUTDOWN == XEN_DOMINF_shutdown && DOMINF_PAUSED == XEN_DOMINF_paused &&
                  DOMINF_BLOCKED == XEN_DOMINF_blocked && DOMINF_RUNNING == XEN_DOMINF_running &&
                  DOMINF_DEBUGGED == XEN_DOMINF_debugged &&
                  DOMINF_XS_DOMAIN == XEN_DOMINF_xs_domain && DOMINF_HAP == XEN_DOMINF_hap &&
                  DOMINF_SHUTDOWN_SHIFT == XEN_DOMINF_shutdownshift,
              "getdomaininfo flags");

#define CREATE(field) SAME(struct domctl_createdomain_arg, struct xen_domctl_createdomain, field)
CREATE(ssidref);
CREATE(handle);
CREATE(flags);
CREATE(iommu_opts);
CREATE(max_vcpus);
CREATE(max_evtchn_port);
CREATE(max_grant_frames);
CREATE(max_maptrack_frames);
CREATE(grant_opts);
CREATE(vmtrace_size);
CREATE(cpupool_id);
static_assert(offsetof(struct domctl_createdomain_arg, arch) ==
                  offsetof(struct xen_domctl_createdomain, arch),
              "arch");

#define INFO(field) SAME(struct domctl_getdomaininfo_arg, struct xen_domctl_getdomaininfo, field)
INFO(domain);
INFO(flags);
INFO(tot_pages);
INFO(max_pages);
INFO(outstanding_pages);
INFO(shr_pages);
INFO(paged_pages);
INFO(shared_info_frame);
INFO(cpu_time);
INFO(nr_online_vcpus);
INFO(max_vcpu_id);
INFO(ssidref);
INFO(handle);
INFO(cpupool);
INFO(gpaddr_bits);
static_assert(offsetof(struct domctl_getdomaininfo_arg, arch_config) ==
                  offsetof(struct xen_domctl_getdomaininfo, arch_config),
              "arch_config");
#ifndef CONFIG_X86
SAME_SIZE(struct domctl_createdomain_arg, struct xen_domctl_createdomain);
SAME_SIZE(struct domctl_getdomaininfo_arg, struct xen_domctl_getdomaininfo);
#endif

SAME_SIZE(struct bitmap_arg, struct xenctl_bitmap);
SAME(struct bitmap_arg, struct xenctl_bitmap, nr_bits);
SAME_SIZE(struct domctl_vcpuaffinity_arg, struct xen_domctl_vcpuaffinity);
SAME(struct domctl_vcpuaffinity_arg, struct xen_domctl_vcpuaffinity, cpumap_hard);
SAME(struct domctl_vcpuaffinity_arg, struct xen_domctl_vcpuaffinity, cpumap_soft);
SAME_SIZE(struct domctl_max_mem_arg, struct xen_domctl_max_mem);
SAME_SIZE(struct domctl_vcpucontext_arg, struct xen_domctl_vcpucontext);
SAME(struct domctl_vcpucontext_arg, struct xen_domctl_vcpucontext, ctxt);
SAME_SIZE(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo);
SAME(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo, online);
SAME(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo, blocked);
SAME(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo, running);
SAME(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo, cpu_time);
SAME(struct domctl_getvcpuinfo_arg, struct xen_domctl_getvcpuinfo, cpu);
SAME_SIZE(struct domctl_max_vcpus_arg, struct xen_domctl_max_vcpus);
SAME(struct domctl_scheduler_op_arg, struct xen_domctl_scheduler_op, cmd);
SAME(struct domctl_scheduler_op_arg, struct xen_domctl_scheduler_op, u.credit2.weight);
SAME(struct domctl_scheduler_op_arg, struct xen_domctl_scheduler_op, u.credit2.cap);
SAME(struct domctl_scheduler_op_arg, struct xen_domctl_scheduler_op, u.v.nr_vcpus);
SAME_SIZE(struct domctl_setdomainhandle_arg, struct xen_domctl_setdomainhandle);
SAME_SIZE(struct domctl_setdebugging_arg, struct xen_domctl_setdebugging);
SAME_SIZE(struct domctl_settimeoffset_arg, struct xen_domctl_settimeoffset);
SAME_SIZE(struct domctl_nodeaffinity_arg, struct xen_domctl_nodeaffinity);
SAME_SIZE(struct domctl_address_size_arg, struct xen_domctl_address_size);
SAME_SIZE(struct domctl_cacheflush_arg, struct xen_domctl_cacheflush);
SAME_SIZE(struct domctl_paging_mempool_arg, struct xen_domctl_paging_mempool);

const struct domctl_abi domctl_abi_0x15 = {.version = XEN_DOMCTL_INTERFACE_VERSION};
