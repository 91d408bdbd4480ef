/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of core: written during start-up, read-only after it. */
#include <hearth/boot.h>
#include <hearth/cpu.h>

struct cpu *cpus[NR_CPUS] __ro_after_init;
unsigned int nr_cpus __ro_after_init;
