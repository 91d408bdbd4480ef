/* SPDX-License-Identifier: Apache-2.0 */
/* A list of domains without the domain module: for tests of what looks domains up. */
#pragma once

#include <hearth/domain.h>
#include <hearth/vcpu.h>

struct list domain_list = {&domain_list, &domain_list};
struct domain *hardware_domain;

static void fake_domains_reset(void)
{
    list_init(&domain_list);
    hardware_domain = NULL;
}

static void fake_domain_add(struct domain *d, domid_t id)
{
    memset(d, 0, sizeof(*d));
    d->id = id;
    d->is_hardware = id == 0;
    if (id == 0) {
        hardware_domain = d;
    }
    list_add_tail(&domain_list, &d->list);
}

struct domain *domain_find(domid_t id)
{
    struct domain *d;

    for_each_domain (d) {
        if (d->id == id) {
            return d;
        }
    }
    return NULL;
}
