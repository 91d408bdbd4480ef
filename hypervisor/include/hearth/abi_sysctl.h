/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of sysctl as rows and handlers know them: interface version 0x15's layout (Xen 4.17 to
 * 4.20), asserted in common/abi/sysctl_0x15.c. `pad` is what the public structure leaves open.
 */
#pragma once

#include <hearth/abi_domctl.h>

struct sysctl_readconsole_arg {
    uint8_t clear;
    uint8_t incremental;
    uint8_t pad0, pad1;
    uint32_t index; /* in, out */
    guest_ptr_t buffer;
    uint32_t count; /* in, out */
    uint32_t pad;
};

/* XEN_SYSCTL_PHYSCAP_* */
#define PHYSCAP_HVM       (1U << 0)
#define PHYSCAP_HAP       (1U << 3)
#define PHYSCAP_GNTTAB_V1 (1U << 8)

struct sysctl_physinfo_arg {
    uint32_t threads_per_core;
    uint32_t cores_per_socket;
    uint32_t nr_cpus;
    uint32_t max_cpu_id;
    uint32_t nr_nodes;
    uint32_t max_node_id;
    uint32_t cpu_khz;
    uint32_t capabilities;
    uint32_t arch_capabilities;
    uint32_t pad;
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t scrub_pages;
    uint64_t outstanding_pages;
    uint64_t max_mfn;
    uint32_t hw_cap[8];
};

struct sysctl_sched_id_arg {
    uint32_t sched_id;
};

struct sysctl_getdomaininfolist_arg {
    domid_t first_domain;
    uint16_t pad;
    uint32_t max_domains;
    guest_ptr_t buffer;
    uint32_t num_domains; /* out */
    uint32_t pad2;
};

struct sysctl_debug_keys_arg {
    guest_ptr_t keys;
    uint32_t nr_keys;
    uint32_t pad;
};

struct sysctl_getcpuinfo_arg {
    uint32_t max_cpus;
    uint32_t pad;
    guest_ptr_t info; /* nanoseconds of idling, 8 bytes for each CPU */
    uint32_t nr_cpus; /* out */
    uint32_t pad2;
};

struct sysctl_availheap_arg {
    uint32_t min_bitwidth;
    uint32_t max_bitwidth;
    int32_t node;
    uint32_t pad;
    uint64_t avail_bytes; /* out */
};

struct sysctl_cputopo {
    uint32_t core;
    uint32_t socket;
    uint32_t node;
};

struct sysctl_cputopoinfo_arg {
    uint32_t num_cpus; /* in, out */
    uint32_t pad;
    guest_ptr_t cputopo;
};

struct sysctl_meminfo {
    uint64_t memsize;
    uint64_t memfree;
};

struct sysctl_numainfo_arg {
    uint32_t num_nodes; /* in, out */
    uint32_t pad;
    guest_ptr_t meminfo;
    guest_ptr_t distance;
};

/* XEN_SYSCTL_CPUPOOL_OP_* */
#define CPUPOOL_OP_CREATE     1U
#define CPUPOOL_OP_DESTROY    2U
#define CPUPOOL_OP_INFO       3U
#define CPUPOOL_OP_ADDCPU     4U
#define CPUPOOL_OP_RMCPU      5U
#define CPUPOOL_OP_MOVEDOMAIN 6U
#define CPUPOOL_OP_FREEINFO   7U

struct sysctl_cpupool_op_arg {
    uint32_t op;
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t domid;
    uint32_t cpu;
    uint32_t n_dom;
    struct bitmap_arg cpumap;
};

struct sysctl_scheduler_op_arg {
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t cmd; /* SCHEDOP_* of abi_domctl.h */
    uint32_t pad;
    union {
        uint32_t ratelimit_us; /* credit2 */
        uint8_t raw[16];
    } u;
};

union sysctl_args {
    struct sysctl_readconsole_arg readconsole;
    struct sysctl_physinfo_arg physinfo;
    struct sysctl_sched_id_arg sched_id;
    struct sysctl_getdomaininfolist_arg getdomaininfolist;
    struct sysctl_debug_keys_arg debug_keys;
    struct sysctl_getcpuinfo_arg getcpuinfo;
    struct sysctl_availheap_arg availheap;
    struct sysctl_cputopoinfo_arg cputopoinfo;
    struct sysctl_numainfo_arg numainfo;
    struct sysctl_cpupool_op_arg cpupool_op;
    struct sysctl_scheduler_op_arg scheduler_op;
    uint8_t raw[128];
};

struct sysctl_request_arg {
    uint32_t cmd;
    uint32_t version;
    union sysctl_args u;
};
