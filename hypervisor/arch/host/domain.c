/* SPDX-License-Identifier: Apache-2.0 */
#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>

#define MOST_SPIS 960U /* as arm64 */

int arch_domain_check_config(struct domain_config *config)
{
    return config->max_vcpus == 0 ? -EINVAL : 0;
}

unsigned int arch_guest_address_bits(void)
{
    return 40;
}

int arch_domain_create(struct domain *d)
{
    d->arch = (struct arch_domain){.release_steps = 0};
    return 0;
}

int arch_domain_release(struct domain *d)
{
    if (d->arch.release_steps == 0) {
        return 0;
    }
    d->arch.release_steps--;
    return -ERESTART;
}

void arch_domain_destroy(struct domain *d)
{
    (void)d;
}

void arch_domain_set_line(struct domain *d, unsigned int line, bool level)
{
    if (line < HOST_LINES) {
        d->arch.line[line] = level;
    }
}

const char *arch_capabilities(void)
{
    return "xen-3.0-host ";
}

uint32_t arch_features(const struct domain *d)
{
    (void)d;
    return 0;
}

int arch_add_to_physmap(struct domain *d, unsigned int space, uint64_t idx, gfn_t at)
{
    (void)d;
    (void)space;
    (void)idx;
    (void)at;
    return -ENOSYS;
}

int arch_domain_config_in(struct domain_config *config, const uint32_t *words)
{
    config->nr_spis = words[1];
    return words[0] == 0 && words[1] <= MOST_SPIS ? 0 : -EINVAL;
}

void arch_domain_config_out(const struct domain *d, uint32_t *words)
{
    words[0] = 0;
    words[1] = d->config.nr_spis;
    words[2] = 0;
}

int arch_domain_vuart(const struct domain *d, gaddr_t *base, unsigned int *line)
{
    *base = gaddr(HOST_VUART_BASE);
    *line = HOST_VUART_LINE;
    return d->config.nr_spis == 0 ? -EINVAL : 0;
}

int arch_domain_set_width(struct domain *d, unsigned int bits)
{
    (void)d;
    return bits == 64 ? 0 : -EINVAL;
}
