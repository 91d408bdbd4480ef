/* SPDX-License-Identifier: Apache-2.0 */
/* No channels of the hypervisor's own: for devices that have no back end. */
#pragma once

#include <hearth/errno.h>
#include <hearth/evtchn.h>

void evtchn_send_own(struct domain *d, evtchn_port_t port)
{
    (void)d;
    (void)port;
}

int evtchn_alloc_own(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    (void)d;
    (void)remote;
    (void)port;
    return -ENOSPC;
}

bool evtchn_port_is_own(struct domain *d, evtchn_port_t port)
{
    (void)d;
    (void)port;
    return false;
}
