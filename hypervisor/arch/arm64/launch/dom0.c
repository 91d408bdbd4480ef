/* SPDX-License-Identifier: Apache-2.0 */
/* dom0: RAM and devices one to one, the host's device tree less what Hearth keeps. */
#include <hearth/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/heap.h>
#include <hearth/page.h>
#include <hearth/string.h>

#include "private.h"

#define FDT_BASE_SIZE    16384U
#define FDT_SIZE_PER_CPU 256U
#define MOST_SPIS        960U

/* public/hvm/params.h: the upcall's PPI (type 2), low and level-triggered (flag 2). */
#define HVM_PARAM_CALLBACK_IRQ 0
#define CALLBACK_PPI(ppi)      (2ULL << 56 | 2ULL << 8 | (ppi))

/* XEN-ABI: one vCPU for each CPU, at most what its interrupt controller can have. */
static uint32_t count_vcpus(const struct plan_domain *p, const struct gic_platform *gic)
{
    uint64_t limit = gic->version == 2 ? VGIC_V2_VCPUS : 0;
    uint32_t wanted = p->cpus != 0 ? p->cpus : nr_cpus;
    unsigned int i;

    for (i = 0; i < gic->nr_redist; i++) {
        limit += gic->redist[i].size / KiB(128);
    }
    limit = MIN(limit, VGIC_V3_VCPUS);
    if (wanted > limit) {
        printk(LOG_WARNING, "dom0: %u vCPUs are more than its interrupt controller has: %llu\n",
               wanted, (unsigned long long)limit);
    }
    return (uint32_t)MIN(wanted, limit);
}

static void give_memory(struct launch *l)
{
    struct page_stats s;
    int rc;

    page_stats(&s);
    if (l->plan->memory >> PAGE_SHIFT > s.free) {
        panic("dom0_mem: %llu KiB for dom0 are more than the %llu KiB that are free",
              (unsigned long long)(l->plan->memory >> 10), (unsigned long long)(s.free << 2));
    }
    rc = launch_memory_direct(l);
    if (rc != 0) {
        panic("dom0_mem: no %llu KiB of memory in few large blocks for dom0: error %d",
              (unsigned long long)(l->plan->memory >> 10), rc);
    }
}

/* Twice the host's: a quarter of the buffer is for names. */
static uint32_t tree_size(const struct launch *l)
{
    uint32_t size = 2 * host_fdt.end;

    size += FDT_BASE_SIZE + l->domain->max_vcpus * FDT_SIZE_PER_CPU +
            2 * (uint32_t)strlen(l->plan->cmdline);
    return MIN(size, FDT_LIMIT);
}

static void fill(struct dom0 *b, struct launch *l)
{
    uint32_t size = tree_size(l), len;
    void *fdt = heap_alloc(size);
    int rc;

    if (fdt == NULL) {
        panic("dom0: no memory for its device tree");
    }
    if (load_place(l, size) != 0) {
        panic("dom0 cannot be started");
    }
    dom0_give_gic(b);
    rc = dom0_fdt(b, fdt, size, &len);
    if (rc != 0) {
        panic("dom0: its device tree cannot be made: error %d", rc);
    }
    if (load_parts(l, fdt, len) != 0) {
        panic("dom0 cannot be started");
    }
    heap_free(fdt);
}

static uint32_t count_spis(void)
{
    uint32_t lines = gic_line_count();

    return lines > GIC_FIRST_SPI ? MIN(lines - GIC_FIRST_SPI, MOST_SPIS) : 0;
}

void dom0_build(struct launch *l)
{
    struct domain_config config = {
        .max_evtchn_port = UINT32_MAX,
        .max_grant_frames = options.gnttab_max_frames,
        .max_maptrack_frames = options.gnttab_max_maptrack_frames,
        .privileged = true,
        .hardware = true,
        .direct_map = true,
        .nr_spis = count_spis(),
    };
    struct dom0 *b = heap_alloc(sizeof(*b));

    if (b == NULL) {
        panic("dom0: no memory to build it");
    }
    b->l = l;
    dom0_devices_init(b);
    config.max_vcpus = count_vcpus(l->plan, &b->gic);
    if (launch_create(l, &config) != 0) {
        panic("dom0 cannot be started");
    }
    l->domain->hvm_params[HVM_PARAM_CALLBACK_IRQ] = CALLBACK_PPI(l->domain->arch.evtchn_ppi);
    give_memory(l);
    fill(b, l);
    heap_free(b);
}
