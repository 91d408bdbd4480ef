/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of building a domain that all architectures share. Boot CPU, after the schedulers and
 * interrupt controllers are up; nothing that is built runs before launch_start().
 */
#include <hearth/launch.h>

#include <hearth/bootmem.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/rcu.h>
#include <hearth/sched.h>
#include <hearth/softirq.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include "private.h"

/* public/hvm/params.h */
#define HVM_PARAM_STORE_PFN      1U
#define HVM_PARAM_STORE_EVTCHN   2U
#define HVM_PARAM_CONSOLE_PFN    17U
#define HVM_PARAM_CONSOLE_EVTCHN 18U

/* XEN-ABI: the store's page is not there until the tools introduce the guest. */
static int give_store(struct domain *d)
{
    evtchn_port_t port;
    int rc = evtchn_alloc_unbound(d, hardware_domain->id, &port);

    if (rc == 0) {
        d->hvm_params[HVM_PARAM_STORE_EVTCHN] = port;
        d->hvm_params[HVM_PARAM_STORE_PFN] = ~0ULL;
    }
    return rc;
}

int launch_console(struct launch *l)
{
    struct domain *d = l->domain;
    gfn_t at = gaddr_to_gfn(gaddr(l->console));
    evtchn_port_t port;
    int rc = console_pv_init(d, at, &port);

    if (rc == 0) {
        d->hvm_params[HVM_PARAM_CONSOLE_EVTCHN] = port;
        d->hvm_params[HVM_PARAM_CONSOLE_PFN] = at.n;
    }
    return rc;
}

static int create_vcpus(struct domain *d)
{
    uint32_t i;
    int rc = 0;

    spin_lock(&d->lock);
    for (i = 0; i < d->max_vcpus && rc == 0; i++) {
        rc = vcpu_create(d, i);
    }
    spin_unlock(&d->lock);
    return rc;
}

/* dom0_vcpus_pin: vCPU n on CPU n. */
static int pin_vcpus(struct domain *d)
{
    DECLARE_BITMAP(cpu, CONFIG_NR_CPUS);
    struct vcpu *v;
    uint32_t i;
    int rc = 0;

    for_each_vcpu (d, i, v) {
        memset(cpu, 0, sizeof(cpu));
        bit_set(cpu, i % nr_cpus);
        if (rc == 0) {
            rc = sched_set_affinity(v, cpu, cpu);
        }
    }
    return rc;
}

int launch_create(struct launch *l, struct domain_config *config)
{
    const struct plan_domain *p = l->plan;
    int rc;

    rc = domain_create(p->is_dom0 ? 0 : DOMID_INVALID, config, &l->domain);
    if (rc != 0) {
        printk(LOG_ERR, "%s: cannot be created with %u vCPUs: error %d\n", p->name,
               config->max_vcpus, rc);
        l->domain = NULL;
        return rc;
    }
    (void)strlcpy(l->domain->name, p->name, sizeof(l->domain->name));
    (void)strlcpy(l->domain->kernel_name, p->kernel.name, sizeof(l->domain->kernel_name));
    l->domain->max_pages = p->memory >> PAGE_SHIFT;
    if (p->is_dom0) {
        hardware_domain = l->domain;
    }
    rc = create_vcpus(l->domain);
    if (rc == 0 && p->is_dom0 && options.dom0_vcpus_pin) {
        rc = pin_vcpus(l->domain);
    }
    if (rc == 0 && p->store) {
        rc = give_store(l->domain);
    }
    if (rc != 0) {
        printk(LOG_ERR, "%s: vCPUs or channels cannot be made: error %d\n", p->name, rc);
        launch_abandon(l);
    }
    return rc;
}

void launch_abandon(struct launch *l)
{
    /* Page tables are freed after a grace period, which nothing else on this CPU lets pass. */
    while (domain_kill(l->domain) == -ERESTART) {
        softirq_run();
        rcu_quiescent();
    }
    if (hardware_domain == l->domain) {
        hardware_domain = NULL;
    }
    l->domain = NULL;
}

const void *launch_module_data(const struct boot_module *m)
{
    const uint8_t *page = mfn_to_virt(paddr_to_mfn(paddr(m->start)));

    return page + (m->start & ~PAGE_MASK);
}

bool launch_module_is_policy(const struct boot_module *m)
{
    const uint8_t *data = launch_module_data(m);

    return m->size >= 4 && data[0] == 0x8c && data[1] == 0xff && data[2] == 0x7c && data[3] == 0xf9;
}

int launch_copy_module(struct domain *d, uint64_t to, const struct boot_module *m)
{
    return launch_copy(d, to, launch_module_data(m), m->size);
}

static void give_modules_back(void)
{
    unsigned int i;

    for (i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *m = &boot_info.modules[i];

        page_alloc_give(m->start, m->start + m->size);
    }
    boot_info.nr_modules = 0;
}

static void print_memory(void)
{
    struct page_stats s;

    page_stats(&s);
    printk(
        LOG_INFO, "memory: total %llu KiB, guests %llu KiB, free %llu KiB, hypervisor %llu KiB\n",
        (unsigned long long)(s.total << 2), (unsigned long long)(s.guest << 2),
        (unsigned long long)(s.free << 2), (unsigned long long)((s.total - s.guest - s.free) << 2));
}

/*
 * What page tables a guest may make by mapping things here and there, beside those that it started
 * with: Xen's allowance (1 MiB for each vCPU, a page for each MiB of RAM, 2 MiB).
 */
static void limit_tables(const struct domain *d)
{
    uint64_t more = 256ULL * d->max_vcpus + (d->max_pages >> (20 - PAGE_SHIFT)) + 512;

    if (!d->is_privileged) {
        d->p2m[0]->table_limit = (uint32_t)MIN(d->p2m[0]->table_pages + more, UINT32_MAX);
    }
}

void launch_start(struct launch *launches, unsigned int count)
{
    unsigned int i;

    give_modules_back();
    for (i = 0; i < count; i++) {
        limit_tables(launches[i].domain);
        domain_unpause(launches[i].domain);
    }
    domain_print_table(LOG_INFO);
    print_memory();
}
