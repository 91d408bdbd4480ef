/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the bench kernel share.
 */
#ifndef HEARTH_GUEST_BENCH_H
#define HEARTH_GUEST_BENCH_H

#include <guest.h>
#include <hypercall.h>

#include "ops.h"

/* The argument of loop_grant_map(). */
struct grant_pair {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
};

/* Rounds of each loop. */
extern uint64_t count;

/* Around one loop: prints what the guest's own clock says. */
void begin(void);
void end(const char *name);

void bench_event(void);

/* grants.c */
void bench_grants(void);
/* Maps this domain's grant table up to `frames` and returns it. */
volatile grant_entry_v1_t *grants_show(unsigned int frames);
void grants_give(grant_ref_t ref, const void *page);

/* control.c: operations of a control domain. */
domid_t domain_make(void);
void domain_end(domid_t id);
/* Where bench_physmap() puts pages; called early, beside what stays mapped. */
uint64_t physmap_place(void);
void bench_physmap(void);
void bench_physmap_alone(void);
void bench_domains(void);
void bench_frames(void);

/* growth.c: `what` is the option grow. */
void bench_growth(unsigned int what);
/* FIFO event channels, up to 10,000. */
void use_fifo(void);

/* worst.c */
void bench_worst(void);

#endif
