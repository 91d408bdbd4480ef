/* SPDX-License-Identifier: Apache-2.0 */
/* No memory of guests: there is no domain whose p2m could be asked for. */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/errno.h>

#include "private.h"

int arch_guest_translate(struct vcpu *v maybe_unused, guest_ptr_t va maybe_unused,
                         bool write maybe_unused, mfn_t *frame maybe_unused)
{
    return -EFAULT;
}

int arch_p2m_init(struct p2m *p2m maybe_unused, unsigned int address_bits maybe_unused)
{
    return -EOPNOTSUPP;
}

void arch_p2m_destroy(struct p2m *p2m maybe_unused)
{
    absent();
}

void arch_p2m_flush_all(struct p2m *p2m maybe_unused)
{
    absent();
}

void arch_p2m_flush_range(struct p2m *p2m maybe_unused, gfn_t start maybe_unused,
                          uint64_t count maybe_unused)
{
    absent();
}

void arch_p2m_sync_entry(const void *entry maybe_unused)
{
    absent();
}

int arch_add_to_physmap(struct domain *d maybe_unused, unsigned int space maybe_unused,
                        uint64_t idx maybe_unused, gfn_t gfn maybe_unused)
{
    return -ENOSYS;
}
