/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of domctl as rows and handlers know them: the layout is that of interface version
 * 0x15 (Xen 4.17) on arm64, asserted in common/abi/domctl_0x15.c; other versions are translated to
 * it (<hearth/domctl_abi.h>). `pad` members are what the public structure leaves to the compiler.
 */
#pragma once

#include <hearth/num.h>

/* public/domctl.h XEN_DOMCTL_CDF_* */
#define CDF_HVM       (1U << 0)
#define CDF_HAP       (1U << 1)
#define CDF_XS_DOMAIN (1U << 4)
#define CDF_IOMMU     (1U << 5)
#define CDF_VPMU      (1U << 7)

/* XEN_DOMINF_* */
#define DOMINF_DYING          (1U << 0)
#define DOMINF_HVM_GUEST      (1U << 1)
#define DOMINF_SHUTDOWN       (1U << 2)
#define DOMINF_PAUSED         (1U << 3)
#define DOMINF_BLOCKED        (1U << 4)
#define DOMINF_RUNNING        (1U << 5)
#define DOMINF_DEBUGGED       (1U << 6)
#define DOMINF_XS_DOMAIN      (1U << 7)
#define DOMINF_HAP            (1U << 8)
#define DOMINF_SHUTDOWN_SHIFT 16

/* A bitmap of the caller's, in bytes: bit n is bit n % 8 of byte n / 8. */
struct bitmap_arg {
    guest_ptr_t bitmap;
    uint32_t nr_bits;
    uint32_t pad;
};

/* The architecture's part of a domain's configuration, opaque to common code. */
#define ARCH_CONFIG_WORDS 3U

struct domctl_createdomain_arg {
    uint32_t ssidref;
    uint8_t handle[16];
    uint32_t flags; /* CDF_* */
    uint32_t iommu_opts;
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;
    int32_t max_grant_frames;    /* below 0: the default */
    int32_t max_maptrack_frames; /* below 0: the default */
    uint32_t grant_opts;
    uint32_t vmtrace_size;
    uint32_t cpupool_id;
    uint32_t arch[ARCH_CONFIG_WORDS]; /* in, out */
};

struct domctl_getdomaininfo_arg {
    domid_t domain;
    uint16_t pad1;
    uint32_t flags; /* DOMINF_* */
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t outstanding_pages;
    uint64_t shr_pages;
    uint64_t paged_pages;
    uint64_t shared_info_frame;
    uint64_t cpu_time;
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    uint8_t handle[16];
    uint32_t cpupool;
    uint8_t gpaddr_bits;
    uint8_t pad2[7];
    uint32_t arch_config[ARCH_CONFIG_WORDS];
    uint32_t pad3;
};

struct domctl_vcpuaffinity_arg {
    uint32_t vcpu;
    uint32_t flags;
    struct bitmap_arg cpumap_hard;
    struct bitmap_arg cpumap_soft;
};

struct domctl_max_mem_arg {
    uint64_t max_memkb;
};

struct domctl_vcpucontext_arg {
    uint32_t vcpu;
    uint32_t pad;
    guest_ptr_t ctxt; /* the architecture's vcpu_guest_context */
};

struct domctl_getvcpuinfo_arg {
    uint32_t vcpu;
    uint8_t online; /* out from here */
    uint8_t blocked;
    uint8_t running;
    uint8_t pad;
    uint64_t cpu_time;
    uint32_t cpu;
    uint32_t pad2;
};

struct domctl_max_vcpus_arg {
    uint32_t max;
};

/* XEN_DOMCTL_SCHEDOP_*, the first two also XEN_SYSCTL_SCHEDOP_* */
#define SCHEDOP_PUTINFO     0U
#define SCHEDOP_GETINFO     1U
#define SCHEDOP_PUTVCPUINFO 2U
#define SCHEDOP_GETVCPUINFO 3U

struct domctl_scheduler_op_arg {
    uint32_t sched_id;
    uint32_t cmd;
    union {
        struct {
            uint16_t weight;
            uint16_t cap;
        } credit2;
        struct {
            guest_ptr_t vcpus;
            uint32_t nr_vcpus;
            uint32_t pad;
        } v;
    } u;
};

struct domctl_setdomainhandle_arg {
    uint8_t handle[16];
};

struct domctl_setdebugging_arg {
    uint8_t enable;
};

struct domctl_settimeoffset_arg {
    int64_t time_offset_seconds;
};

struct domctl_nodeaffinity_arg {
    struct bitmap_arg nodemap;
};

struct domctl_address_size_arg {
    uint32_t size;
};

struct domctl_set_virq_handler_arg {
    uint32_t virq;
};

struct domctl_vuart_op_arg {
    uint32_t cmd;
    uint32_t type;
    uint64_t gfn; /* of the ring that the console's back end shares */
    domid_t console_domid;
    uint8_t pad[2];
    evtchn_port_t evtchn; /* out: what the back end binds to */
};

struct domctl_cacheflush_arg {
    uint64_t start_pfn; /* in, out: progress */
    uint64_t nr_pfns;
};

struct domctl_paging_mempool_arg {
    uint64_t size; /* bytes */
};

union domctl_args {
    struct domctl_createdomain_arg createdomain;
    struct domctl_getdomaininfo_arg getdomaininfo;
    struct domctl_vcpuaffinity_arg vcpuaffinity;
    struct domctl_max_mem_arg max_mem;
    struct domctl_vcpucontext_arg vcpucontext;
    struct domctl_getvcpuinfo_arg getvcpuinfo;
    struct domctl_max_vcpus_arg max_vcpus;
    struct domctl_scheduler_op_arg scheduler_op;
    struct domctl_setdomainhandle_arg setdomainhandle;
    struct domctl_setdebugging_arg setdebugging;
    struct domctl_settimeoffset_arg settimeoffset;
    struct domctl_nodeaffinity_arg nodeaffinity;
    struct domctl_address_size_arg address_size;
    struct domctl_set_virq_handler_arg set_virq_handler;
    struct domctl_vuart_op_arg vuart_op;
    struct domctl_cacheflush_arg cacheflush;
    struct domctl_paging_mempool_arg paging_mempool;
    uint8_t raw[128];
};

/* The whole request, as it stands in the caller's memory in every version. */
struct domctl_request_arg {
    uint32_t cmd;
    uint32_t version;
    domid_t domain;
    uint16_t pad[3];
    union domctl_args u;
};
