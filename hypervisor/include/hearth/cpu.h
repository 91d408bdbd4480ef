/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU data: one struct cpu for each CPU, reached in one register read by this_cpu().
 * CPU numbers are dense, 0 is the boot CPU; the hardware id is arch.hwid.
 */
#pragma once

#include <hearth/bitmap.h>
#include <hearth/compiler.h>
#include <hearth/lock.h>
#include <hearth/rcu.h>

#include <asm/arch_cpu.h> /* struct arch_cpu, this_cpu() */

#define NR_CPUS CONFIG_NR_CPUS

struct vcpu;
struct timer;
struct sched_cpu;

struct cpu {
    struct vcpu *current;          /* the vCPU whose state is loaded; NULL when idle */
    unsigned long softirq_pending; /* bit per enum softirq; set from any CPU, atomically */
    unsigned int id;
    uint8_t lock_rank; /* debug: highest rank held, 0 when none is */
    bool online;
    bool idle;              /* in (or about to enter) arch_idle() */
    uint16_t line_next;     /* while it waits for a lock: the CPU behind it + 1 */
    uint16_t line_first;    /* and whether nobody is before it */
    uint64_t held_ranks[2]; /* debug: bit per rank held */
    /* timer.c, under timer_lock (RANK_TIMER): a heap of pointers, grown on demand */
    struct spinlock timer_lock;
    struct timer **timers;
    uint32_t timer_count;
    uint32_t timer_capacity;
    struct timer *timer_running;
    struct sched_cpu *sched; /* policy's data */
    struct rcu_head *rcu_list;
    struct rcu_head *rcu_waiting;
    unsigned long rcu_generation;
    unsigned long rcu_waiting_generation;
    uint64_t idle_ns;
    uint64_t idle_since;
    struct arch_cpu arch;
};

/* Indexed by CPU number; entries of CPUs that never came up are NULL. */
extern struct cpu *cpus[NR_CPUS];
/* CPUs that were brought up, dense from 0. */
extern unsigned int nr_cpus;

#define for_each_cpu(i) for ((i) = 0; (i) < nr_cpus; (i)++)

static inline unsigned int this_cpu_id(void)
{
    return this_cpu()->id;
}

static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}
