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
        domain_renew(&store->domains, domain);
    }
    domain->known = true;
    journal_plain(store, JOURNAL_KNOW, domid);
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
    if (!domain->introduced) {
        err = store_special_event(store, "@introduceDomain");
    }
    if (err == 0 && store->edge->introduce != NULL) {
        err = store->edge->introduce(store, domain);
    }
    if (err == 0) {
        domain->introduced = true;
        journal_domain(store, domain);
        if (domain->conn != NULL) {
            journal_ring(domain->conn);
        }
    } else {
        watch_forget(&store->events);
        domain_trim(&store->domains, domain);
    }
    return err;
}

/* The record and all that the domain had go; the connection when nothing uses it any more. */
static void disconnect(struct store *store, struct domain *domain)
{
    if (store->edge->release != NULL) {
        store->edge->release(store, domain);
    }
    store_domain_gone(store, domain);
}

int store_release(struct store *store, struct domain *domain)
{
    struct list told;
    int err = store_special_event(store, "@releaseDomain");

    if (err == 0) {
        /* That its nodes go is told first. */
        list_init(&told);
        list_splice_tail(&told, &store->events);
        disconnect(store, domain);
        list_splice_tail(&store->events, &told);
    }
    return err;
}

void store_check_domains(struct store *store)
{
    bool changed = store->release_untold;

    for (unsigned int i = 1; i < store->domains.end && store->edge->state != NULL; i++) {
        struct domain *domain = domain_find(&store->domains, (uint16_t)i);
        enum domain_state state;

        if (domain == NULL) {
            continue;
        }
        if (!domain->introduced && !domain->known) {
            (void)store_remove_orphans(store, domain); /* for which there was no memory */
            continue;
        }
        state = store->edge->state(store, (uint16_t)i);
        if (state >= DOMAIN_SHUTDOWN && domain->introduced && !domain->shutdown) {
            domain->shutdown = true;
            journal_domain(store, domain);
            changed = true;
        }
        if (state >= DOMAIN_DYING) {
            changed = changed || domain->introduced;
            disconnect(store, domain);
        }
    }
    if (changed) {
        store->release_untold = store_special_event(store, "@releaseDomain") != 0;
    }
    journal_commit(store);
    watch_send(store, &store->events);
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
