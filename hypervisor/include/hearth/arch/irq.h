/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: physical interrupt controller, beneath common/core/irq.c. */
#pragma once

#include <hearth/compiler.h>

struct domain;
struct vcpu;

/* Number of interrupt lines; valid irq < this. */
unsigned int arch_irq_count(void);
/* Configures and unmasks / masks. -EINVAL for numbers the chip does not have. */
int arch_irq_enable(unsigned int irq, unsigned int trigger, unsigned int cpu) must_check;
void arch_irq_disable(unsigned int irq);
/* Routing of a device interrupt to a domain's virtual line, and back. */
int arch_irq_route(unsigned int irq, struct domain *d, unsigned int virq) must_check;
void arch_irq_unroute(unsigned int irq, struct domain *d);
/* Takes all that wait; for Hearth's own interrupts calls irq_run_handler(irq). */
void arch_irq_dispatch(void);
