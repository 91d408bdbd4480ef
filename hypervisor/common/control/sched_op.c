/* SPDX-License-Identifier: Apache-2.0 */
/* sched_op (public/sched.h). */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/vcpu.h>
#include <hearth/vcpu_ops.h>

#define MAX_POLL_PORTS 128U

int64_t sched_op_yield(struct vcpu *v)
{
    (void)v;
    sched_yield_current();
    return 0;
}

int64_t sched_op_block(struct vcpu *v)
{
    (void)v;
    sched_block_current();
    return 0;
}

int sched_op_shutdown(struct vcpu *v, struct sched_shutdown_arg *a)
{
    if (a->reason > SHUTDOWN_SOFT_RESET) {
        return -EINVAL;
    }
    domain_shutdown(v->domain, (enum shutdown_reason)a->reason);
    return 0;
}

/* XEN-ABI: the first reason stays; a later one is no error. */
int sched_op_shutdown_code(struct vcpu *v, struct sched_shutdown_arg *a)
{
    if (a->reason > SHUTDOWN_SOFT_RESET) {
        return -EINVAL;
    }
    spin_lock(&v->domain->lock);
    if (v->domain->shutdown_code == SHUTDOWN_NONE) {
        v->domain->shutdown_code = (uint8_t)a->reason;
    }
    spin_unlock(&v->domain->lock);
    return 0;
}

int sched_op_remote_shutdown(struct vcpu *v, struct domain *d, struct sched_remote_shutdown_arg *a)
{
    (void)v;
    if (a->domain_id == DOMID_SELF) {
        return -ESRCH; /* XEN-ABI: by its id, a control domain may */
    }
    if (a->reason > SHUTDOWN_SOFT_RESET) {
        return -EINVAL;
    }
    domain_shutdown(d, (enum shutdown_reason)a->reason);
    return 0;
}

static int read_port(const struct sched_poll_arg *a, uint32_t i, evtchn_port_t *port)
{
    guest_ptr_t at;

    return guest_ptr_index(a->ports, i, sizeof(*port), &at) ? guest_copy_in(port, at, sizeof(*port))
                                                            : -EFAULT;
}

/* Each is read from the guest once; the first was before. */
static int check_ports(struct vcpu *v, const struct sched_poll_arg *a, evtchn_port_t first,
                       bool *pending)
{
    *pending = false;
    for (uint32_t i = 0; i < a->nr_ports && !*pending; i++) {
        evtchn_port_t port = first;
        int rc = i == 0 ? 0 : read_port(a, i, &port);

        if (rc == 0) {
            rc = evtchn_port_pending(v->domain, port, pending);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int sched_op_poll(struct vcpu *v, struct sched_poll_arg *a)
{
    evtchn_port_t first = 0;
    bool pending;
    int rc = 0;

    if (a->nr_ports > MAX_POLL_PORTS) {
        return -EINVAL;
    }
    if (a->nr_ports != 0) {
        rc = read_port(a, 0, &first);
        if (rc != 0) {
            return rc;
        }
    }
    evtchn_poll_begin(v, first, a->nr_ports != 1);
    rc = check_ports(v, a, first, &pending);
    if (rc == 0 && !pending && a->timeout != 0) {
        rc = timer_set(&v->poll_timer, a->timeout);
    }
    if (rc != 0 || pending) {
        (void)evtchn_poll_end(v);
        return rc;
    }
    (void)atomic_fetch_or(&v->work, VCPU_WORK_POLL); /* ends the poll when the vCPU runs again */
    sched_block_current();
    return 0;
}

void vcpu_poll_finish(struct vcpu *v)
{
    (void)evtchn_poll_end(v);
    timer_stop(&v->poll_timer);
}
