/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of common/domain. */
#pragma once

#include <hearth/domain.h>

/* Domain ids in use; RANK_DOMLIST. */
extern struct spinlock domlist_lock;

/* Puts d into the list and the table of ids; -EEXIST, -ENOSPC, -ENOMEM. */
int domain_ids_insert(struct domain *d, domid_t id) must_check;
/* Takes it out: domain_find() does not find it any more. */
void domain_ids_remove(struct domain *d);
void vcpu_free(struct vcpu *v);
/* The machine's fate when the hardware domain has ended, or the last domain after it. */
void domain_ended(struct domain *d);
