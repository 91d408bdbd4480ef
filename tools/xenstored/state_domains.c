/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas and domains of a state that is loaded. */
#include <string.h>

#include "state_load.h"

struct domain *load_domain(struct load *load, uint16_t domid)
{
    struct domain *domain = domain_need(&load->store->domains, domid);

    if (domain != NULL) {
        domain->quota.bound = false; /* until all is loaded */
    }
    return domain;
}

/* Calls set() for each pair of a value and its name. */
static int values(struct load *load, struct view *view, size_t count,
                  void (*set)(void *arg, const char *name, uint32_t value), void *arg)
{
    const uint8_t *value = take_bytes(view, count * sizeof(uint32_t));

    for (size_t i = 0; i < count; i++) {
        const uint8_t *nul = view->len != 0 ? memchr(view->at, '\0', view->len) : NULL;
        const char *name = (const char *)view->at;
        uint32_t number;

        if (value == NULL || nul == NULL) {
            return load_bad(load, "quotas");
        }
        memcpy(&number, value + i * sizeof(number), sizeof(number));
        (void)take_bytes(view, (size_t)(nul - view->at) + 1);
        set(arg, name, number);
    }
    return 0;
}

static void set_global(void *arg, const char *name, uint32_t value)
{
    struct load *load = arg;
    struct store *store = load->store;
    bool soft = strncmp(name, "soft-", 5) == 0;
    int item = quota_item(soft ? name + 5 : name);

    if (item >= 0 && value != QUOTA_DEFAULT) {
        (soft ? store->domains.limits.soft : store->domains.limits.hard)[item] = value;
    } else if (strcmp(name, "hearth-generation-low") == 0) {
        store->gen = (store->gen & ~(uint64_t)UINT32_MAX) | value;
    } else if (strcmp(name, "hearth-generation-high") == 0) {
        store->gen = (store->gen & UINT32_MAX) | ((uint64_t)value << 32);
    } else if (strcmp(name, "hearth-nodes") == 0) {
        load->expected = value;
    }
}

int load_quota(struct load *load, struct view *view)
{
    struct state_quota body;

    if (load->nodes || !take(view, &body, sizeof(body))) {
        return load_bad(load, "quotas");
    }
    return values(load, view, (size_t)body.domain_values + body.global_values, set_global, load);
}

static void set_domain(void *arg, const char *name, uint32_t value)
{
    struct domain *domain = arg;
    int item = quota_item(name);

    if (item >= 0) {
        domain->quota.limit[item] = value;
    } else if (strcmp(name, "hearth-introduced") == 0) {
        domain->introduced = domain->introduced || value != 0;
    } else if (strcmp(name, "hearth-shutdown") == 0) {
        domain->shutdown = value != 0;
    } else if (strcmp(name, "hearth-features") == 0) {
        domain->features_set = value != 0;
    }
}

int load_domain_data(struct load *load, struct view *view)
{
    struct state_domain body;
    struct domain *domain;

    if (!take(view, &body, sizeof(body))) {
        return load_bad(load, "domain");
    }
    domain = load_domain(load, body.domid);
    if (domain == NULL) {
        return -ENOMEM;
    }
    load->domains = true;
    domain->known = true;
    if (load->found->version >= 2) {
        domain->features = body.features & FEATURES_ALL;
    }
    return values(load, view, body.values, set_domain, domain);
}

int load_known(struct load *load)
{
    struct store *store = load->store;

    if (load->domains || store->edge->state == NULL) {
        return 0;
    }
    for (unsigned int i = 1; i < DOMAINS; i++) {
        bool named = (load->named[i / 8] & (1u << i % 8)) != 0;

        if (named && store->edge->state(store, (uint16_t)i) < DOMAIN_DYING) {
            struct domain *domain = load_domain(load, (uint16_t)i);

            if (domain == NULL) {
                return -ENOMEM;
            }
            domain->known = true;
        }
    }
    return 0;
}

void load_domains_end(struct load *load)
{
    const struct domain_table *domains = &load->store->domains;

    for (unsigned int i = 0; i < domains->end; i++) {
        struct domain *domain = domain_find(domains, (uint16_t)i);

        if (domain != NULL) {
            domain->quota.bound = !domain->privileged;
        }
    }
}
