/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about domains, their features and quotas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_handlers.h"

/* A domain's number: at most `limit`. */
static int domid_of(const char *text, unsigned long limit, uint16_t *out)
{
    char *end;
    unsigned long domid = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || domid > limit) {
        return -EINVAL;
    }
    *out = (uint16_t)domid;
    return 0;
}

int wire_introduce(struct request *request)
{
    struct store *store = request->conn->store;
    uint16_t domid;
    unsigned long port;

    if (request_strings(request) < 3) {
        return -EINVAL;
    }
    port = strtoul(request_string(request, 2), NULL, 10);
    if (domid_of(request->in, DOMID_LAST, &domid) != 0 || port == 0 || port > UINT32_MAX) {
        return -EINVAL;
    }
    return store_introduce(store, domid, (uint64_t)strtoll(request_string(request, 1), NULL, 10),
                           (uint32_t)port);
}

static int introduced_domain(const struct request *request, struct domain **out)
{
    uint16_t domid;

    if (!request_is(request, 1)) {
        return -EINVAL;
    }
    if (domid_of(request->in, UINT16_MAX, &domid) != 0 || domid == DOMID_DOM0) {
        return -EINVAL;
    }
    *out = domain_find(&request->conn->store->domains, domid);
    return *out != NULL && (*out)->introduced ? 0 : -ENOENT;
}

int wire_release(struct request *request)
{
    struct domain *domain;
    int err = introduced_domain(request, &domain);

    return err == 0 ? store_release(request->conn->store, domain) : err;
}

int wire_resume(struct request *request)
{
    struct domain *domain;
    int err = introduced_domain(request, &domain);

    if (err == 0) {
        domain->shutdown = false;
        journal_domain(request->conn->store, domain);
    }
    return err;
}

int wire_set_target(struct request *request)
{
    struct store *store = request->conn->store;
    uint16_t domid, target;
    struct domain *domain, *other;

    if (!request_is(request, 2) || domid_of(request->in, UINT16_MAX, &domid) != 0 ||
        domid_of(request_string(request, 1), UINT16_MAX, &target) != 0) {
        return -EINVAL;
    }
    domain = domain_find(&store->domains, domid);
    other = domain_find(&store->domains, target);
    if (domain == NULL || !domain->introduced || other == NULL || !other->introduced) {
        return -ENOENT;
    }
    domain->target = target;
    journal_domain(store, domain);
    return 0;
}

int wire_is_domain_introduced(struct request *request)
{
    const struct domain *domain;
    uint16_t domid;

    if (!request_is(request, 1)) {
        return -EINVAL;
    }
    if (domid_of(request->in, UINT16_MAX, &domid) != 0) {
        return request_put_string(request, "F");
    }
    domain = domain_find(&request->conn->store->domains, domid);
    return request_put_string(request, domain != NULL && domain->introduced ? "T" : "F");
}

int wire_get_domain_path(struct request *request)
{
    char text[HOME_MAX + 5]; /* a number up to 4294967295 */

    if (!request_is(request, 1)) {
        return -EINVAL;
    }
    /* XEN-ABI: what is not a number of a domain gets an answer, too. */
    (void)sprintf(text, "/local/domain/%u", (unsigned int)strtoul(request->in, NULL, 10));
    return request_put_string(request, text);
}

/* The domain that an optional first argument names: introduced, or, without one, NULL. */
static int optional_domain(const struct request *request, unsigned int others, struct domain **out)
{
    unsigned int n = request_strings(request);
    uint16_t domid;

    *out = NULL;
    if (n == others) {
        return 0;
    }
    if (n != others + 1 || domid_of(request->in, UINT16_MAX, &domid) != 0) {
        return -EINVAL;
    }
    *out = domain_find(&request->conn->store->domains, domid);
    return *out != NULL && (*out)->introduced ? 0 : -ENOENT;
}

int wire_get_feature(struct request *request)
{
    struct domain *domain;
    char text[12];
    int err = optional_domain(request, 0, &domain);

    if (err == 0 && domain != NULL && !request->conn->domain->privileged) {
        err = -EACCES;
    }
    if (err == 0) {
        (void)sprintf(text, "%u", domain != NULL ? domain->features : FEATURES_ALL);
        err = request_put_string(request, text);
    }
    return err;
}

/* Features are chosen before a domain is introduced: afterwards it may have seen them. */
int wire_set_feature(struct request *request)
{
    struct store *store = request->conn->store;
    struct domain *domain;
    uint16_t domid;
    unsigned long features;
    char *end;

    if (!request_is(request, 2) || domid_of(request->in, DOMID_LAST, &domid) != 0) {
        return -EINVAL;
    }
    features = strtoul(request_string(request, 1), &end, 10);
    if (*end != '\0' || (features & ~(unsigned long)FEATURES_ALL) != 0) {
        return -EINVAL;
    }
    domain = domain_need(&store->domains, domid);
    if (domain == NULL) {
        return -ENOMEM;
    }
    if (domain->introduced) {
        return -EBUSY;
    }
    domain->features = (uint32_t)features;
    domain->features_set = true;
    journal_domain(store, domain);
    return 0;
}

int wire_get_quota(struct request *request)
{
    struct store *store = request->conn->store;
    struct domain *domain;
    char text[12];
    int err, item;

    if (request_is(request, 0) || (request_is(request, 1) && request->in[0] == '\0')) {
        for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
            err = i != 0 ? request_put(request, " ", 1) : 0;
            err = err == 0 ? request_put(request, quota_name(i), strlen(quota_name(i))) : err;
            if (err != 0) {
                return err;
            }
        }
        return request_put(request, "", 1);
    }
    err = optional_domain(request, 1, &domain);
    item = err == 0 ? quota_item(request_string(request, domain != NULL ? 1 : 0)) : err;
    if (item < 0) {
        return item == -ENOENT && err == 0 ? -EINVAL : item;
    }
    (void)sprintf(text, "%u",
                  domain != NULL ? quota_limit(&domain->quota, (enum quota_item)item)
                                 : store->domains.limits.hard[item]);
    return request_put_string(request, text);
}

int wire_set_quota(struct request *request)
{
    struct store *store = request->conn->store;
    struct domain *domain;
    unsigned long value;
    unsigned int first;
    char *end;
    int err = optional_domain(request, 2, &domain), item;

    if (err != 0) {
        return err;
    }
    first = domain != NULL ? 1 : 0;
    item = quota_item(request_string(request, first));
    value = strtoul(request_string(request, first + 1), &end, 10);
    if (item < 0 || *end != '\0' || request_string(request, first + 1)[0] == '\0' ||
        value >= QUOTA_DEFAULT) {
        return -EINVAL;
    }
    if (domain != NULL) {
        domain->quota.limit[item] = (uint32_t)value;
        journal_domain(store, domain);
    } else {
        store->domains.limits.hard[item] = (uint32_t)value;
        journal_limits(store);
    }
    return 0;
}
