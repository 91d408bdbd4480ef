/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domctl 0x17, Xen 4.19 and 4.20. Against 0x15: createdomain has altp2m_opts before
 * vmtrace_size, and the architecture's part has a length of SVE vectors in a byte that was padding.
 * Everything else that Hearth performs has the layout of 0x15, which is proved here.
 */
#include <hearth/errno.h>
#include <hearth/string.h>

#include "private.h"

#include "layout.h"
#include "wire.h"

#define CREATEDOMAIN  XEN_DOMCTL_createdomain
#define ALTP2M_OFFSET offsetof(struct domctl_createdomain_arg, vmtrace_size)
#define REST_SIZE     (sizeof(struct domctl_createdomain_arg) - ALTP2M_OFFSET)
#define SVE_SHIFT     8U /* in the first word of the architecture's part */
#define SVE_MASK      0xffU

static_assert(offsetof(struct xen_domctl_createdomain, altp2m_opts) == ALTP2M_OFFSET, "altp2m");
static_assert(offsetof(struct xen_domctl_createdomain, vmtrace_size) == ALTP2M_OFFSET + 4,
              "vmtrace_size");
static_assert(offsetof(struct xen_domctl_createdomain, arch) ==
                  offsetof(struct domctl_createdomain_arg, arch) + 4,
              "arch");
SAME_FIELD(struct domctl_createdomain_arg, grant_opts, struct xen_domctl_createdomain, grant_opts);
#ifndef CONFIG_X86
static_assert(sizeof(struct xen_domctl_createdomain) == sizeof(struct domctl_createdomain_arg) + 4,
              "createdomain");
static_assert(offsetof(struct xen_arch_domainconfig, sve_vl) == SVE_SHIFT / 8, "sve_vl");
#endif

#define SAME_SIZE(arg, wire) static_assert(sizeof(struct arg) == sizeof(struct wire), #arg)
SAME_SIZE(domctl_request_arg, xen_domctl);
SAME_FIELD(struct domctl_request_arg, domain, struct xen_domctl, domain);
SAME_FIELD(struct domctl_request_arg, u, struct xen_domctl, u);
SAME_SIZE(domctl_vcpuaffinity_arg, xen_domctl_vcpuaffinity);
SAME_SIZE(domctl_max_mem_arg, xen_domctl_max_mem);
SAME_SIZE(domctl_vcpucontext_arg, xen_domctl_vcpucontext);
SAME_SIZE(domctl_getvcpuinfo_arg, xen_domctl_getvcpuinfo);
SAME_SIZE(domctl_max_vcpus_arg, xen_domctl_max_vcpus);
SAME_SIZE(domctl_scheduler_op_arg, xen_domctl_scheduler_op);
SAME_SIZE(domctl_setdomainhandle_arg, xen_domctl_setdomainhandle);
SAME_SIZE(domctl_setdebugging_arg, xen_domctl_setdebugging);
SAME_SIZE(domctl_settimeoffset_arg, xen_domctl_settimeoffset);
SAME_SIZE(domctl_nodeaffinity_arg, xen_domctl_nodeaffinity);
SAME_SIZE(domctl_address_size_arg, xen_domctl_address_size);
SAME_SIZE(domctl_set_virq_handler_arg, xen_domctl_set_virq_handler);
SAME_SIZE(domctl_vuart_op_arg, xen_domctl_vuart_op);
SAME_SIZE(domctl_cacheflush_arg, xen_domctl_cacheflush);
SAME_SIZE(domctl_paging_mempool_arg, xen_domctl_paging_mempool);
SAME_FIELD(struct domctl_getdomaininfo_arg, flags, struct xen_domctl_getdomaininfo, flags);
SAME_FIELD(struct domctl_getdomaininfo_arg, cpu_time, struct xen_domctl_getdomaininfo, cpu_time);
SAME_FIELD(struct domctl_getdomaininfo_arg, handle, struct xen_domctl_getdomaininfo, handle);
SAME_FIELD(struct domctl_getdomaininfo_arg, gpaddr_bits, struct xen_domctl_getdomaininfo,
           gpaddr_bits);
#ifndef CONFIG_X86
SAME_SIZE(domctl_getdomaininfo_arg, xen_domctl_getdomaininfo);
#endif

static int create_in(struct domctl_request_arg *r)
{
    uint8_t *at = &r->u.raw[ALTP2M_OFFSET];
    uint32_t altp2m;

    memcpy(&altp2m, at, sizeof(altp2m));
    memmove(at, at + sizeof(altp2m), REST_SIZE);
    if (altp2m != 0 || (r->u.createdomain.arch[0] >> SVE_SHIFT & SVE_MASK) != 0) {
        return -EINVAL; /* neither is there; the capabilities of the host do not offer them */
    }
    return 0;
}

static void create_out(struct domctl_request_arg *r)
{
    uint8_t *at = &r->u.raw[ALTP2M_OFFSET];

    memmove(at + sizeof(uint32_t), at, REST_SIZE);
    memset(at, 0, sizeof(uint32_t));
}

static int in(struct domctl_request_arg *r)
{
    return r->cmd == CREATEDOMAIN ? create_in(r) : 0;
}

static void out(struct domctl_request_arg *r)
{
    if (r->cmd == CREATEDOMAIN) {
        create_out(r);
    }
}

const struct domctl_abi domctl_abi_0x17 = {
    .version = XEN_DOMCTL_INTERFACE_VERSION,
    .last = XEN_DOMCTL_set_llc_colors,
    .in = in,
    .out = out,
};
