/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What needs guests, which riscv64 cannot run yet: no domain passes arch_domain_check_config(), so
 * that nothing below it is reached.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/bug.h>
#include <hearth/errno.h>
#include <hearth/pt.h>

#define absent() panic("%s: not on riscv64 yet", __func__)

unsigned int arch_irq_count(void)
{
    return 1; /* source 0 is none; the PLIC is not driven yet */
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

int arch_guest_translate(struct vcpu *v maybe_unused, guest_ptr_t va maybe_unused,
                         bool write maybe_unused, mfn_t *frame maybe_unused)
{
    return -EFAULT;
}

const struct pt_ops *arch_p2m_pt_ops(void)
{
    return &pt_svx4;
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

void arch_domain_set_line(struct domain *d maybe_unused, unsigned int line maybe_unused,
                          bool level maybe_unused)
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

const char *arch_capabilities(void)
{
    return "";
}

uint32_t arch_features(const struct domain *d maybe_unused)
{
    return 0;
}

int arch_add_to_physmap(struct domain *d maybe_unused, unsigned int space maybe_unused,
                        uint64_t idx maybe_unused, gfn_t gfn maybe_unused)
{
    return -ENOSYS;
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

uint32_t arch_cpu_khz(void)
{
    return 0; /* nobody can ask yet */
}
