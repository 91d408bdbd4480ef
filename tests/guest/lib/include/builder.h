/* SPDX-License-Identifier: Apache-2.0
 *
 * Domains made by a tiny kernel that is dom0, by the operations that the tools use.
 */
#ifndef HEARTH_GUEST_BUILDER_H
#define HEARTH_GUEST_BUILDER_H

#include <hypercall.h>

#include <xen/domctl.h>
#include <xen/sysctl.h>

/* Where a built domain's RAM begins. */
#define BUILT_BASE GUEST_RAM0_BASE
#define BUILT_GFN  (BUILT_BASE >> PAGE_SHIFT)

/* One request of the calling vCPU; the result's fields are in `domctl` or `sysctl`. */
extern struct xen_domctl domctl;
extern struct xen_sysctl sysctl;
long domctl_do(uint32_t cmd, domid_t domid);
long sysctl_do(uint32_t cmd);

/* A domain with max_vcpus vCPUs and nothing else; its number in *domid. */
long builder_create(domid_t *domid, unsigned int vcpus);
/* The steps after it, in their order. */
long builder_vcpus(domid_t domid, unsigned int vcpus);
long builder_limits(domid_t domid, unsigned int pages);
/* `pages` pages of RAM from BUILT_BASE on; how many there are now, or an error. */
long builder_populate(domid_t domid, unsigned int pages);
/* All four; what was made is destroyed when a later one fails. */
long builder_make(domid_t *domid, unsigned int vcpus, unsigned int pages);

/* Frame `foreign` of a domain at gfn of this one. */
long builder_map(domid_t domid, uint64_t foreign, uint64_t gfn);
/* Frame `index` of its grant table at gfn of this one. */
long builder_map_grants(domid_t domid, unsigned int index, uint64_t gfn);
long builder_unmap(uint64_t gfn);

/* vCPU 0 starts at an address with x0 = argument; the domain must still be unpaused. */
long builder_start(domid_t domid, uint64_t pc, uint64_t argument);

/* Its share of the CPUs; 256 unless told. */
long builder_share(domid_t domid, uint16_t weight, uint16_t cap);

/* Until it is done; the domain may live on as a dying one while others hold its frames. */
long builder_destroy(domid_t domid);
/* Whether getdomaininfo knows it; its flags in `domctl`. */
bool builder_exists(domid_t domid);

/* Free pages of the host. */
uint64_t builder_free_pages(void);

#endif
