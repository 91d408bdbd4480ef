/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical GIC, whichever version: lines and their owners, and what happens with an interrupt
 * that was taken. A line is Hearth's (handled here and deactivated), or linked to a domain's
 * virtual one (deactivated when the guest ends that), or disabled.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/irq.h>
#include <hearth/lock.h>
#include <hearth/vcpu.h>

#include <asm/sysreg.h>
#include <asm/vgic.h>

#include "private.h"

static const struct gic_driver *driver __ro_after_init;
static struct gic_platform platform __ro_after_init;
static uint32_t node __ro_after_init;
static unsigned int lines __ro_after_init;

/* Linked lines; domain is set last, by arch_irq_route(), and cleared first. */
static struct domain *line_domain[GIC_MAX_LINES];
static uint16_t line_virq[GIC_MAX_LINES];
/* Private lines in use, for CPUs that come up later. */
static unsigned long private_lines;
/* ICFGR words are read and written back. */
static struct spinlock config_lock = SPINLOCK_INIT(RANK_IRQ + 1);

void gic_init(void)
{
    node = gic_probe(&platform);
    driver = platform.version == 3 ? &gic_v3_driver : &gic_v2_driver;
    lines = MIN(driver->init(&platform), GIC_MAX_LINES);
    private_lines = 1UL << GIC_PPI_VTIMER | 1UL << platform.maintenance_irq;
    vgic_hw_init();
    gic_init_cpu();
    printk(LOG_INFO, "GICv%u at %#lx: %u lines, maintenance interrupt %u\n", platform.version,
           platform.dist.base, lines, platform.maintenance_irq);
}

void gic_init_cpu(void)
{
    driver->init_cpu((uint32_t)private_lines);
    vgic_hw_init_cpu();
}

unsigned int gic_version(void)
{
    return platform.version;
}

unsigned int gic_line_count(void)
{
    return lines;
}

void gic_describe(struct gic_platform *out)
{
    *out = platform;
}

uint32_t gic_node(void)
{
    return node;
}

void gic_stop_other_cpus(void)
{
    unsigned int i;

    if (driver == NULL) {
        return;
    }
    for_each_cpu (i) {
        if (i != this_cpu_id()) {
            driver->send_sgi(i, GIC_SGI_STOP);
        }
    }
}

/* --- Lines --- */

static void write_bit(unsigned int irq, unsigned int reg)
{
    mmio_write(driver->frame(irq), reg + irq / 32 * 4, 1U << (irq % 32));
}

void gic_enable(unsigned int irq)
{
    write_bit(irq, GICD_ISENABLER);
}

void gic_disable(unsigned int irq)
{
    write_bit(irq, GICD_ICENABLER);
}

void gic_set_active(unsigned int irq, bool active)
{
    write_bit(irq, active ? GICD_ISACTIVER : GICD_ICACTIVER);
    dsb_sy();
}

void gic_configure(unsigned int irq, bool edge)
{
    void *frame = driver->frame(irq);
    unsigned int reg = GICD_ICFGR + irq / 16 * 4;
    uint32_t bit = 2U << (irq % 16 * 2);
    uint32_t value;

    spin_lock(&config_lock);
    value = mmio_read(frame, reg);
    mmio_write(frame, reg, edge ? value | bit : value & ~bit);
    spin_unlock(&config_lock);
}

void gic_set_target(unsigned int irq, unsigned int cpu)
{
    if (irq >= GIC_FIRST_SPI) {
        driver->set_target(irq, cpu);
    }
}

/* --- The contract of <hearth/arch/irq.h> --- */

unsigned int arch_irq_count(void)
{
    return lines;
}

int arch_irq_enable(unsigned int irq, unsigned int trigger, unsigned int cpu)
{
    if (irq < 16 || irq >= lines) {
        return -EINVAL;
    }
    if (irq < GIC_FIRST_SPI) {
        atomic_bit_set(&private_lines, irq);
    } else {
        gic_disable(irq);
        gic_configure(irq, (trigger & IRQ_EDGE) != 0);
        gic_set_target(irq, cpu);
    }
    gic_enable(irq);
    return 0;
}

void arch_irq_disable(unsigned int irq)
{
    if (irq >= 16 && irq < lines) {
        gic_disable(irq);
    }
}

int arch_irq_route(unsigned int irq, struct domain *d, unsigned int virq)
{
    int rc;

    if (irq < GIC_FIRST_SPI || irq >= lines) {
        return -EINVAL;
    }
    gic_disable(irq);
    gic_set_active(irq, false);
    gic_set_target(irq, 0);
    line_virq[irq] = (uint16_t)virq;
    store_release(&line_domain[irq], d); /* pairs with gic_handle() */
    rc = vgic_link(d, virq, irq);
    if (rc != 0) {
        WRITE_ONCE(line_domain[irq], NULL);
    }
    return rc;
}

void arch_irq_unroute(unsigned int irq, struct domain *d)
{
    if (irq < GIC_FIRST_SPI || irq >= lines || line_domain[irq] != d) {
        return;
    }
    gic_disable(irq);
    WRITE_ONCE(line_domain[irq], NULL);
    vgic_unlink(d, line_virq[irq]);
    gic_set_active(irq, false);
}

static noinline bool handle_other(unsigned int intid)
{
    if (intid < 16) {
        if (intid == GIC_SGI_STOP) {
            arch_cpu_halt();
        }
        return true; /* the exit itself is what the IPI is for */
    }
    if (intid == platform.maintenance_irq) {
        struct vcpu *v = current_vcpu();

        if (v != NULL) {
            vgic_maintenance(v);
        }
    } else {
        irq_run_handler(intid);
    }
    return true;
}

/*
 * The virtual timer of the running guest. GICv3: linked to the physical interrupt, which the
 * guest's own end deactivates. GICv2: not linked, because QEMU's does not look at a line that is
 * still (or again) high when a guest deactivates it, and the timer would be lost; the guest's timer
 * is masked instead until its handler programs it anew (XEN-ABI: as Xen does on both).
 */
static bool handle_vtimer(void)
{
    struct vcpu *v = current_vcpu();

    if (unlikely(v == NULL)) {
        return true;
    }
    if (likely(platform.version == 3)) {
        vgic_inject_hw(v, GIC_PPI_VTIMER, GIC_PPI_VTIMER);
        return false;
    }
    write_sysreg(cntv_ctl_el0, read_sysreg(cntv_ctl_el0) | CNT_CTL_IMASK);
    isb();
    vgic_pulse_ppi(v, GIC_PPI_VTIMER);
    return true;
}

bool gic_handle(unsigned int intid)
{
    if (intid == GIC_PPI_VTIMER) {
        return handle_vtimer();
    }
    if (intid >= GIC_FIRST_SPI && intid < GIC_MAX_LINES) {
        struct domain *d = load_acquire(&line_domain[intid]);

        if (d != NULL) {
            vgic_inject_hw_spi(d, line_virq[intid]);
            return false;
        }
    }
    return handle_other(intid);
}

void arch_irq_dispatch(void)
{
    driver->dispatch();
}

void arch_send_ipi(unsigned int cpu)
{
    driver->send_sgi(cpu, GIC_SGI_IPI);
}

bool arch_irq_pending(void)
{
    return read_sysreg(isr_el1) != 0;
}
