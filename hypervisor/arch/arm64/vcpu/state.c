/* SPDX-License-Identifier: Apache-2.0 */
/* The state record of an arm64 vCPU (STATE_VCPU_ARCH): registers, FP, timers. */
#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/string.h>
#include <hearth/timer.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>

#define VCPU_RECORD_VERSION 1U

/* Timer values are guest counts; the counter's own value places them in time. */
struct vcpu_record {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
    uint64_t vmpidr;
    struct arch_sysregs sys;
    uint64_t counter; /* the guest's virtual counter now */
    uint64_t vtimer_cval, vtimer_ctl;
    uint64_t ptimer_cval, ptimer_ctl;
    uint64_t reserved;
    struct arch_fpregs fp;
};

static_assert(sizeof(struct vcpu_record) % 8 == 0, "records are padded to 8 bytes");

void arch_vcpu_state_save(struct vcpu *v, struct state_stream *s)
{
    const struct arch_vcpu *a = &v->arch;
    struct vcpu_record r;
    struct state_header h = {.type = STATE_VCPU_ARCH,
                             .version = VCPU_RECORD_VERSION,
                             .domid = v->domain->id,
                             .instance = v->id,
                             .length = sizeof(r)};

    memset(&r, 0, sizeof(r));
    memcpy(r.x, a->regs.x, sizeof(r.x));
    r.pc = a->regs.pc;
    r.pstate = a->regs.pstate;
    r.vmpidr = a->vmpidr;
    r.sys = a->sys;
    r.counter = counter_read() - v->domain->arch.cntvoff;
    r.vtimer_cval = a->vtimer.cval;
    r.vtimer_ctl = a->vtimer.ctl;
    r.ptimer_cval = a->ptimer.cval;
    r.ptimer_ctl = a->ptimer.ctl;
    r.fp = a->fp;
    state_save(s, &h, &r);
}

/* A state that EL1 could not be in must not reach SPSR_EL2. */
static bool pstate_valid(uint64_t pstate)
{
    uint64_t mode = pstate & PSR_MODE_MASK;

    return mode == PSR_EL0T || mode == PSR_EL1T || mode == PSR_EL1H || mode == 0x10;
}

int arch_vcpu_state_load(struct vcpu *v, struct state_stream *s)
{
    struct state_header h;
    const void *body;
    struct vcpu_record r;
    int rc = state_next(s, &h, &body);

    if (rc == 0) {
        rc = h.type == STATE_VCPU_ARCH ? state_expect(&h, VCPU_RECORD_VERSION, sizeof(r)) : -EINVAL;
    }
    if (rc != 0) {
        return rc;
    }
    memcpy(&r, body, sizeof(r));
    if (!pstate_valid(r.pstate) || r.reserved != 0 || r.vmpidr != v->arch.vmpidr) {
        return -EINVAL;
    }
    memcpy(v->arch.regs.x, r.x, sizeof(r.x));
    v->arch.regs.pc = r.pc;
    v->arch.regs.pstate = r.pstate;
    v->arch.sys = r.sys;
    v->arch.fp = r.fp;
    v->arch.vtimer.cval = r.vtimer_cval;
    v->arch.vtimer.ctl = r.vtimer_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
    v->arch.ptimer.cval = r.ptimer_cval;
    v->arch.ptimer.ctl = r.ptimer_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
    v->domain->arch.cntvoff = counter_read() - r.counter;
    return 0;
}
