/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual CPUs. arch must stay first: trap entry saves guest registers at the start of struct vcpu.
 */
#pragma once

#include <hearth/lock.h>
#include <hearth/num.h>
#include <hearth/sched.h>
#include <hearth/timer.h>

#include <asm/arch_vcpu.h> /* struct arch_vcpu */

struct domain;
struct guest_vcpu_info;

/* Bits of vcpu.work, looked at on the way into the guest together with softirqs. */
#define VCPU_WORK_ARCH     (1UL << 0) /* arch_vcpu_entry_work(): interrupts to place, ... */
#define VCPU_WORK_RUNSTATE (1UL << 1) /* write the guest's runstate area */
#define VCPU_WORK_POLL     (1UL << 2) /* SCHEDOP_poll finished: deliver its result */

struct vcpu {
    struct arch_vcpu arch;
    unsigned long work; /* VCPU_WORK_*, atomic */
    struct domain *domain;
    uint32_t id;
    bool initialised; /* registers were set: may be brought up */
    uint8_t poll_all; /* polls on more ports than poll_port holds: any event wakes */
    uint16_t pause_count;
    struct sched_unit sched;
    /* vcpu_info: in shared_info, or where VCPUOP_register_vcpu_info put it (frame referenced). */
    struct guest_vcpu_info *info;
    mfn_t info_mfn;
    guest_ptr_t runstate_area; /* 0: none registered */
    bool runstate_area_native;
    /* SCHEDOP_poll */
    evtchn_port_t poll_port;
    bool polling;
    struct timer poll_timer;
    /* ports of VIRQs bound on this vCPU, 0 none */
    evtchn_port_t virq_port[24];
    struct evtchn_fifo_vcpu *fifo; /* FIFO event queues, NULL until init_control */
};

static_assert(offsetof(struct vcpu, arch) == 0, "trap entry saves registers at offset 0");

/* Creates vCPU `id` of d, down and uninitialised. -ENOMEM, -EEXIST, -EINVAL. d->lock held. */
int vcpu_create(struct domain *d, uint32_t id) must_check;
/* The vCPU, or NULL when id is out of range or was not created. */
struct vcpu *domain_vcpu(const struct domain *d, uint32_t id);

/* Pause counts; _pause waits until it does not run, _pause_nosync does not. -ERESTART: not now. */
int vcpu_pause(struct vcpu *v) must_check;
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/* Marks work and makes sure that v sees it soon (interrupts its CPU if it runs elsewhere). */
void vcpu_post_work(struct vcpu *v, unsigned long work);
/* Interrupts v's CPU if it is running on another one, so that it re-enters the hypervisor. */
void vcpu_kick(struct vcpu *v);

/*
 * The way out: runs softirqs and the vCPU's work until there is a vCPU to enter, idling while
 * there is none. Called by trap code with no lock held; returns this CPU's current vCPU.
 */
struct vcpu *vcpu_resume(void);
