/* SPDX-License-Identifier: Apache-2.0 */
/* Brings up the CPUs that the device tree lists, through the firmware's PSCI. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/arch/mm.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/fdt.h>
#include <hearth/heap.h>
#include <hearth/launch.h>
#include <hearth/page.h>
#include <hearth/string.h>
#include <hearth/timer.h>

#include <asm/arm64.h>
#include <asm/layout.h>
#include <asm/sysreg.h>

extern const char secondary_entry[];

#define STACK_ORDER 2U /* STACK_SIZE */
static_assert(PAGE_SIZE << STACK_ORDER == STACK_SIZE, "stacks are whole blocks");

#define BRINGUP_TIMEOUT (10 * NS_PER_S) /* of which a busy host takes its part under QEMU */

static void cpu_free(struct cpu *c, mfn_t stack)
{
    page_free(stack, STACK_ORDER);
    heap_free(c);
}

static void bring_up(uint64_t hwid)
{
    struct cpu *c = heap_alloc(sizeof(*c));
    struct smccc_result r;
    mfn_t stack;
    nanosec_t until;

    if (c == NULL || page_alloc(STACK_ORDER, PAGE_HEAP, ALLOC_ZERO, &stack) != 0) {
        heap_free(c);
        printk(LOG_ERR, "CPU %#lx stays off: no memory for its stack\n", hwid);
        return;
    }
    c->id = nr_cpus;
    c->arch.hwid = hwid;
    c->arch.stack_top = (char *)mfn_to_virt(stack) + STACK_SIZE;
    arch_clean_to_poc(c, sizeof(*c)); /* read with the MMU just on, before the tables are ours */
    arch_clean_to_poc(&main_ttbr, sizeof(main_ttbr));
    cpus[nr_cpus] = c;
    smccc_smc(PSCI_CPU_ON_64, hwid, image_to_paddr(secondary_entry).a, (uint64_t)c, &r);
    if ((int32_t)r.x0 != 0) {
        printk(LOG_ERR, "CPU %#lx stays off: the firmware's CPU_ON answers %d\n", hwid,
               (int32_t)r.x0);
        cpus[nr_cpus] = NULL;
        cpu_free(c, stack);
        return;
    }
    until = now() + BRINGUP_TIMEOUT;
    while (!load_acquire(&c->online) && now() < until) { /* pairs with start_secondary() */
        arch_cpu_relax();
    }
    if (!load_acquire(&c->online)) {
        panic("CPU %#lx was switched on and does not answer", hwid);
    }
    nr_cpus++;
}

void arch_smp_init(void)
{
    uint32_t cpus_node = fdt_find(&host_fdt, "/cpus");
    uint32_t node;

    fdt_for_each_child (&host_fdt, node, cpus_node) {
        struct fdt_prop reg;
        uint64_t hwid;

        const char *type = fdt_string(&host_fdt, node, "device_type");

        if (type == NULL || strcmp(type, "cpu") != 0 || !fdt_available(&host_fdt, node) ||
            !fdt_get(&host_fdt, node, "reg", &reg) || reg.len < 4) {
            continue;
        }
        hwid = fdt_cells(reg.data, reg.len / 4);
        if (hwid == cpus[0]->arch.hwid) {
            continue;
        }
        if (nr_cpus >= options.maxcpus || nr_cpus >= NR_CPUS) {
            break;
        }
        bring_up(hwid);
    }
    printk(LOG_INFO, "%u CPU%s\n", nr_cpus, nr_cpus == 1 ? "" : "s");
}
