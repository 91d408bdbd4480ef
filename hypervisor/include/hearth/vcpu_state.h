/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STATE_VCPU (what is common to all architectures) and STATE_SCHED (affinity, time in each state).
 * The vCPU is paused and on no CPU.
 *
 * Registers are STATE_VCPU_ARCH's, event queues STATE_EVTCHN_VCPU's. A loaded vCPU that was blocked
 * or polling is awake: it finds by itself that there is nothing to do, and waits again.
 */
#pragma once

#include <hearth/state.h>
#include <hearth/vcpu.h>

/* Both, in this order. */
void vcpu_state_save(struct vcpu *v, struct state_stream *s);
/*
 * Into a vCPU just made, of a domain whose p2m is loaded: takes a reference on the frame of its
 * vcpu_info. -EINVAL, -ENODATA: nothing was changed but by the records before the bad one.
 */
int vcpu_state_load(struct vcpu *v, struct state_stream *s) must_check;
