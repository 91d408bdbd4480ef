/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from guests, after vectors.S saved their registers. Everything here runs with interrupts
 * masked, on this CPU's stack, for the vCPU that is loaded; it returns the vCPU to enter.
 * Hypercalls go from vectors.S to hypercall() directly.
 */
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/irq.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/layout.h>
#include <asm/trap.h>
#include <asm/vgic.h>

unsigned int trap_light(struct vcpu *v, uint64_t esr);
struct vcpu *trap_sync(struct vcpu *v, uint64_t esr, unsigned int verdict);
struct vcpu *trap_irq(struct vcpu *v);
struct vcpu *trap_serror(struct vcpu *v, uint64_t esr);
noreturn void trap_hyp_fault(uint64_t vector, uint64_t lr, uint64_t sp);

static always_inline bool has_work(const struct vcpu *v)
{
    const struct cpu *c = this_cpu();

    return (READ_ONCE(c->softirq_pending) | READ_ONCE(v->work)) != 0;
}

static always_inline struct vcpu *leave(struct vcpu *v)
{
    return unlikely(has_work(v)) ? vcpu_resume() : v;
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
    case TRAP_HEAVY:
    case TRAP_CRASH:
    default:
        guest_printk(v->domain, LOG_ERR, "d%uv%u: %s at pc %#lx, esr %#lx\n", v->domain->id, v->id,
                     trap_table[(esr >> ESR_EC_SHIFT) & 63].name, r->pc, esr);
        domain_crash(v->domain, "unexpected trap");
        break;
    }
}

/* Past the instruction that was emulated; its ESR said 32 bits. */
static always_inline void skip_live(void)
{
    write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
    write_sysreg(spsr_el2, read_sysreg(spsr_el2) & ~(3UL << 10)); /* BTYPE */
}

/* r is none of x19 to x29. */
static always_inline bool is_volatile(unsigned int r)
{
    return likely(r - 19 > 29 - 19);
}

static always_inline unsigned int finish_light(const struct vcpu *v, enum trap_verdict verdict,
                                               uint64_t esr)
{
    if (unlikely(verdict != TRAP_SKIP || (esr & ESR_IL) == 0 || has_work(v))) {
        return verdict;
    }
    skip_live();
    return 0;
}

static noinline unsigned int light_sysreg(struct vcpu *v, uint64_t esr)
{
    const uint64_t sgi1r = SYSREG(3, 0, 12, 11, 5);
    unsigned int reg = ISS_SYSREG_RT(esr);

    if (unlikely(!is_volatile(reg))) {
        return TRAP_HEAVY;
    }
    if ((esr & (SYSREG_MASK | ISS_SYSREG_READ)) == sgi1r && vgic_has_sysregs(v)) {
        vgic_sgi1r_write(v, guest_reg_read(v, reg));
        return finish_light(v, TRAP_SKIP, esr);
    }
    return finish_light(v, trap_sysreg(v, esr), esr);
}

static noinline unsigned int light_data_abort(struct vcpu *v, uint64_t esr)
{
    if (unlikely(!is_volatile(ISS_ABORT_SRT(esr)))) {
        return TRAP_HEAVY;
    }
    if (likely(trap_vgic_word(v, esr))) {
        return finish_light(v, TRAP_SKIP, esr);
    }
    if ((esr & ISS_ABORT_ISV) == 0) {
        return TRAP_HEAVY; /* what is decoded may move any register */
    }
    return finish_light(v, trap_data_abort(v, esr), esr);
}

/* SMC calling convention by HVC: ELR is past it already. */
static noinline unsigned int light_smccc(struct vcpu *v)
{
    smccc_handle(v);
    return has_work(v) ? TRAP_DONE : 0;
}

/*
 * Emulates what needs no register but x0 to x18, x30 and XZR: the others, the program counter and
 * PSTATE are still in the CPU, and their copies in struct arch_regs old. 0: done. Otherwise the
 * rest is saved, and trap_sync() gets the verdict; TRAP_HEAVY if nothing was done yet.
 */
unsigned int trap_light(struct vcpu *v, uint64_t esr)
{
    const uint64_t id_mask =
        63UL << ESR_EC_SHIFT | ESR_IL | SYSREG_ID_MASK | SYSREG(0, 0, 0, 8, 0) | ISS_SYSREG_READ;
    const uint64_t id_read =
        (uint64_t)EC_SYSREG << ESR_EC_SHIFT | ESR_IL | SYSREG_ID_SPACE | ISS_SYSREG_READ;
    unsigned int ec = (unsigned int)(esr >> ESR_EC_SHIFT) & 63U;

    if (ec == EC_DABT_LOW) {
        return light_data_abort(v, esr);
    }
    if ((esr & id_mask) == id_read && ISS_SYSREG_CRM(esr) != 0 && ISS_SYSREG_RT(esr) < 19) {
        /* One value, and no work for this vCPU comes of it. */
        v->arch.regs.x[ISS_SYSREG_RT(esr)] =
            guest_id_registers[ISS_SYSREG_CRM(esr) & 7][ISS_SYSREG_OP2(esr)];
        skip_live();
        return 0;
    }
    if (ec == EC_SYSREG) {
        return light_sysreg(v, esr);
    }
    return ec == EC_HVC64 && (esr & 0xffff) == 0 ? light_smccc(v) : TRAP_HEAVY;
}

struct vcpu *trap_sync(struct vcpu *v, uint64_t esr, unsigned int verdict)
{
    if (verdict == TRAP_HEAVY) {
        verdict = trap_table[(esr >> ESR_EC_SHIFT) & 63].handler(v, esr);
    }
    finish(v, verdict, esr);
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

/* Our own tables are right: nothing answers where the loader or the device tree has something. */
static bool machine_fault(uint64_t esr)
{
    return (esr >> ESR_EC_SHIFT & 63) == EC_DABT_CUR && (esr & 63) == FSC_EXTERNAL;
}

static const char *what_is_at(uint64_t va)
{
    if (va >= FRAME_TABLE_BASE) {
        return "memory";
    }
    if (va >= EARLY_UART_VIRT) {
        return "registers of a device";
    }
    return va >= FDT_VIRT_BASE ? "the device tree" : "Hearth's image";
}

static uint64_t paddr_of(uint64_t va)
{
    __asm__ volatile("at s1e2r, %0\n\tisb" : : "r"(va));
    return (read_sysreg(par_el1) & PAR_PA_MASK) | (va & (PAGE_SIZE - 1));
}

noreturn void trap_hyp_fault(uint64_t vector, uint64_t lr, uint64_t sp)
{
    static const char *const kinds[] = {"synchronous exception", "interrupt", "fast interrupt",
                                        "SError"};
    uint64_t far = read_sysreg(far_el2);

    if ((vector & 3) == 0 && machine_fault(read_sysreg(esr_el2))) {
        panic("nothing answers at %#lx, where %s should be: pc %#lx, esr %#lx, far %#lx, lr %#lx",
              paddr_of(far), what_is_at(far), read_sysreg(elr_el2), read_sysreg(esr_el2), far, lr);
    }
    panic("Hearth's own fault: %s, pc %#lx, esr %#lx, far %#lx, lr %#lx, sp %#lx, cpu %u",
          kinds[vector & 3], read_sysreg(elr_el2), read_sysreg(esr_el2), far, lr, sp,
          this_cpu_id());
}
