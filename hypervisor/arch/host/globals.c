/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of the fake machine. */
#include <hearth/cpu.h>

#include <asm/host.h>

struct cpu host_cpus[HOST_CPUS];
__thread struct cpu *host_this_cpu = &host_cpus[0];

uint64_t host_clock;
void (*host_on_stop)(const char *how);
void (*host_on_idle)(void);

struct host_event host_events[HOST_EVENTS];
unsigned int host_nr_events;
