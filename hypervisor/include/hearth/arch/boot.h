/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: start-up. Boot CPU, interrupts masked, single-threaded unless said. */
#pragma once

#include <hearth/boot.h>

/* Console output before drivers exist: finds the UART from the platform description and registers
 * it with console_set_uart(). Called with `options` parsed. */
void arch_console_init(void);

/* A console of last resort, for panic() before arch_console_init(): registers what the build names,
 * or nothing. */
void arch_console_fallback(void);

/* Fills boot_info and bootmem (banks, reservations of the image, modules, firmware tables).
 * What cannot be used is named in a panic(). */
void arch_boot_describe(struct boot_info *info);

/* Fills RAM with zeros (whole pages), before or after the direct map exists: bootmem_alloc(). */
void arch_boot_zero(paddr_t start, uint64_t size);

/* Maps all RAM banks (direct map) and the frame table's backing; after it mfn_to_virt() works.
 * Page-table memory from bootmem_alloc(). */
void arch_mm_init(void);

/* Interrupt controller, then timer, of the boot CPU. panic() names what is missing. */
void arch_irq_init(void);
void arch_timer_init(void);

/* CPU features, traps, virtualization controls of this CPU: on each CPU. */
void arch_cpu_init(void);

/* Starts the other CPUs, up to options.maxcpus; sets nr_cpus and cpus[]. */
void arch_smp_init(void);

/* Builds and starts the domains that the platform describes (common/launch on device-tree
 * platforms). Returns how many were started. */
unsigned int arch_launch(void);

/* Start-up is done: drops init mappings, write-protects read-only data. */
void arch_boot_finish(void);

/* Enters the vCPU or idle loop for good: switches to this CPU's stack and calls vcpu_resume(). */
noreturn void arch_enter_loop(void);
