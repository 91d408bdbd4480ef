/* SPDX-License-Identifier: Apache-2.0 */
#include "domain.h"

struct domain_block domain_none;

void domain_table_init(struct domain_table *table)
{
    quota_limits_init(&table->limits);
    table->privileged = DOMID_DOM0;
    for (unsigned int i = 0; i < array_len(table->block); i++) {
        table->block[i] = &domain_none;
    }
}

void domain_table_free(struct domain_table *table)
{
    for (unsigned int i = 0; i < table->end; i++) {
        mem_free(domain_find(table, (uint16_t)i));
    }
    for (unsigned int i = 0; i < array_len(table->block); i++) {
        if (table->block[i] != &domain_none) {
            mem_free(table->block[i]);
        }
    }
}

static bool block_need(struct domain_block **block)
{
    struct domain_block *fresh;

    if (*block == &domain_none) {
        fresh = mem_zalloc(sizeof(*fresh));
        if (fresh == NULL) {
            return false;
        }
        *block = fresh;
    }
    return true;
}

struct domain *domain_need(struct domain_table *table, uint16_t domid)
{
    struct domain_block **block = &table->block[domid / DOMAIN_BLOCK];
    struct domain *domain = domain_find(table, domid);

    if (domain != NULL || !block_need(block)) {
        return domain;
    }
    domain = mem_zalloc(sizeof(*domain));
    if (domain != NULL) {
        domain->domid = domain->target = domid;
        domain->privileged = domid == DOMID_DOM0 || domid == table->privileged;
        quota_init(&domain->quota, &table->limits, !domain->privileged);
        (*block)->by_id[domid % DOMAIN_BLOCK] = domain;
        table->end = domid >= table->end ? domid + 1U : table->end;
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
    table->block[domain->domid / DOMAIN_BLOCK]->by_id[domain->domid % DOMAIN_BLOCK] = NULL;
    mem_free(domain);
}

void domain_gone(struct domain_table *table, struct domain *domain)
{
    domain_renew(table, domain);
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
    who->serial = domain_serial(table, domain->domid);
    who->target_serial = domain_serial(table, domain->target);
}
