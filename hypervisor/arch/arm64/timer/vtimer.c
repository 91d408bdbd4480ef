/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of a guest. The virtual timer is the hardware's while its vCPU is loaded; while it is not,
 * a software timer at the same deadline wakes the vCPU, and the hardware raises the interrupt once
 * it is loaded. The physical timer traps and is emulated on a software timer.
 */
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/sched.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>
#include <asm/vgic.h>

#define PPI_PTIMER 30U

static bool ctl_active(uint64_t ctl)
{
    return (ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE;
}

/* A guest's counter is at the compare value or beyond. All 64 bits are unsigned (DDI 0487). */
static bool reached(uint64_t cval, uint64_t offset)
{
    return counter_read() - offset >= cval;
}

/* Deadline of a guest count in Hearth's time. */
static nanosec_t deadline_ns(uint64_t cval, uint64_t offset)
{
    uint64_t count = counter_read() - offset;

    if (count >= cval) {
        return now();
    }
    return cval - count > ns_to_counter(1UL << 62) ? TIMER_NEVER
                                                   : now() + counter_to_ns(cval - count);
}

static void vtimer_fired(void *arg)
{
    sched_wake(arg);
}

static void ptimer_update_line(struct vcpu *v)
{
    const struct arch_ptimer *t = &v->arch.ptimer;

    vgic_inject_ppi(v, PPI_PTIMER, ctl_active(t->ctl) && reached(t->cval, 0));
}

static void ptimer_fired(void *arg)
{
    ptimer_update_line(arg);
}

void vtimer_init(struct vcpu *v)
{
    timer_init(&v->arch.vtimer.soft, vtimer_fired, v, v->sched.cpu);
    timer_init(&v->arch.ptimer.soft, ptimer_fired, v, v->sched.cpu);
}

void vtimer_destroy(struct vcpu *v)
{
    timer_kill(&v->arch.vtimer.soft);
    timer_kill(&v->arch.ptimer.soft);
}

/* A handler that was about to raise the line again has returned when it is lowered. */
void vtimer_reset(struct vcpu *v)
{
    vtimer_destroy(v);
    vtimer_init(v);
    v->arch.vtimer.ctl = 0;
    v->arch.ptimer.ctl = 0;
    ptimer_update_line(v);
}

/* A timer that cannot be armed for want of memory fires now: late wake-ups would be a hang. */
static void soft_set(struct timer *t, nanosec_t deadline)
{
    if (timer_set(t, deadline) != 0) {
        t->fn(t->arg);
    }
}

void vtimer_save(struct vcpu *v)
{
    struct arch_vtimer *t = &v->arch.vtimer;

    t->ctl = read_sysreg(cntv_ctl_el0);
    t->cval = read_sysreg(cntv_cval_el0);
    write_sysreg(cntv_ctl_el0, 0);
    /* One that has expired meanwhile too: the vCPU may have blocked just before. */
    if (ctl_active(t->ctl)) {
        nanosec_t at = deadline_ns(t->cval, v->domain->arch.cntvoff);

        if (at != TIMER_NEVER) {
            t->soft.cpu = (uint16_t)this_cpu_id();
            soft_set(&t->soft, at);
        }
    }
}

void vtimer_load(struct vcpu *v)
{
    struct arch_vtimer *t = &v->arch.vtimer;

    timer_stop(&t->soft);
    write_sysreg(cntvoff_el2, v->domain->arch.cntvoff);
    write_sysreg(cntv_cval_el0, t->cval);
    write_sysreg(cntv_ctl_el0, t->ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK));
}

bool vtimer_pending(struct vcpu *v)
{
    if (v == current_vcpu()) {
        uint64_t ctl = read_sysreg(cntv_ctl_el0);

        return ctl_active(ctl) && (ctl & CNT_CTL_ISTATUS) != 0;
    }
    return ctl_active(v->arch.vtimer.ctl) && reached(v->arch.vtimer.cval, v->domain->arch.cntvoff);
}

static void ptimer_arm(struct vcpu *v)
{
    struct arch_ptimer *t = &v->arch.ptimer;

    timer_stop(&t->soft);
    ptimer_update_line(v);
    if (ctl_active(t->ctl) && !reached(t->cval, 0)) {
        nanosec_t at = deadline_ns(t->cval, 0);

        if (at != TIMER_NEVER) {
            t->soft.cpu = (uint16_t)this_cpu_id();
            soft_set(&t->soft, at);
        }
    }
}

void ptimer_access(struct vcpu *v, unsigned int op2, bool write, uint64_t *value)
{
    struct arch_ptimer *t = &v->arch.ptimer;

    switch (op2) {
    case 0: /* CNTP_TVAL: 32 bits, signed, relative */
        if (write) {
            t->cval = counter_read() + (uint64_t)(int64_t)(int32_t)*value;
        } else {
            *value = (uint32_t)(t->cval - counter_read());
        }
        break;
    case 1: /* CNTP_CTL */
        if (write) {
            t->ctl = *value & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
        } else {
            bool met = (t->ctl & CNT_CTL_ENABLE) != 0 && reached(t->cval, 0);

            *value = t->ctl | (met ? CNT_CTL_ISTATUS : 0);
        }
        break;
    default: /* CNTP_CVAL */
        if (write) {
            t->cval = *value;
        } else {
            *value = t->cval;
        }
        break;
    }
    if (write) {
        ptimer_arm(v);
    }
}
