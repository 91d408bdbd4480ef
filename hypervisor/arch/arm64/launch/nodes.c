/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of the device tree that Hearth makes itself, for dom0 and for guests alike. */
#include <hearth/num.h>
#include <hearth/printf.h>
#include <hearth/string.h>

#include "private.h"

#define PSCI_CPU_OFF_ID 0x84000002U
#define PSCI_CPU_ON_ID  0xc4000003U

#define IRQ_LEVEL_LOW   8U
#define GICV2_ALL_CPUS  0xf00U

void nodes_begin_at(struct nodes *n, const char *name, uint64_t unit)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "%s@%llx", name, (unsigned long long)unit);
    fdt_begin_node(&n->w, text);
}

static uint32_t put_number(uint32_t *cells, uint32_t count, uint64_t value)
{
    if (count == 2) {
        cells[0] = (uint32_t)(value >> 32);
        cells[1] = (uint32_t)value;
    } else if (count == 1) {
        cells[0] = (uint32_t)value;
    }
    return count;
}

void nodes_put_reg(struct nodes *n, const struct launch_bank *ranges, unsigned int count)
{
    uint32_t cells[LAUNCH_BANKS * 4], used_cells = 0;
    unsigned int i;

    for (i = 0; i < count && i < LAUNCH_BANKS; i++) {
        used_cells += put_number(&cells[used_cells], n->address_cells, ranges[i].start);
        used_cells += put_number(&cells[used_cells], n->size_cells, ranges[i].size);
    }
    fdt_put_cells(&n->w, "reg", cells, used_cells);
}

void nodes_cpus(struct nodes *n, uint32_t count, const char *compatible, uint32_t compatible_len)
{
    uint32_t i, affinity;

    fdt_begin_node(&n->w, "cpus");
    fdt_put_u32(&n->w, "#address-cells", 1);
    fdt_put_u32(&n->w, "#size-cells", 0);
    for (i = 0; i < count; i++) {
        affinity = i % 16 | i / 16 << 8;
        nodes_begin_at(n, "cpu", affinity);
        fdt_put_string(&n->w, "device_type", "cpu");
        fdt_put(&n->w, "compatible", compatible, compatible_len);
        fdt_put_string(&n->w, "enable-method", "psci");
        fdt_put_u32(&n->w, "reg", affinity);
        fdt_end_node(&n->w);
    }
    fdt_end_node(&n->w);
}

void nodes_psci(struct nodes *n)
{
    static const char compatible[] = "arm,psci-1.0\0"
                                     "arm,psci-0.2\0"
                                     "arm,psci";

    fdt_begin_node(&n->w, "psci");
    fdt_put_strings(&n->w, "compatible", compatible, sizeof(compatible));
    fdt_put_string(&n->w, "method", "hvc");
    fdt_put_u32(&n->w, "cpu_off", PSCI_CPU_OFF_ID);
    fdt_put_u32(&n->w, "cpu_on", PSCI_CPU_ON_ID);
    fdt_end_node(&n->w);
}

/* Three cells of a private interrupt; GICv2 has a mask of CPUs in the flags. */
static void put_ppi(const struct nodes *n, uint32_t *cells, uint32_t intid)
{
    cells[0] = 1;
    cells[1] = PPI_CELL(intid);
    cells[2] = IRQ_LEVEL_LOW | (n->gicv2 ? GICV2_ALL_CPUS : 0);
}

void nodes_timer(struct nodes *n, uint32_t clock_frequency)
{
    static const char compatible[] = "arm,armv8-timer\0"
                                     "arm,armv7-timer";
    uint32_t cells[12];

    put_ppi(n, &cells[0], TIMER_PHYS_S);
    put_ppi(n, &cells[3], TIMER_PHYS_NS);
    put_ppi(n, &cells[6], TIMER_VIRT);
    put_ppi(n, &cells[9], TIMER_HYP);
    fdt_begin_node(&n->w, "timer");
    fdt_put_strings(&n->w, "compatible", compatible, sizeof(compatible));
    fdt_put_u32(&n->w, "interrupt-parent", n->gic_phandle);
    fdt_put_cells(&n->w, "interrupts", cells, 12);
    fdt_put_empty(&n->w, "always-on");
    if (clock_frequency != 0) {
        fdt_put_u32(&n->w, "clock-frequency", clock_frequency);
    }
    fdt_end_node(&n->w);
}

void nodes_hypervisor(struct nodes *n, const struct launch_bank *ranges, unsigned int count)
{
    static const char compatible[] = "xen,xen-4.17\0"
                                     "xen,xen";
    uint32_t cells[3];

    put_ppi(n, cells, EVTCHN_PPI);
    fdt_begin_node(&n->w, "hypervisor");
    fdt_put_strings(&n->w, "compatible", compatible, sizeof(compatible));
    nodes_put_reg(n, ranges, count);
    fdt_put_u32(&n->w, "interrupt-parent", n->gic_phandle);
    fdt_put_cells(&n->w, "interrupts", cells, 3);
    fdt_end_node(&n->w);
}

void nodes_memory(struct nodes *n, const struct launch *l)
{
    nodes_begin_at(n, "memory", l->bank[0].start);
    fdt_put_string(&n->w, "device_type", "memory");
    nodes_put_reg(n, l->bank, l->nr_banks);
    fdt_end_node(&n->w);
}

void nodes_chosen(struct nodes *n, const struct launch *l)
{
    if (*l->plan->cmdline != '\0') {
        fdt_put_string(&n->w, "bootargs", l->plan->cmdline);
    }
    if (l->plan->ramdisk.size != 0) {
        fdt_put_u64(&n->w, "linux,initrd-start", l->ramdisk);
        fdt_put_u64(&n->w, "linux,initrd-end", l->ramdisk + l->plan->ramdisk.size);
    }
}
