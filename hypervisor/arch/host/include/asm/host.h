/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests and fuzzers control on the fake machine. Its RAM is a memory file that is mapped at
 * the direct map and, for the frames that back it, at the frame table, as on real hardware.
 */
#pragma once

#include <hearth/bootmem.h>
#include <hearth/cpu.h>
#include <hearth/num.h>

#define HOST_CPUS      8U
#define HOST_IRQS      128U
#define HOST_EVENTS    4096U
#define HOST_RAM_START GiB(1)
#define HOST_RAM_SIZE  MiB(64)

struct vcpu;

/*
 * A machine with one bank of RAM, nr CPUs (the caller is on CPU 0), and the page allocator up.
 * Once per process. RAM is filled with 0xa5 first, so that missing scrubbing shows.
 */
void host_boot(unsigned int nr);
void host_boot_banks(unsigned int nr, const struct mem_range *banks, unsigned int nr_banks,
                     bool scrub);
/* The parts of it: CPUs alone, and RAM without a page allocator. */
void host_add_cpus(unsigned int nr);
void host_add_ram(uint64_t start, uint64_t size);

/* Puts the calling thread on a CPU; returns the one it was on. */
unsigned int host_switch_cpu(unsigned int cpu);

/* The clock stands still until moved; deadlines that are reached raise SOFTIRQ_TIMER. */
extern uint64_t host_clock;
void host_advance(uint64_t ns);

/* Interrupt lines: a raised one is pending until it is dispatched. */
void host_irq_raise(unsigned int irq);
bool host_irq_enabled(unsigned int irq);

/* Replaces the translation of guest addresses (identity over p2m[0]). */
typedef int (*host_translate_fn)(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame);
extern host_translate_fn host_translate;

/*
 * Where a stopped machine goes: arch_machine_restart() and friends call it when set; if it
 * returns, or is not set, the process aborts.
 */
extern void (*host_on_stop)(const char *how);

/* Called by arch_idle() when nothing is pending and no timer is armed; not set: abort. */
extern void (*host_on_idle)(void);

/* Called while a vCPU's state is saved, so that a test can change things in between. */
extern void (*host_on_vcpu_save)(struct vcpu *v);

/* What the hypervisor did to the machine, in order. */
enum host_event_kind {
    HOST_ZERO = 1,    /* a: address, b: length */
    HOST_CLEAN,       /* the same */
    HOST_SYNC_ENTRY,  /* a: address of the entry */
    HOST_FLUSH_ALL,   /* a: VMID */
    HOST_FLUSH_RANGE, /* a: first gfn, b: count */
    HOST_IPI,         /* a: CPU */
    HOST_IRQ_ROUTE,   /* a: line, b: virtual line */
    HOST_IRQ_UNROUTE, /* a: line */
};
struct host_event {
    enum host_event_kind kind;
    uint64_t a;
    uint64_t b;
};
extern struct host_event host_events[HOST_EVENTS]; /* later ones are counted, not kept */
extern unsigned int host_nr_events;
void host_record(enum host_event_kind kind, uint64_t a, uint64_t b);
/* Events of one kind since the last host_forget_events(). */
unsigned int host_count_events(enum host_event_kind kind);
void host_forget_events(void);
