/* SPDX-License-Identifier: Apache-2.0 */
/* No guests: no domain passes arch_domain_check_config(), so that nothing of theirs is reached. */
#include <hearth/arch/vcpu.h>
#include <hearth/errno.h>

#include "private.h"

int arch_domain_check_config(struct domain_config *config maybe_unused)
{
    return -EOPNOTSUPP;
}

unsigned int arch_guest_address_bits(void)
{
    return 0;
}

int arch_domain_create(struct domain *d maybe_unused)
{
    return -EOPNOTSUPP;
}

int arch_domain_release(struct domain *d maybe_unused)
{
    return 0;
}

void arch_domain_destroy(struct domain *d maybe_unused)
{
}

void arch_domain_set_line(struct domain *d maybe_unused, unsigned int line maybe_unused,
                          bool level maybe_unused)
{
    absent();
}
