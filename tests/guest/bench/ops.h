/* SPDX-License-Identifier: Apache-2.0
 *
 * The measured loops. Each runs one operation `count` times between two markers: 2 * id before the
 * loop and 2 * id + 1 after it.
 */
#ifndef HEARTH_GUEST_BENCH_OPS_H
#define HEARTH_GUEST_BENCH_OPS_H

/* Marker numbers; tests/bench/figures.py has the same list. */
#define OP_EMPTY        0
#define OP_NULL         1
#define OP_VERSION      2
#define OP_ID_REGISTER  3
#define OP_GICD_READ    4
#define OP_EVTCHN_SEND  5
#define OP_YIELD        6
#define OP_TIMER        7
#define OP_SELF_SGI     8
#define OP_PSCI_VERSION 9
#define OP_GRANT_COPY   10

#define MARK_BENCH_DONE 0x7f

#ifndef __ASSEMBLER__
#include <stdint.h>

void loop_empty(uint64_t count);
void loop_null(uint64_t count);
void loop_version(uint64_t count);
void loop_id_register(uint64_t count);
void loop_gicd_read(uint64_t count, uint64_t address);
void loop_evtchn_send(uint64_t count, void *arg);
void loop_yield(uint64_t count);
/* Both return the number of interrupts taken; GICv3 only. */
uint64_t loop_timer(uint64_t count);
uint64_t loop_self_sgi(uint64_t count);
void loop_psci_version(uint64_t count);
void loop_grant_copy(uint64_t count, void *arg);
#endif

#endif
