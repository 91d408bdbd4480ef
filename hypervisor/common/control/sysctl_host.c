/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysctl: the machine: CPUs, memory, topology. One node. XEN-ABI: every CPU is told to be core 0 of
 * socket 0, for Xen on arm64 does not look at the real topology either.
 */
#include <hearth/arch/cpu.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/sysctl_ops.h>
#include <hearth/page.h>
#include <hearth/sched.h>
#include <hearth/string.h>

#define LOCAL_DISTANCE 10U

int sysctl_op_physinfo(struct vcpu *v, struct sysctl_physinfo_arg *a)
{
    struct page_stats s;

    (void)v;
    page_stats(&s);
    memset(a, 0, sizeof(*a));
    a->threads_per_core = 1;
    a->cores_per_socket = 1;
    a->nr_cpus = nr_cpus;
    a->max_cpu_id = nr_cpus - 1;
    a->nr_nodes = 1;
    a->max_node_id = 0;
    a->cpu_khz = arch_cpu_khz();
    a->capabilities = PHYSCAP_HVM | PHYSCAP_HAP | PHYSCAP_GNTTAB_V1;
    a->total_pages = s.total;
    /* XEN-ABI: scrub_pages is 0. Tools add it to free_pages, which dirty ones are among. */
    a->free_pages = s.free;
    a->max_mfn = page_last_mfn().n;
    return 0;
}

/* How long each CPU has idled since it came up, this moment included. */
int sysctl_op_getcpuinfo(struct vcpu *v, struct sysctl_getcpuinfo_arg *a)
{
    uint32_t n = MIN(a->max_cpus, nr_cpus);

    (void)v;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t idle = sched_idle_time(i);
        guest_ptr_t at;

        if (!guest_ptr_index(a->info, i, sizeof(idle), &at) ||
            guest_copy_out(at, &idle, sizeof(idle)) != 0) {
            return -EFAULT;
        }
    }
    a->nr_cpus = n;
    return 0;
}

int sysctl_op_availheap(struct vcpu *v, struct sysctl_availheap_arg *a)
{
    struct page_stats s;

    (void)v;
    if (a->node != -1 && a->node != 0) {
        a->avail_bytes = 0;
        return 0;
    }
    page_stats(&s);
    a->avail_bytes = s.free << PAGE_SHIFT;
    return 0;
}

/* XEN-ABI: a null array asks how many there are. */
int sysctl_op_cputopoinfo(struct vcpu *v, struct sysctl_cputopoinfo_arg *a)
{
    uint32_t n = MIN(a->num_cpus, nr_cpus);

    (void)v;
    if (guest_ptr_is_null(a->cputopo)) {
        a->num_cpus = nr_cpus;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct sysctl_cputopo t = {.core = 0, .socket = 0, .node = 0};
        guest_ptr_t at;

        if (!guest_ptr_index(a->cputopo, i, sizeof(t), &at) ||
            guest_copy_out(at, &t, sizeof(t)) != 0) {
            return -EFAULT;
        }
    }
    a->num_cpus = n;
    return 0;
}

int sysctl_op_numainfo(struct vcpu *v, struct sysctl_numainfo_arg *a)
{
    const uint32_t distance = LOCAL_DISTANCE;
    struct sysctl_meminfo m;
    struct page_stats s;

    (void)v;
    page_stats(&s);
    m.memsize = s.total << PAGE_SHIFT;
    m.memfree = s.free << PAGE_SHIFT;
    if (a->num_nodes == 0 && !(guest_ptr_is_null(a->meminfo) && guest_ptr_is_null(a->distance))) {
        return 0; /* no room for the one that there is */
    }
    if (!guest_ptr_is_null(a->meminfo) && guest_copy_out(a->meminfo, &m, sizeof(m)) != 0) {
        return -EFAULT;
    }
    if (!guest_ptr_is_null(a->distance) &&
        guest_copy_out(a->distance, &distance, sizeof(distance)) != 0) {
        return -EFAULT;
    }
    a->num_nodes = 1;
    return 0;
}
