/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts. Numbers are the irqchip's (GIC INTID, PLIC source, GSI).
 * An interrupt belongs to Hearth (a handler) or to one domain (injected), or to nobody (masked).
 */
#pragma once

#include <hearth/compiler.h>

struct domain;

#define IRQ_EDGE  (1U << 0)
#define IRQ_LEVEL (1U << 1)

/* Hearth's own. The handler runs with interrupts masked and no lock held. -EBUSY, -EINVAL. */
int irq_request(unsigned int irq, unsigned int trigger, void (*fn)(void *arg),
                void *arg) must_check;
/* Routes a device interrupt to a domain as virtual interrupt `virq`. -EBUSY, -EINVAL. */
int irq_route_to_domain(unsigned int irq, struct domain *d, unsigned int virq) must_check;
/* Takes an interrupt away from a domain: masked, deactivated, free for another owner. */
void irq_unroute(unsigned int irq, struct domain *d);
/* Domain that has irq, or NULL. */
struct domain *irq_domain(unsigned int irq);
/* All interrupts that wait, acknowledged and handled. Called by traps and idle. */
void irq_dispatch(void);

/* Called by arch_irq_dispatch() for an acknowledged interrupt that is Hearth's. */
void irq_run_handler(unsigned int irq);
