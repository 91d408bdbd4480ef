/* SPDX-License-Identifier: Apache-2.0 */
/* Exception classes that guests can raise (DDI 0487 ESR_EL2.EC). */
#include <hearth/domain.h>
#include <hearth/sched.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/trap.h>

static enum trap_verdict undefined(struct vcpu *v, uint64_t esr)
{
    (void)v;
    (void)esr;
    return TRAP_UNDEF;
}

static enum trap_verdict unexpected(struct vcpu *v, uint64_t esr)
{
    (void)v;
    (void)esr;
    return TRAP_CRASH;
}

static enum trap_verdict trap_wfx(struct vcpu *v, uint64_t esr)
{
    (void)v;
    if ((esr & 1) != 0) { /* WFE: spinning for another vCPU */
        sched_yield_current();
    } else {
        sched_block_current();
    }
    return TRAP_SKIP;
}

/* HVC other than Xen's: the SMC calling convention with immediate 0. ELR is past it already. */
static enum trap_verdict trap_hvc(struct vcpu *v, uint64_t esr)
{
    if ((esr & 0xffff) != 0) {
        return TRAP_UNDEF;
    }
    smccc_handle(v);
    return TRAP_DONE;
}

static enum trap_verdict trap_smc(struct vcpu *v, uint64_t esr)
{
    if ((esr & 0xffff) != 0) {
        return TRAP_UNDEF;
    }
    v->arch.regs.pc += 4; /* before the call: it may set another one */
    smccc_handle(v);
    return TRAP_DONE;
}

#define UNDEFINED(n)                                                                               \
    {                                                                                              \
        undefined, n                                                                               \
    }
#define UNEXPECTED                                                                                 \
    {                                                                                              \
        unexpected, "unexpected exception class"                                                   \
    }

const struct trap_row trap_table[64] = {
    [0 ... 63] = UNEXPECTED,
    [EC_UNKNOWN] = UNDEFINED("unknown"),
    [EC_WFX] = {trap_wfx, "WFI/WFE"},
    [0x03] = UNDEFINED("CP15 access"),
    [0x04] = UNDEFINED("CP15 access, 64 bits"),
    [0x05] = UNDEFINED("CP14 access"),
    [0x06] = UNDEFINED("CP14 LDC/STC"),
    [EC_FP] = UNDEFINED("FP access"),
    [0x08] = UNDEFINED("CP10 access"),
    [0x09] = UNDEFINED("pointer authentication"),
    [0x0a] = UNDEFINED("LS64"),
    [0x0c] = UNDEFINED("CP14 access, 64 bits"),
    [EC_ILLEGAL] = UNDEFINED("illegal execution state"),
    [EC_HVC64] = {trap_hvc, "HVC"},
    [EC_SMC64] = {trap_smc, "SMC"},
    [EC_SYSREG] = {trap_sysreg, "system register"},
    [0x19] = UNDEFINED("SVE"),
    [0x1a] = UNDEFINED("ERET"),
    [0x1d] = UNDEFINED("SME"),
    [EC_IABT_LOW] = {trap_insn_abort, "instruction abort"},
    [EC_DABT_LOW] = {trap_data_abort, "data abort"},
};
