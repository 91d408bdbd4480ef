/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: the CPU and the machine. Any context unless said. */
#pragma once

#include <hearth/compiler.h>

/* A physical interrupt waits for this CPU (which keeps interrupts masked). */
bool arch_irq_pending(void) must_check;
/* Sleeps until an interrupt is pending; returns with interrupts masked. Called when idle. */
void arch_idle(void);
/* Makes another CPU leave its guest or idle state. */
void arch_send_ipi(unsigned int cpu);
/* Spin-wait hint. */
void arch_cpu_relax(void);
/* While *word is `old`: waits for a store there, or for a moment. The caller looks again. */
void arch_wait_change(const uint16_t *word, uint16_t old);

/* Stops this CPU for good. */
noreturn void arch_cpu_halt(void);
/* Stops the others as far as possible (panic), then: */
void arch_stop_other_cpus(void);
noreturn void arch_machine_restart(void);
noreturn void arch_machine_power_off(void);

/* Monotonic nanoseconds since start-up, the same on all CPUs. */
uint64_t arch_now(void);
/* The frequency that the tools are told; of the architected timer where there is one. */
uint32_t arch_cpu_khz(void);
/* Arms this CPU's physical timer; expiry raises SOFTIRQ_TIMER. TIMER_NEVER disarms. */
void arch_timer_program(uint64_t deadline);

/* Prints registers of the hypervisor's own fault site; for panic. */
void arch_dump_state(void);
