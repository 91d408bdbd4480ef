/* SPDX-License-Identifier: Apache-2.0 */
/* What a toolstack asks an architecture: nothing can be asked while no domain runs. */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/errno.h>

#include "private.h"

const char *arch_capabilities(void)
{
    return "";
}

uint32_t arch_features(const struct domain *d maybe_unused)
{
    return 0;
}

int arch_domain_config_in(struct domain_config *config maybe_unused,
                          const uint32_t *words maybe_unused)
{
    return -EOPNOTSUPP;
}

void arch_domain_config_out(const struct domain *d maybe_unused, uint32_t *words maybe_unused)
{
    absent();
}

int arch_vcpu_context_in(struct vcpu *v maybe_unused, guest_ptr_t from maybe_unused,
                         bool *online maybe_unused)
{
    return -EOPNOTSUPP;
}

int arch_vcpu_context_out(struct vcpu *v maybe_unused, guest_ptr_t to maybe_unused)
{
    return -EOPNOTSUPP;
}

int arch_domain_set_width(struct domain *d maybe_unused, unsigned int bits maybe_unused)
{
    return -EOPNOTSUPP;
}

int arch_domain_vuart(const struct domain *d maybe_unused, gaddr_t *base maybe_unused,
                      unsigned int *line maybe_unused)
{
    return -EOPNOTSUPP;
}

uint32_t arch_cpu_khz(void)
{
    return 0; /* nobody can ask yet */
}
