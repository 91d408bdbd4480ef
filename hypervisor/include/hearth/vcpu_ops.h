/* SPDX-License-Identifier: Apache-2.0 */
/* What vcpu_op and sched_op leave to be done for a vCPU on its way into the guest. */
#pragma once

struct vcpu;

/* VCPU_WORK_RUNSTATE: writes the guest's registered runstate area. v is current. */
void vcpu_update_runstate_area(struct vcpu *v);
/* VCPU_WORK_POLL: SCHEDOP_poll has ended by event or timeout. v is current. */
void vcpu_poll_finish(struct vcpu *v);

/* Their part of a vCPU's life. _destroy releases the frames of registered areas. */
void vcpu_ops_init(struct vcpu *v);
void vcpu_ops_destroy(struct vcpu *v);
