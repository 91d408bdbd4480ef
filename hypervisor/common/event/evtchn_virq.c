/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global VIRQs: each goes to the domain that the tools named for it, else to the hardware domain.
 * Senders follow the pointer under RCU; a dying domain is taken out before it is freed.
 */
#include <hearth/errno.h>

#include "private.h"

static struct domain *handlers[NR_VIRQS]; /* NULL: the hardware domain */

int evtchn_set_virq_handler(struct domain *d, uint32_t virq)
{
    int rc = 0;

    if (virq >= NR_VIRQS || !virq_is_global(virq)) {
        return -EINVAL;
    }
    spin_lock(&d->lock);
    if (d->life == DOMAIN_ALIVE) {
        store_release(&handlers[index_nospec(virq, NR_VIRQS)], d); /* pairs with the sender's */
    } else {
        rc = -EINVAL;
    }
    spin_unlock(&d->lock);
    return rc;
}

void evtchn_drop_virq_handler(struct domain *d)
{
    for (uint32_t i = 0; i < NR_VIRQS; i++) {
        struct domain *expected = d;

        (void)atomic_cas(&handlers[i], &expected, NULL);
    }
}

void evtchn_send_host_virq(uint32_t virq)
{
    struct domain *d = load_acquire(&handlers[virq]); /* pairs with evtchn_set_virq_handler() */

    if (d == NULL) {
        d = READ_ONCE(hardware_domain);
    }
    if (d != NULL) {
        evtchn_send_global_virq(d, virq);
    }
}
