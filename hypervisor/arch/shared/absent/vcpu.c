/* SPDX-License-Identifier: Apache-2.0 */
/* No vCPUs: a domain cannot be made (domain.c), so that none is ever saved, loaded or entered. */
#include <hearth/arch/vcpu.h>
#include <hearth/errno.h>

#include "private.h"

int arch_vcpu_create(struct vcpu *v maybe_unused)
{
    return -EOPNOTSUPP;
}

void arch_vcpu_destroy(struct vcpu *v maybe_unused)
{
}

void arch_vcpu_set_entry(struct vcpu *v maybe_unused, gaddr_t entry maybe_unused,
                         uint64_t argument maybe_unused)
{
    absent();
}

void arch_vcpu_save(struct vcpu *v maybe_unused)
{
    absent();
}

void arch_vcpu_load(struct vcpu *v maybe_unused)
{
    absent();
}

void arch_vcpu_entry_work(struct vcpu *v maybe_unused)
{
    absent();
}

bool arch_vcpu_wakeable(struct vcpu *v maybe_unused)
{
    return false;
}

void arch_vcpu_upcall(struct vcpu *v maybe_unused)
{
    absent();
}

void arch_vcpu_dump(struct vcpu *v maybe_unused)
{
    absent();
}

void arch_vcpu_set_result(struct vcpu *v maybe_unused, int64_t result maybe_unused)
{
    absent();
}

void arch_vcpu_update_time(struct vcpu *v maybe_unused)
{
    absent();
}

void arch_vcpu_state_save(struct vcpu *v maybe_unused, struct state_stream *s)
{
    s->error = -EOPNOTSUPP;
}

int arch_vcpu_state_load(struct vcpu *v maybe_unused, struct state_stream *s maybe_unused)
{
    return -EOPNOTSUPP;
}
