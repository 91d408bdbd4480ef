/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from guests, after vectors.S saved their registers. Everything here runs with interrupts
 * masked, on this CPU's stack, for the vCPU that is loaded; it returns the vCPU to enter.
 */
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/hypercall.h>
#include <hearth/irq.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/trap.h>

struct vcpu *trap_sync(struct vcpu *v, uint64_t esr);
struct vcpu *trap_irq(struct vcpu *v);
struct vcpu *trap_serror(struct vcpu *v, uint64_t esr);
noreturn void trap_hyp_fault(uint64_t vector, uint64_t lr, uint64_t sp);

#define XEN_HVC_IMM 0xea1U

uint64_t guest_reg_read(const struct vcpu *v, unsigned int r)
{
    return r < 31 ? v->arch.regs.x[r] : 0;
}

void guest_reg_write(struct vcpu *v, unsigned int r, uint64_t value)
{
    if (r < 31) {
        v->arch.regs.x[r] = value;
    }
}

static always_inline struct vcpu *leave(struct vcpu *v)
{
    struct cpu *c = this_cpu();

    if (unlikely((READ_ONCE(c->softirq_pending) | READ_ONCE(v->work)) != 0)) {
        return vcpu_resume();
    }
    return v;
}

/* hvc #0xea1: number in x16, arguments in x0 to x4, result in x0 (public/arch-arm.h). */
static always_inline void trap_hypercall(struct vcpu *v)
{
    struct arch_regs *r = &v->arch.regs;
    struct hypercall_args args = {{r->x[0], r->x[1], r->x[2], r->x[3], r->x[4]}};
    int64_t result = hypercall(v, r->x[16], &args);

    if (unlikely(result == -ERESTART)) {
        for (unsigned int i = 0; i < ARRAY_SIZE(args.arg); i++) {
            r->x[i] = args.arg[i];
        }
        r->pc -= 4;
    } else {
        r->x[0] = (uint64_t)result;
    }
}

static noinline void finish(struct vcpu *v, enum trap_verdict verdict, uint64_t esr)
{
    struct arch_regs *r = &v->arch.regs;

    switch (verdict) {
    case TRAP_DONE:
        break;
    case TRAP_SKIP:
        r->pc += (esr & ESR_IL) != 0 ? 4 : 2;
        r->pstate &= ~(3UL << 10); /* BTYPE */
        break;
    case TRAP_UNDEF:
        inject_undef(v, esr);
        break;
    case TRAP_DATA_ABORT:
        inject_abort(v, false, esr, read_sysreg(far_el2));
        break;
    case TRAP_INSN_ABORT:
        inject_abort(v, true, esr, read_sysreg(far_el2));
        break;
    case TRAP_CRASH:
    default:
        guest_printk(v->domain, LOG_ERR, "d%uv%u: %s at pc %#lx, esr %#lx\n", v->domain->id, v->id,
                     trap_table[(esr >> ESR_EC_SHIFT) & 63].name, r->pc, esr);
        domain_crash(v->domain, "unexpected trap");
        break;
    }
}

struct vcpu *trap_sync(struct vcpu *v, uint64_t esr)
{
    unsigned int ec = (unsigned int)(esr >> ESR_EC_SHIFT) & 63U;
    enum trap_verdict verdict;

    if (likely(ec == EC_HVC64 && (esr & 0xffff) == XEN_HVC_IMM)) {
        trap_hypercall(v);
        return leave(v);
    }
    if (ec == EC_SYSREG) {
        verdict = trap_sysreg(v, esr);
    } else if (ec == EC_DABT_LOW) {
        verdict = trap_data_abort(v, esr);
    } else {
        verdict = trap_table[ec].handler(v, esr);
    }
    if (likely(verdict == TRAP_SKIP && (esr & ESR_IL) != 0)) {
        v->arch.regs.pc += 4;
        v->arch.regs.pstate &= ~(3UL << 10);
    } else {
        finish(v, verdict, esr);
    }
    return leave(v);
}

struct vcpu *trap_irq(struct vcpu *v)
{
    irq_dispatch();
    return leave(v);
}

struct vcpu *trap_serror(struct vcpu *v, uint64_t esr)
{
    guest_printk(v->domain, LOG_ERR, "d%uv%u: SError at pc %#lx, syndrome %#lx\n", v->domain->id,
                 v->id, v->arch.regs.pc, esr);
    domain_crash(v->domain, "asynchronous external abort (SError)");
    return leave(v);
}

noreturn void trap_hyp_fault(uint64_t vector, uint64_t lr, uint64_t sp)
{
    static const char *const kinds[] = {"synchronous exception", "interrupt", "fast interrupt",
                                        "SError"};

    panic("Hearth's own fault: %s, pc %#lx, esr %#lx, far %#lx, lr %#lx, sp %#lx, cpu %u",
          kinds[vector & 3], read_sysreg(elr_el2), read_sysreg(esr_el2), read_sysreg(far_el2), lr,
          sp, this_cpu_id());
}
