/* SPDX-License-Identifier: Apache-2.0 */
/* No interrupt controller is driven: source 0 alone, which is none. */
#include <hearth/arch/irq.h>
#include <hearth/errno.h>

unsigned int arch_irq_count(void)
{
    return 1;
}

int arch_irq_enable(unsigned int irq maybe_unused, unsigned int trigger maybe_unused,
                    unsigned int cpu maybe_unused)
{
    return -EINVAL;
}

void arch_irq_disable(unsigned int irq maybe_unused)
{
}

int arch_irq_route(unsigned int irq maybe_unused, struct domain *d maybe_unused,
                   unsigned int virq maybe_unused)
{
    return -EINVAL;
}

void arch_irq_unroute(unsigned int irq maybe_unused, struct domain *d maybe_unused)
{
}
