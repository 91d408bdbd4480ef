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

void rings_reconnect(struct store *store)
{
    (void)store;
}

int rings_fd(void)
{
    return -1;
}

unsigned int rings_virq(void)
{
    return 0;
}

uint32_t rings_port(const struct conn *conn)
{
    (void)conn;
    return 0;
}

int rings_resume(int channels, unsigned int virq)
{
    (void)channels;
    (void)virq;
    return -ENOSYS;
}

int rings_adopt(struct store *store, struct domain *domain, uint32_t port, struct conn **out)
{
    (void)store;
    (void)domain;
    (void)port;
    (void)out;
    return -ENOSYS;
}

int rings_bind_virq(void)
{
    return -ENOSYS;
}

void rings_unbind_virq(void)
{
}

int rings_renew(void)
{
    return 0;
}
