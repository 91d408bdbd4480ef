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
#define OP_PHYSMAP_ADD  11
#define OP_PHYSMAP_DEL  12
#define OP_GRANT_BATCH  13
#define OP_GRANT_MAP    14 /* and unmap */
#define OP_CREATE       15 /* createdomain and max_vcpus; once between its markers, as the rest */
#define OP_DESTROY      16
#define OP_POPULATE     17 /* single pages, in batches */
#define OP_FOREIGN      18 /* frames of another domain mapped, in batches, and unmapped */
#define OP_EVTCHN_PAIR  19 /* alloc_unbound and close */
#define OP_GRANT_PAGES  20 /* as OP_GRANT_BATCH, other pages for each copy */
#define OP_WORST        21 /* each call of worst.c */
#define OP_ALONE_ADD    22 /* as OP_PHYSMAP_ADD, the only page of a table */
#define OP_ALONE_DEL    23

#define BATCH           32

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
void loop_grant_batch(uint64_t count, void *args);
void loop_grant_pages(uint64_t count, void *args);

/* These return 0, or bits of what failed. */
struct grant_pair; /* bench.h */
uint64_t loop_grant_map(uint64_t count, struct grant_pair *arg);
uint64_t loop_evtchn_pair(uint64_t count, void *arg);
#endif

#endif
