/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl 0x15: the proof that the internal layout is the wire's. */
#include <hearth/abi_sysctl.h>

#include "wire_4_17.h"

#define SAME_SIZE(name)                                                                            \
    static_assert(sizeof(struct sysctl_##name##_arg) == sizeof(struct xen_sysctl_##name), #name)
#define SAME(name, field)                                                                          \
    static_assert(offsetof(struct sysctl_##name##_arg, field) ==                                   \
                          offsetof(struct xen_sysctl_##name, field) &&                             \
                      sizeof(((struct sysctl_##name##_arg *)0)->field) ==                          \
                          sizeof(((struct xen_sysctl_##name *)0)->field),                          \
                  #name "." #field)

static_assert(XEN_SYSCTL_INTERFACE_VERSION == 0x15, "version");
static_assert(sizeof(struct sysctl_request) == sizeof(struct xen_sysctl), "request");
static_assert(offsetof(struct sysctl_request, u) == offsetof(struct xen_sysctl, u), "request");
SAME_SIZE(readconsole);
SAME(readconsole, clear);
SAME(readconsole, incremental);
SAME(readconsole, index);
SAME(readconsole, buffer);
SAME(readconsole, count);
SAME_SIZE(physinfo);
SAME(physinfo, nr_cpus);
SAME(physinfo, max_node_id);
SAME(physinfo, cpu_khz);
SAME(physinfo, capabilities);
SAME(physinfo, arch_capabilities);
SAME(physinfo, total_pages);
SAME(physinfo, free_pages);
SAME(physinfo, max_mfn);
SAME(physinfo, hw_cap);
SAME_SIZE(sched_id);
SAME_SIZE(getdomaininfolist);
SAME(getdomaininfolist, max_domains);
SAME(getdomaininfolist, buffer);
SAME(getdomaininfolist, num_domains);
SAME_SIZE(debug_keys);
SAME(debug_keys, keys);
SAME(debug_keys, nr_keys);
SAME_SIZE(getcpuinfo);
SAME(getcpuinfo, info);
SAME(getcpuinfo, nr_cpus);
SAME_SIZE(availheap);
SAME(availheap, node);
SAME(availheap, avail_bytes);
SAME_SIZE(cputopoinfo);
SAME(cputopoinfo, cputopo);
SAME_SIZE(numainfo);
SAME(numainfo, meminfo);
SAME(numainfo, distance);
SAME_SIZE(cpupool_op);
SAME(cpupool_op, n_dom);
SAME(cpupool_op, cpumap);
SAME(scheduler_op, cmd);
static_assert(offsetof(struct sysctl_scheduler_op_arg, u.ratelimit_us) ==
                  offsetof(struct xen_sysctl_scheduler_op, u.sched_credit2.ratelimit_us),
              "ratelimit");
static_assert(sizeof(struct sysctl_cputopo) == sizeof(struct xen_sysctl_cputopo), "cputopo");
static_assert(sizeof(struct sysctl_meminfo) == sizeof(struct xen_sysctl_meminfo), "meminfo");
static_assert(PHYSCAP_HVM == XEN_SYSCTL_PHYSCAP_hvm && PHYSCAP_HAP == XEN_SYSCTL_PHYSCAP_hap &&
                  PHYSCAP_GNTTAB_V1 == XEN_SYSCTL_PHYSCAP_gnttab_v1,
              "capabilities");
