/* SPDX-License-Identifier: Apache-2.0 */
/* Domains come, shut down, and go. */
#include <errno.h>

#include "store.h"

int store_know(struct store *store, uint16_t domid)
{
    struct domain *domain = domain_find(&store->domains, domid);

    if ((domain != NULL && domain->known) || store->edge->state == NULL) {
        return 0;
    }
    if (domid != DOMID_DOM0 && store->edge->state(store, domid) >= DOMAIN_DYING) {
        return -ENOENT;
    }
    domain = domain_need(&store->domains, domid);
    if (domain == NULL) {
        return -ENOMEM;
    }
    if (domid != DOMID_DOM0) {
        store->domains.serial[domid]++;
    }
    domain->known = true;
    return 0;
}

int store_introduce(struct store *store, uint16_t domid, uint64_t mfn, uint32_t port)
{
    struct domain *domain;
    int err = store_know(store, domid);

    if (err != 0) {
        return err;
    }
    domain = domain_need(&store->domains, domid);
    if (domain == NULL) {
        return -ENOMEM;
    }
    domain->mfn = mfn;
    domain->port = port;
    if (!domain->introduced && !domain->features_set) {
        domain->features = FEATURES_ALL;
    }
    err = store->edge->introduce != NULL ? store->edge->introduce(store, domain) : 0;
    if (err == 0 && !domain->introduced) {
        domain->introduced = true;
        err = store_special_event(store, "@introduceDomain");
    } else if (err != 0) {
        domain_trim(&store->domains, domain);
    }
    return err;
}

/* The record and all that the domain had go; the connection when nothing uses it any more. */
static int disconnect(struct store *store, struct domain *domain)
{
    if (store->edge->release != NULL) {
        store->edge->release(store, domain);
    }
    return store_domain_gone(store, domain);
}

int store_release(struct store *store, struct domain *domain)
{
    int err = disconnect(store, domain), told = store_special_event(store, "@releaseDomain");

    return err != 0 ? err : told;
}

void store_check_domains(struct store *store)
{
    bool changed = false;

    for (unsigned int i = 1; i < DOMAINS && store->edge->state != NULL; i++) {
        struct domain *domain = domain_find(&store->domains, (uint16_t)i);
        enum domain_state state;

        if (domain == NULL || (!domain->introduced && !domain->known)) {
            continue;
        }
        state = store->edge->state(store, (uint16_t)i);
        if (state >= DOMAIN_SHUTDOWN && domain->introduced && !domain->shutdown) {
            domain->shutdown = true;
            changed = true;
        }
        if (state >= DOMAIN_DYING) {
            changed = changed || domain->introduced;
            (void)disconnect(store, domain);
        }
    }
    if (changed) {
        if (store_special_event(store, "@releaseDomain") == 0) {
            watch_send(store, &store->events);
        }
    }
}

void store_collect(struct store *store)
{
    struct conn *conn, *after;

    list_for_each_entry(conn, after, &store->retired, struct conn, link)
    {
        struct domain *domain = conn->domain;

        if (domain->conn == conn) {
            domain->conn = NULL;
        }
        conn_free(conn);
        domain_trim(&store->domains, domain);
    }
}
