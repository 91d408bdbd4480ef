/* SPDX-License-Identifier: Apache-2.0 */
/* An interrupt controller with HOST_IRQS lines, of which CPU 0 takes all. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/bitmap.h>
#include <hearth/errno.h>
#include <hearth/irq.h>

#include <asm/host.h>

static DECLARE_BITMAP(pending, HOST_IRQS);
static DECLARE_BITMAP(enabled, HOST_IRQS);

void host_irq_raise(unsigned int irq)
{
    bit_set(pending, irq);
}

bool host_irq_enabled(unsigned int irq)
{
    return bit_test(enabled, irq);
}

void arch_irq_init(void)
{
}

static unsigned int next_pending(void)
{
    unsigned int irq;

    for_each_set_bit (irq, pending, HOST_IRQS) {
        if (bit_test(enabled, irq)) {
            break;
        }
    }
    return irq;
}

bool arch_irq_pending(void)
{
    return next_pending() < HOST_IRQS;
}

unsigned int arch_irq_count(void)
{
    return HOST_IRQS;
}

int arch_irq_enable(unsigned int irq, unsigned int trigger, unsigned int cpu)
{
    (void)trigger;
    (void)cpu;
    if (irq >= HOST_IRQS) {
        return -EINVAL;
    }
    bit_set(enabled, irq);
    return 0;
}

void arch_irq_disable(unsigned int irq)
{
    bit_clear(enabled, irq);
}

int arch_irq_route(unsigned int irq, struct domain *d, unsigned int virq)
{
    (void)d;
    host_record(HOST_IRQ_ROUTE, irq, virq);
    return arch_irq_enable(irq, IRQ_LEVEL, 0);
}

void arch_irq_unroute(unsigned int irq, struct domain *d)
{
    (void)d;
    host_record(HOST_IRQ_UNROUTE, irq, 0);
    arch_irq_disable(irq);
}

void arch_irq_dispatch(void)
{
    unsigned int irq;

    while ((irq = next_pending()) < HOST_IRQS) {
        bit_clear(pending, irq);
        irq_run_handler(irq);
    }
}
