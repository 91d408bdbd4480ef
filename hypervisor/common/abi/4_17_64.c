/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Xen 4.17, 64-bit callers: the internal types have this layout, so the adapter is nothing but
 * the proof of it. Wire types exist in this file only. riscv64 and the host have arm64's layout.
 */
#include <hearth/abi_types.h>
#include <hearth/shared.h>

#include "layout.h"
#include "wire.h"

#include <hearth/hypercall/fields.def>

/* Pages shared with the guest. */
SAME_FIELD(struct guest_vcpu_info, upcall_pending, struct vcpu_info, evtchn_upcall_pending);
SAME_FIELD(struct guest_vcpu_info, pending_sel, struct vcpu_info, evtchn_pending_sel);
SAME_FIELD(struct guest_vcpu_info, arch, struct vcpu_info, arch);
SAME_FIELD(struct guest_vcpu_info, time, struct vcpu_info, time);
static_assert(sizeof(struct guest_vcpu_info) == sizeof(struct vcpu_info), "vcpu_info");
SAME_FIELD(struct guest_vcpu_time, version, struct vcpu_time_info, version);
SAME_FIELD(struct guest_vcpu_time, tsc_timestamp, struct vcpu_time_info, tsc_timestamp);
SAME_FIELD(struct guest_vcpu_time, system_time, struct vcpu_time_info, system_time);
SAME_FIELD(struct guest_vcpu_time, tsc_to_system_mul, struct vcpu_time_info, tsc_to_system_mul);
SAME_FIELD(struct guest_vcpu_time, tsc_shift, struct vcpu_time_info, tsc_shift);
SAME_FIELD(struct guest_vcpu_time, flags, struct vcpu_time_info, flags);
SAME_FIELD(struct guest_shared_info, vcpu_info, struct shared_info, vcpu_info);
SAME_FIELD(struct guest_shared_info, evtchn_pending, struct shared_info, evtchn_pending);
SAME_FIELD(struct guest_shared_info, evtchn_mask, struct shared_info, evtchn_mask);
SAME_FIELD(struct guest_shared_info, wc_version, struct shared_info, wc_version);
SAME_FIELD(struct guest_shared_info, wc_sec, struct shared_info, wc_sec);
SAME_FIELD(struct guest_shared_info, wc_nsec, struct shared_info, wc_nsec);
SAME_FIELD(struct guest_shared_info, wc_sec_hi, struct shared_info, wc_sec_hi);
SAME_FIELD(struct guest_shared_info, arch, struct shared_info, arch);
static_assert(sizeof(struct guest_shared_info) == sizeof(struct shared_info), "shared_info");
SAME_FIELD(struct guest_fifo_control, ready, struct evtchn_fifo_control_block, ready);
SAME_FIELD(struct guest_fifo_control, head, struct evtchn_fifo_control_block, head);
static_assert(sizeof(struct guest_fifo_control) == sizeof(struct evtchn_fifo_control_block),
              "fifo control block");
SAME_FIELD(union guest_grant_entry, flags, struct grant_entry_v1, flags);
SAME_FIELD(union guest_grant_entry, domid, struct grant_entry_v1, domid);
SAME_FIELD(union guest_grant_entry, frame, struct grant_entry_v1, frame);
static_assert(sizeof(union guest_grant_entry) == sizeof(struct grant_entry_v1), "grant entry");
SAME_FIELD(struct guest_runstate, state, struct vcpu_runstate_info, state);
SAME_FIELD(struct guest_runstate, entry_time, struct vcpu_runstate_info, state_entry_time);
SAME_FIELD(struct guest_runstate, time, struct vcpu_runstate_info, time);
static_assert(sizeof(struct guest_runstate) == sizeof(struct vcpu_runstate_info), "runstate");

/* Constants. */
static_assert(EVTCHN_2L_PORTS == EVTCHN_2L_NR_CHANNELS && FIFO_PORTS == EVTCHN_FIFO_NR_CHANNELS,
              "ports");
static_assert(GUEST_LEGACY_VCPUS == XEN_LEGACY_MAX_VCPUS, "vCPUs in shared_info");
static_assert(GUEST_RUNSTATE_UPDATE == XEN_RUNSTATE_UPDATE, "runstate");
static_assert(GTF_PERMIT_ACCESS == GTF_permit_access && GTF_READONLY == GTF_readonly &&
                  GTF_READING == GTF_reading && GTF_WRITING == GTF_writing &&
                  GTF_TYPE_MASK == GTF_type_mask,
              "grant flags");
