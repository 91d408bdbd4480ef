/* SPDX-License-Identifier: Apache-2.0 */
/* For machines without domains: sockets only. */
#include <errno.h>

#include "server.h"

int rings_start(bool dom0)
{
    (void)dom0;
    return -ENOSYS;
}

int rings_introduce(struct store *store, struct domain *domain)
{
    (void)store;
    (void)domain;
    return -EINVAL;
}

void rings_release(struct store *store, struct domain *domain)
{
    (void)store;
    (void)domain;
}

enum domain_state rings_state(struct store *store, uint16_t domid)
{
    (void)store;
    (void)domid;
    return DOMAIN_ABSENT;
}
