/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a vCPU, and a domain's configuration, as the tools see them: public/arch-arm.h. */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/context.h>
#include <asm/gic.h>
#include <asm/guest_layout.h>
#include <asm/sysreg.h>

/* XEN_DOMCTL_CONFIG_GIC_* */
#define CONFIG_GIC_NATIVE 0U
#define CONFIG_GIC_V2     1U
#define CONFIG_GIC_V3     2U

/* Words of the configuration: GIC (8 bits) and TEE (upper 16); SPIs; timer frequency (out). */
#define WORD_GIC_TEE 0
#define WORD_SPIS    1
#define WORD_CLOCK   2

int arch_domain_config_in(struct domain_config *config, const uint32_t *words)
{
    uint32_t gic = words[WORD_GIC_TEE] & 0xff;

    if (gic > CONFIG_GIC_V3 || words[WORD_GIC_TEE] >> 16 != 0) {
        return -EINVAL; /* no TEE is mediated */
    }
    config->gic_version = gic == CONFIG_GIC_NATIVE ? 0 : (uint8_t)(gic + 1);
    config->nr_spis = words[WORD_SPIS];
    return 0;
}

void arch_domain_config_out(const struct domain *d, uint32_t *words)
{
    words[WORD_GIC_TEE] = d->config.gic_version == 2 ? CONFIG_GIC_V2 : CONFIG_GIC_V3;
    words[WORD_SPIS] = d->config.nr_spis;
    words[WORD_CLOCK] = 0; /* CNTFRQ is right */
}

int arch_domain_vuart(const struct domain *d, gaddr_t *base, unsigned int *line)
{
    *base = gaddr(GUEST_PL011_BASE);
    *line = GUEST_PL011_SPI;
    return d->config.nr_spis <= GUEST_PL011_SPI - GIC_FIRST_SPI ? -EINVAL : 0;
}

int arch_domain_set_width(struct domain *d, unsigned int bits)
{
    (void)d;
    return bits == 64 ? 0 : -EINVAL;
}

/* What EL1 or EL0 of AArch64 may be in, as Xen asks it of the tools. */
static bool state_valid(const struct arm64_context *c)
{
    uint64_t mode = c->cpsr & PSR_MODE_MASK;

    return (c->flags & ~ARM64_CONTEXT_ONLINE) == 0 &&
           (mode == PSR_EL1H || mode == PSR_EL1T || mode == PSR_EL0T) && c->cpsr >> 32 == 0;
}

int arch_vcpu_context_in(struct vcpu *v, guest_ptr_t from, bool *online)
{
    struct arm64_context c;
    struct arch_vcpu *a = &v->arch;

    if (guest_copy_in(&c, from, sizeof(c)) != 0) {
        return -EFAULT;
    }
    if (!state_valid(&c)) {
        return -EINVAL;
    }
    memcpy(a->regs.x, c.x, sizeof(a->regs.x));
    a->regs.pc = c.pc;
    a->regs.pstate = c.cpsr;
    a->sys.spsr_el1 = c.spsr_el1;
    a->sys.sp_el0 = c.sp_el0;
    a->sys.sp_el1 = c.sp_el1;
    a->sys.elr_el1 = c.elr_el1;
    a->sys.sctlr_el1 = c.sctlr;
    a->sys.tcr_el1 = c.ttbcr;
    a->sys.ttbr0_el1 = c.ttbr0;
    a->sys.ttbr1_el1 = c.ttbr1;
    *online = (c.flags & ARM64_CONTEXT_ONLINE) != 0;
    return 0;
}

int arch_vcpu_context_out(struct vcpu *v, guest_ptr_t to)
{
    const struct arch_vcpu *a = &v->arch;
    struct arm64_context c;

    memset(&c, 0, sizeof(c));
    memcpy(c.x, a->regs.x, sizeof(c.x));
    c.flags = (READ_ONCE(v->sched.pause) & PAUSE_DOWN) == 0 ? ARM64_CONTEXT_ONLINE : 0;
    c.pc = a->regs.pc;
    c.cpsr = a->regs.pstate;
    c.spsr_el1 = a->sys.spsr_el1;
    c.sp_el0 = a->sys.sp_el0;
    c.sp_el1 = a->sys.sp_el1;
    c.elr_el1 = a->sys.elr_el1;
    c.sctlr = a->sys.sctlr_el1;
    c.ttbcr = a->sys.tcr_el1;
    c.ttbr0 = a->sys.ttbr0_el1;
    c.ttbr1 = a->sys.ttbr1_el1;
    return guest_copy_out(to, &c, sizeof(c));
}
