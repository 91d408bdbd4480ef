/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduling. The policy schedules units (today a unit is one vCPU); one policy instance per CPU
 * pool. The frame (common/sched/sched.c) owns vCPU states, runstate accounting and switching; a
 * policy owns order and time slices.
 *
 * Hearth is event driven: there is one stack per CPU and no thread to block. `schedule` runs from
 * SOFTIRQ_SCHEDULE, saves the outgoing vCPU's state and loads the next one's; a vCPU whose state
 * is still on another CPU (`on_cpu`) is never loaded.
 */
#pragma once

#include <hearth/bitmap.h>
#include <hearth/list.h>
#include <hearth/lock.h>
#include <hearth/timer.h>

#define CPU_NONE 0xffffU

struct domain;
struct vcpu;
struct cpupool;

/* public/vcpu.h RUNSTATE_*. */
enum runstate {
    RUNSTATE_RUNNING = 0,
    RUNSTATE_RUNNABLE = 1,
    RUNSTATE_BLOCKED = 2,
    RUNSTATE_OFFLINE = 3,
};

/* Why a vCPU does not run: it runs only when all are clear. Atomic bits of sched_unit.pause. */
#define PAUSE_DOWN    (1UL << 0) /* not brought up, or CPU_OFF */
#define PAUSE_BLOCKED (1UL << 1) /* waits for an event (WFI, block, poll) */
#define PAUSE_DOMAIN  (1UL << 2) /* the domain's pause count is not zero */
#define PAUSE_VCPU    (1UL << 3) /* the vCPU's own pause count is not zero */
#define PAUSE_DYING   (1UL << 4)

struct sched_unit {
    struct vcpu *vcpu;
    unsigned long pause; /* PAUSE_* */
    uint16_t cpu;        /* where it runs, or is queued */
    uint16_t on_cpu;     /* whose CPU holds its state, CPU_NONE when saved */
    uint16_t queued;     /* policy: on a run queue */
    uint16_t yielding;
    uint16_t parked; /* policy: queued, and waits for its domain's budget */
    struct cpupool *pool;
    DECLARE_BITMAP(hard_affinity, CONFIG_NR_CPUS);
    DECLARE_BITMAP(soft_affinity, CONFIG_NR_CPUS);
    /* Runstate accounting: time in each state, and since when in this one. */
    enum runstate state;
    nanosec_t state_since;
    nanosec_t state_time[4];
    /* Policy: position in its queue and entitlement. */
    struct list queue;
    uint64_t virtual_time;
    nanosec_t started; /* charged up to here */
    nanosec_t slice_start;
};

/* Per-domain parameters, whatever the policy makes of them. */
struct sched_params {
    uint32_t weight; /* 1 to 65535, 256 is normal */
    uint32_t cap;    /* percent of one CPU; 0: none */
};

/* What a domain with a cap may still run; pool's lock. Not saved: a new one is as good. */
struct sched_budget {
    int64_t left; /* ns; negative: a debt to the next periods */
    nanosec_t until;
};

/* One policy. `lock` of the pool is held in all but init and the parameter calls. */
struct sched_policy {
    const char *name; /* as `sched=` names it */
    uint32_t id;      /* XEN_SCHEDULER_* */
    int (*pool_init)(struct cpupool *pool);
    void (*unit_init)(struct cpupool *pool, struct sched_unit *u);
    void (*unit_remove)(struct cpupool *pool, struct sched_unit *u);
    void (*wake)(struct cpupool *pool, struct sched_unit *u);
    void (*sleep)(struct cpupool *pool, struct sched_unit *u);
    void (*yield)(struct cpupool *pool, struct sched_unit *u);
    /* Chooses for `cpu`; prev (may be NULL) has run since prev->started. NULL: idle.
     * *slice_end is when it must be asked again, idle or not; TIMER_NEVER for never. */
    struct sched_unit *(*pick)(struct cpupool *pool, unsigned int cpu, struct sched_unit *prev,
                               nanosec_t at, nanosec_t *slice_end);
    int (*set_params)(struct domain *d, const struct sched_params *p);
};

void sched_init(void);     /* boot CPU, after timers; reads `sched=` */
void sched_init_cpu(void); /* each CPU when it comes up */

int sched_unit_init(struct vcpu *v) must_check;
void sched_unit_destroy(struct vcpu *v);

/* State changes; any CPU. They take RANK_SCHED and may raise SOFTIRQ_SCHEDULE anywhere. */
void sched_set_pause(struct vcpu *v, unsigned long bit);
void sched_clear_pause(struct vcpu *v, unsigned long bit);
/* Wakes a vCPU that blocks (an event or interrupt is pending for it). Cheap when it runs. */
void sched_wake(struct vcpu *v);
/* The current vCPU waits until woken, unless something is pending already. */
void sched_block_current(void);
void sched_yield_current(void);
/*
 * One CPU at a time waits for vCPUs to stop: two could wait for each other's. begin: false, another
 * one does; the caller gives its CPU a chance to stop, with -ERESTART. wait_descheduled: until v is
 * on no CPU; v must be paused and not the current vCPU. Runs this CPU's calls; no lock held.
 */
bool sched_wait_begin(void) must_check;
void sched_wait_descheduled(struct vcpu *v);
void sched_wait_end(void);

int sched_set_affinity(struct vcpu *v, const unsigned long *hard,
                       const unsigned long *soft) must_check;
int sched_set_params(struct domain *d, const struct sched_params *p) must_check;
void sched_get_params(const struct domain *d, struct sched_params *p);
/* How long a vCPU of d's pool runs at least, whoever waits. -EINVAL: 0, or above 500 ms. */
int sched_set_ratelimit(struct domain *d, nanosec_t least) must_check;
nanosec_t sched_ratelimit(const struct domain *d);
/* The pool that new domains belong to. */
struct cpupool *sched_default_pool(void);
const struct sched_policy *sched_policy_of(const struct domain *d);

/* How long `cpu` (online) has idled, this moment included. */
nanosec_t sched_idle_time(unsigned int cpu);

/* SOFTIRQ_SCHEDULE's handler. */
void sched_softirq(void);

/* Runstate as public/vcpu.h: state, entry time, times; consistent snapshot. */
struct runstate_info {
    uint32_t state;
    nanosec_t entry_time;
    nanosec_t time[4];
};
void sched_runstate(const struct vcpu *v, struct runstate_info *out);
/* Time that it spent in each state before it came here. */
void sched_add_runstate(struct vcpu *v, const nanosec_t time[4]);
