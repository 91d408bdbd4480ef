/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grant tables, version 1. Rows in hypercall/grant.def; see public/grant_table.h and
 * docs/grants.md. Version 2 is left out: set_version(2) answers -ENOSYS, as Xen with
 * gnttab=max-ver:1 does.
 */
#pragma once

#include <hearth/num.h>

struct domain;
struct vcpu;

/* With the sizes of d->config. */
int grant_domain_init(struct domain *d) must_check;
/* d has its id now; it had none when it was made. */
void grant_domain_named(struct domain *d);
/* Undoes d's mappings of others' frames; -ERESTART until done. */
int grant_domain_release_mappings(struct domain *d) must_check;
/* After that, when the last reference has gone (RCU): frees frames; -ERESTART until done. */
int grant_domain_free(struct domain *d) must_check;

/* Machine frame `index` of d's shared table, grown up to it; for add_to_physmap, acquire_resource.
 * -EINVAL above the domain's maximum, -ENOMEM; -ERESTART when it grew and is to be asked again. */
int grant_shared_frame(struct domain *d, uint32_t index, mfn_t *out) must_check;
uint32_t grant_max_frames(const struct domain *d);
/* Fills a reserved entry (store, console) before the guest runs. */
int grant_seed(struct domain *d, grant_ref_t ref, domid_t to, gfn_t frame,
               bool readonly) must_check;

/*
 * State records: STATE_GRANT_TABLE, one for the shape (instance 0) and one for each shared frame
 * (index + 1); STATE_MAPTRACK, one for each live handle, loaded when all granters' tables are.
 */
struct state_stream;
struct state_header;
void grant_state_save(struct domain *d, struct state_stream *s);
int grant_state_load(struct domain *d, const struct state_header *h, const void *body) must_check;

/* NULL, or which invariant is broken among these domains. Nothing may run in them. */
const char *grant_audit(struct domain *const *all, unsigned int n);

/* Debug key 'g'. The domain may run meanwhile: each number is right by itself. */
void grant_print(const struct domain *d);
