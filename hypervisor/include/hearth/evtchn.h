/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event channels: 2-level and FIFO. Rows in hypercall/evtchn.def; see public/event_channel.h and
 * docs/event-channels.md.
 *
 * Each domain has a table of channels grown in pages, never shrunk while it lives; a port below
 * the table's valid count is always backed. One lock per domain (RANK_EVTCHN) for binding and
 * closing; sending takes none.
 */
#pragma once

#include <hearth/num.h>

struct domain;
struct vcpu;

#define NR_VIRQS 24U
/* public/xen.h */
#define VIRQ_TIMER    0U
#define VIRQ_DEBUG    1U
#define VIRQ_CONSOLE  2U
#define VIRQ_DOM_EXC  3U
#define VIRQ_TBUF     4U
#define VIRQ_DEBUGGER 6U
#define VIRQ_XENOPROF 7U
#define VIRQ_CON_RING 8U
#define VIRQ_ARGO     11U
#define VIRQ_XENPMU   13U
#define VIRQ_ARCH_0   16U

int evtchn_domain_init(struct domain *d) must_check;
/* Closes all channels; -ERESTART until done. */
int evtchn_domain_destroy(struct domain *d) must_check;
/* After destroy, when the last reference goes (RCU): frees tables. */
void evtchn_domain_free(struct domain *d);
/*
 * v->info was published anew (store_release; the old content copied before): makes everything
 * pending, so that nothing sent to the old place is lost. Senders use v->info without a lock: the
 * frame of a vcpu_info is put only after a grace period (rcu_call, or when the domain is freed).
 */
void evtchn_vcpu_info_moved(struct vcpu *v);
/* Lets the vCPU's FIFO queues go (after a grace period). */
void evtchn_vcpu_destroy(struct vcpu *v);

/*
 * Raises a VIRQ on a vCPU / on vCPU 0 of the domain that handles a global one. Any context that
 * holds no lock of RANK_EVTCHN_QUEUE or above.
 */
void evtchn_send_virq(struct vcpu *v, uint32_t virq);
void evtchn_send_global_virq(struct domain *d, uint32_t virq);
/*
 * A VIRQ of the host (VIRQ_DOM_EXC, VIRQ_CON_RING), to the domain that handles it: the hardware
 * domain, until the tools name another (-EINVAL: not a global VIRQ; the domain is dying). _drop:
 * d handles none any more; the hardware domain does.
 */
void evtchn_send_host_virq(uint32_t virq);
int evtchn_set_virq_handler(struct domain *d, uint32_t virq) must_check;
void evtchn_drop_virq_handler(struct domain *d);

/* Used by launch (xen,enhanced). _at: a certain port, not 0; -EEXIST. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, evtchn_port_t *port) must_check;
int evtchn_alloc_unbound_at(struct domain *d, domid_t remote, evtchn_port_t port) must_check;
/*
 * The same for an end that is the hypervisor's: what comes is told to d's virtual UART
 * (vpl011_told()). It goes with d. _send: nothing while nobody is bound; no lock of
 * RANK_EVTCHN_QUEUE or above is held.
 */
int evtchn_alloc_own(struct domain *d, domid_t remote, evtchn_port_t *port) must_check;
/* Whether a port of d waits for its peer; _raise: and then it is made pending, as by that peer. */
bool evtchn_is_waiting(const struct domain *d, evtchn_port_t port) must_check;
bool evtchn_raise_waiting(struct domain *d, evtchn_port_t port);
bool evtchn_port_is_own(struct domain *d, evtchn_port_t port) must_check;
void evtchn_send_own(struct domain *d, evtchn_port_t port);
/* Sends on a local port of d as if d had called EVTCHNOP_send. -EINVAL, -ERESTART. */
int evtchn_send(struct domain *d, evtchn_port_t port) must_check;

/*
 * SCHEDOP_poll: after _begin, check the ports with evtchn_port_pending(); if one is, _end and
 * return at once, else block. An event for the port (for any port when `all`) ends the poll and
 * posts VCPU_WORK_POLL. _end is true for the one caller (waker, timeout, vCPU itself) that ended
 * it.
 */
void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port, bool all);
bool evtchn_poll_end(struct vcpu *v);

/* Whether the port is pending now. Valid ports only: -EINVAL. */
int evtchn_port_pending(struct domain *d, evtchn_port_t port, bool *pending) must_check;

/*
 * State records: STATE_EVTCHN, one for the table (instance 0) and one for each port in use;
 * STATE_EVTCHN_VCPU, one for each vCPU with FIFO queues. They are loaded into a fresh domain, whose
 * memory is there, in that order. A port whose peer is not there (yet) waits for it as unbound;
 * the peer's own record ties the two.
 */
struct state_stream;
struct state_header;
void evtchn_state_save(struct domain *d, struct state_stream *s);
int evtchn_state_load(struct domain *d, const struct state_header *h, const void *body) must_check;

/* NULL, or which invariant of d's channels is broken. Nothing may run in d or its peers. */
const char *evtchn_audit(const struct domain *d);
