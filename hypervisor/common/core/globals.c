/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of core: written during start-up, read-only after it. */
#include <hearth/boot.h>
#include <hearth/cpu.h>

struct cpu *cpus[NR_CPUS] __ro_after_init;
unsigned int nr_cpus __ro_after_init;
struct boot_info boot_info __ro_after_init;
struct hearth_options options __ro_after_init;
