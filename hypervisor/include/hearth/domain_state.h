/* SPDX-License-Identifier: Apache-2.0 */
/* STATE_DOMAIN and a domain's STATE_TIMER (watchdogs): save, and load into a domain created with
 * the same number of vCPUs. d is paused. */
#pragma once

#include <hearth/domain.h>
#include <hearth/state.h>

void domain_state_save(const struct domain *d, struct state_stream *s);
/* -EINVAL, -ENODATA: nothing was changed. */
int domain_state_load(struct domain *d, struct state_stream *s) must_check;

void watchdog_state_save(struct domain *d, struct state_stream *s);
/* As above; -ENOMEM: not all of them run. */
int watchdog_state_load(struct domain *d, struct state_stream *s) must_check;
