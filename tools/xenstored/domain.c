/* SPDX-License-Identifier: Apache-2.0 */
#include "domain.h"

#include <errno.h>

int domain_table_init(struct domain_table *table)
{
    quota_limits_init(&table->limits);
    table->privileged = DOMID_DOM0;
    table->by_id = mem_zalloc(DOMAINS * sizeof(struct domain *));
    table->serial = mem_zalloc(DOMAINS * sizeof(uint32_t));
    if (table->by_id != NULL && table->serial != NULL) {
        return 0;
    }
    mem_free(table->by_id);
    mem_free(table->serial);
    return -ENOMEM;
}

void domain_table_free(struct domain_table *table)
{
    for (unsigned int i = 0; i < table->end; i++) {
        mem_free(table->by_id[i]);
    }
    mem_free(table->by_id);
    mem_free(table->serial);
}

struct domain *domain_need(struct domain_table *table, uint16_t domid)
{
    struct domain *domain = table->by_id[domid];

    if (domain == NULL) {
        domain = mem_zalloc(sizeof(*domain));
        if (domain != NULL) {
            domain->domid = domain->target = domid;
            domain->privileged = domid == DOMID_DOM0 || domid == table->privileged;
            quota_init(&domain->quota, &table->limits, !domain->privileged);
            table->by_id[domid] = domain;
            table->end = domid >= table->end ? domid + 1U : table->end;
        }
    }
    return domain;
}

void domain_trim(struct domain_table *table, struct domain *domain)
{
    if (domain->known || domain->introduced || domain->conn != NULL || domain->features_set ||
        domain->domid == DOMID_DOM0) {
        return;
    }
    for (unsigned int i = 0; i < QUOTA_COUNTED; i++) {
        if (domain->quota.used[i] != 0) {
            return;
        }
    }
    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        if (domain->quota.limit[i] != QUOTA_DEFAULT) {
            return;
        }
    }
    table->by_id[domain->domid] = NULL;
    mem_free(domain);
}

void domain_gone(struct domain_table *table, struct domain *domain)
{
    table->serial[domain->domid]++;
    domain->known = false;
    domain->introduced = false;
    domain->shutdown = false;
    domain->target = domain->domid;
    domain->features = 0;
    domain->features_set = false;
    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        domain->quota.limit[i] = QUOTA_DEFAULT;
    }
    domain_trim(table, domain);
}

void domain_who(const struct domain_table *table, const struct domain *domain, struct perm_who *who)
{
    who->privileged = domain->privileged;
    who->domid = domain->domid;
    who->target = domain->target;
    who->serial = table->serial[domain->domid];
    who->target_serial = table->serial[domain->target];
}
