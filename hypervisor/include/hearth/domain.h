/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains: identity, life cycle, memory accounting.
 *
 * Life: domain_create() -> (vcpu_create, memory, launch) -> domain_unpause() -> running ->
 * domain_shutdown() (stays visible, paused) -> domain_kill() (dying; resources go, preemptible)
 * -> last reference -> freed by RCU.
 * A pointer found by domain_find() is valid until the next quiescent point; domain_get() keeps it.
 */
#pragma once

#include <hearth/console.h>
#include <hearth/list.h>
#include <hearth/lock.h>
#include <hearth/num.h>
#include <hearth/page.h>
#include <hearth/rcu.h>
#include <hearth/sched.h>
#include <hearth/timer.h>

#include <asm/arch_domain.h> /* struct arch_domain */

#define DOMID_FIRST_RESERVED 0x7ff0U
#define DOMID_SELF           0x7ff0U
#define DOMID_IO             0x7ff1U
#define DOMID_XEN            0x7ff2U
#define DOMID_COW            0x7ff3U
#define DOMID_INVALID        0x7ff4U
#define DOMID_IDLE           0x7fffU

#define NR_HVM_PARAMS        40U
#define NR_WATCHDOGS         2U

struct vcpu;
struct p2m;
struct grant_table;
struct evtchn_table;
struct cpupool;
struct console_pv;
struct vuart;

enum domain_life {
    DOMAIN_ALIVE = 0,
    DOMAIN_DYING, /* domain_kill() has begun */
    DOMAIN_DEAD,  /* all resources are gone, references remain */
};

/* public/sched.h SHUTDOWN_* */
enum shutdown_reason {
    SHUTDOWN_POWEROFF = 0,
    SHUTDOWN_REBOOT = 1,
    SHUTDOWN_SUSPEND = 2,
    SHUTDOWN_CRASH = 3,
    SHUTDOWN_WATCHDOG = 4,
    SHUTDOWN_SOFT_RESET = 5,
    SHUTDOWN_NONE = 0xff,
};

struct domain_config {
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;     /* the highest; UINT32_MAX: the ABI's */
    uint32_t max_grant_frames;    /* 1 at least */
    uint32_t max_maptrack_frames; /* 0: it maps none */
    uint32_t ssidref;
    uint8_t handle[16];
    bool privileged; /* control domain */
    bool hardware;   /* owns what Hearth does not keep */
    bool direct_map; /* gfn == mfn for RAM */
    bool console;    /* console_io writes to Hearth's */
    bool is_xenstore;
    uint32_t nr_spis;    /* arm64: virtual SPIs */
    uint8_t gic_version; /* arm64: 0 = as the host */
};

struct domain {
    domid_t id;
    uint16_t life; /* enum domain_life */
    uint32_t refs;
    struct rcu_head rcu;
    struct spinlock lock; /* RANK_DOMAIN: life cycle, vcpu[], pause counts, hvm_params */
    struct list list;     /* all domains, ordered by id; RANK_DOMLIST, RCU readers */
    char name[32];        /* for messages and the table: "dom0", the DT node's name, ... */

    char kernel_name[24]; /* what it was started from, for the table */

    /* vCPUs */
    uint32_t max_vcpus;
    uint32_t nr_vcpus; /* created */
    struct vcpu **vcpu;
    uint32_t pause_count;       /* under lock */
    uint32_t tools_pause_count; /* of those, by the toolstack; under lock */
    bool is_privileged;
    bool is_hardware;
    bool is_direct_mapped;
    bool has_console;  /* may use console_io */
    bool is_debugged;  /* by the tools; under lock */
    bool is_shut_down; /* set when it is paused for it; cleared under lock */
    bool is_shutting_down;
    bool is_being_killed; /* a CPU is in domain_kill(); under lock */
    uint8_t shutdown_code;
    const char *shutdown_why; /* literal: for the table; NULL when the guest asked for it */
    nanosec_t started;
    nanosec_t ended;

    /* Memory: pages_lock protects the list and tot_pages. */
    struct spinlock pages_lock; /* RANK_PAGES */
    struct page_list pages;
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t shared_pages;
    struct p2m **p2m; /* p2m[0] is the host view; alternates follow */
    uint32_t nr_p2m;

    /* Interfaces */
    void *shared_info; /* struct guest_shared_info; one PAGE_SHARED frame */
    mfn_t shared_info_mfn;
    struct evtchn_table *events;
    struct grant_table *grants;
    uint64_t hvm_params[NR_HVM_PARAMS];
    unsigned long vm_assist;
    uint32_t ssid;
    uint8_t handle[16];
    struct domain_config config;
    uint64_t time_offset_s;
    struct timer watchdog[NR_WATCHDOGS]; /* SCHEDOP_watchdog; under lock */
    uint32_t watchdogs_used;

    /* Console */
    struct console_domain console;
    struct vuart *vuart;           /* NULL: none */
    struct console_pv *console_pv; /* NULL: none that Hearth knows of */

    /* Scheduling */
    struct cpupool *pool;
    struct sched_params sched;
    struct sched_budget budget;

    /* Teardown continues where it stopped. */
    uint32_t kill_step;

    struct arch_domain arch;
};

/* All domains in id order; under RCU (no quiescent point in the body). */
extern struct list domain_list;
#define for_each_domain(d)                                                                         \
    for ((d) = list_entry(READ_ONCE(domain_list.next), struct domain, list);                       \
         &(d)->list != &domain_list;                                                               \
         (d) = list_entry(READ_ONCE((d)->list.next), struct domain, list))
#define for_each_vcpu(d, i, v)                                                                     \
    for ((i) = 0; (i) < (d)->max_vcpus; (i)++)                                                     \
        if (((v) = (d)->vcpu[i]) != NULL)

extern struct domain *hardware_domain; /* NULL without dom0 */

void domain_init(void);
/* Creates a paused domain (pause_count 1) with no vCPUs. id DOMID_INVALID: first free above 0. */
int domain_create(domid_t id, const struct domain_config *config, struct domain **out) must_check;

/* By id; DOMID_SELF is the current vCPU's. NULL: none. Valid until the next quiescent point. */
struct domain *domain_find(domid_t id);
bool domain_get(struct domain *d) must_check; /* false when the last reference is gone */
void domain_put(struct domain *d);

/* Writes the wall clock into its shared_info: after the clock, or its offset, has changed. */
void domain_tell_time(struct domain *d);

/* Waits until no vCPU but the current one runs. -ERESTART: another CPU waits so; not paused. */
int domain_pause(struct domain *d) must_check;
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);

/* The guest ended (or asked to); all its vCPUs stop, VIRQ_DOM_EXC tells the control domain. */
void domain_shutdown(struct domain *d, enum shutdown_reason reason);
/* The domain cannot go on. `why` is a literal. Prints, dumps state, shuts down as crashed. */
cold void domain_crash(struct domain *d, const char *why);
/* Releases everything; -ERESTART until done. The domain has no running vCPU afterwards. */
int domain_kill(struct domain *d) must_check;
/*
 * The toolstack's own pauses, which the domain may outlive. -EUSERS: too many; -EINVAL: not paused;
 * -ERESTART as domain_pause().
 */
int domain_tools_pause(struct domain *d) must_check;
int domain_tools_unpause(struct domain *d) must_check;
/* After SHUTDOWN_SUSPEND: lets it run again. */
void domain_resume(struct domain *d);

/* The table of domains that people see. */
void domain_print_table(enum log_level level);
