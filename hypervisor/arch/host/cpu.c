/* SPDX-License-Identifier: Apache-2.0 */
/* Fake CPUs: which one a thread is on, interrupts between them, idling, and the end. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <hearth/arch/cpu.h>
#include <hearth/atomic.h>
#include <hearth/softirq.h>
#include <hearth/timer.h>

#include "private.h"

void host_add_cpus(unsigned int nr)
{
    for (unsigned int i = 0; i < MIN(nr, HOST_CPUS); i++) {
        host_cpus[i].id = i;
        host_cpus[i].online = true;
        host_cpus[i].arch = (struct arch_cpu){.hwid = 0x100 + i, .deadline = TIMER_NEVER};
        cpus[i] = &host_cpus[i];
        nr_cpus = MAX(nr_cpus, i + 1);
    }
}

unsigned int host_switch_cpu(unsigned int cpu)
{
    unsigned int old = host_this_cpu->id;

    host_this_cpu = &host_cpus[cpu];
    return old;
}

void arch_send_ipi(unsigned int cpu)
{
    (void)atomic_fetch_add(&cpus[cpu]->arch.ipis, 1U);
    host_record(HOST_IPI, cpu, 0);
}

/* Threads stand for CPUs, of which the machine may have fewer. */
void arch_cpu_relax(void)
{
    (void)sched_yield();
}

void arch_wait_change(const uint16_t *word, uint16_t old)
{
    if (READ_ONCE(*word) == old) {
        (void)sched_yield();
    }
}

noreturn static void stop(const char *how)
{
    this_cpu()->arch.stopped = true;
    if (host_on_stop != NULL) {
        host_on_stop(how);
    }
    (void)fprintf(stderr, "host: %s\n", how);
    abort();
}

void arch_cpu_halt(void)
{
    stop("halt");
}

void arch_stop_other_cpus(void)
{
}

void arch_machine_restart(void)
{
    stop("restart");
}

void arch_machine_power_off(void)
{
    stop("power off");
}

void arch_dump_state(void)
{
}

void arch_idle(void)
{
    if (arch_irq_pending() || READ_ONCE(this_cpu()->softirq_pending) != 0) {
        return;
    }
    if (this_cpu()->arch.deadline != TIMER_NEVER) {
        host_advance(this_cpu()->arch.deadline - MIN(host_clock, this_cpu()->arch.deadline));
    } else if (host_on_idle != NULL) {
        host_on_idle();
    } else {
        stop("idle for ever");
    }
}
