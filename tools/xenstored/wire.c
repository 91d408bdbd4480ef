/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOME_MAX 24 /* "/local/domain/65535/" */

unsigned int request_strings(const struct request *request)
{
    unsigned int n = 0;

    for (uint32_t i = 0; i < request->header->len; i++) {
        n += request->in[i] == '\0';
    }
    return n;
}

char *request_string(const struct request *request, unsigned int n)
{
    char *p = request->in;

    while (n-- > 0) {
        p += strlen(p) + 1;
    }
    return p;
}

bool request_is(const struct request *request, unsigned int n)
{
    uint32_t len = request->header->len;

    return request_strings(request) == n && (n == 0 ? len == 0 : request->in[len - 1] == '\0');
}

int request_put(struct request *request, const void *data, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX - request->out_len) {
        return -E2BIG;
    }
    memcpy(request->out + request->out_len, data, len);
    request->out_len += len;
    return 0;
}

static int put_string(struct request *request, const char *text)
{
    return request_put(request, text, strlen(text) + 1);
}

/* A path of a request, made absolute. */
struct full_path {
    size_t len, home; /* home: bytes put before a relative path */
    const char *text;
    char buffer[HOME_MAX + PATH_ABS_MAX + 1];
};

static int full_path(const struct request *request, const char *text, bool special_too,
                     struct full_path *out)
{
    uint32_t limit = quota_limit(&request->conn->domain->quota, QUOTA_PATH);

    out->len = strlen(text);
    out->home = 0;
    out->text = text;
    if (text[0] == '@' && !special_too) {
        return -EINVAL;
    }
    if (text[0] != '/' && text[0] != '@') {
        if (out->len > PATH_REL_MAX) {
            return -EINVAL;
        }
        out->home = (size_t)sprintf(out->buffer, "/local/domain/%u/", request->conn->domain->domid);
        memcpy(out->buffer + out->home, text, out->len + 1);
        out->len += out->home;
        out->text = out->buffer;
    }
    /* XEN-ABI: this limit is for dom0, too; what is relative counts without its prefix. */
    if (!path_valid(out->text, out->len, out->home) ||
        (limit != 0 && out->len - out->home > limit)) {
        return -EINVAL;
    }
    return 0;
}

/* The payload is one path. */
static int one_path(const struct request *request, bool special_too, struct full_path *out)
{
    return request_is(request, 1) ? full_path(request, request->in, special_too, out) : -EINVAL;
}

static int do_read(struct request *request)
{
    struct full_path path;
    const struct node *node;
    int err = one_path(request, false, &path);

    if (err == 0) {
        err = store_get(request->conn->store, request->conn, request->txn, path.text, path.len,
                        PERM_READ, &node);
    }
    return err == 0 ? request_put(request, node_value(node), node->value_len) : err;
}

/* The children's names from a byte offset of their whole list on, as far as they fit. */
static int put_names(struct request *request, const struct node *node, size_t skip)
{
    const struct kids *kids = node_kids(node);
    struct node **list;
    uint32_t count = kids != NULL ? kids->count : 0;
    int err = 0;

    if (count == 0) {
        return 0;
    }
    list = mem_alloc(count * sizeof(struct node *));
    if (list == NULL) {
        return -ENOMEM;
    }
    kids_list(kids, list);
    for (uint32_t i = 0; i < count && err == 0; i++) {
        const struct node *kid = list[i];

        if (skip > kid->name_len) {
            skip -= kid->name_len + 1u;
        } else {
            size_t was = request->out_len;

            err = request_put(request, node_name(kid) + skip, kid->name_len - skip);
            skip = 0;
            err = err == 0 ? request_put(request, "", 1) : err;
            if (err != 0) {
                request->out_len = was;
            }
        }
    }
    mem_free(list);
    return err;
}

static size_t names_of(const struct node *node)
{
    const struct kids *kids = node_kids(node);

    return kids != NULL ? kids->names : 0;
}

static int do_directory(struct request *request)
{
    struct full_path path;
    const struct node *node;
    int err = one_path(request, false, &path);

    if (err == 0) {
        err = store_list(request->conn->store, request->conn, request->txn, path.text, path.len,
                         &node);
    }
    if (err == 0 && names_of(node) > XENSTORE_PAYLOAD_MAX) {
        return -E2BIG;
    }
    return err == 0 ? put_names(request, node, 0) : err;
}

static int do_directory_part(struct request *request)
{
    struct full_path path;
    const struct node *node;
    char text[24];
    size_t skip, names;
    uint64_t gen;
    int err = request_is(request, 2) ? full_path(request, request->in, false, &path) : -EINVAL;

    if (err == 0) {
        err = store_list(request->conn->store, request->conn, request->txn, path.text, path.len,
                         &node);
    }
    if (err != 0) {
        return err;
    }
    skip = strtoul(request_string(request, 1), NULL, 0);
    names = names_of(node);
    gen = node_kids_gen(node) > node->gen ? node_kids_gen(node) : node->gen;
    err = request_put(request, text, (size_t)sprintf(text, "%llu", (unsigned long long)gen) + 1);
    if (err != 0) {
        return err;
    }
    if (skip < names) {
        err = put_names(request, node, skip);
        if (err != -E2BIG) {
            skip = names;
        }
    }
    /* An empty string at the end says that this was the last part. */
    if (skip >= names && err == 0) {
        err = request_put(request, "", 1);
    }
    return err == -E2BIG ? 0 : err;
}

static int do_get_perms(struct request *request)
{
    struct store *store = request->conn->store;
    struct full_path path;
    const struct perm_set *set;
    char text[8];
    int err = one_path(request, true, &path);

    if (err == 0) {
        err = store_get_perms(store, request->conn, request->txn, path.text, path.len, &set);
    }
    for (uint32_t i = 0; err == 0 && i < set->count; i++) {
        /* XEN-ABI: what was granted to a domain that went is told, though nobody's any more. */
        err = request_put(request, text, perm_print(&set->entry[i], text));
    }
    return err;
}

static int do_set_perms(struct request *request)
{
    struct perm perm[STORE_PERMS_MAX];
    unsigned int n = request_strings(request);
    struct full_path path;
    int err = n >= 2 ? full_path(request, request->in, true, &path) : -EINVAL;

    if (err == 0 && request->in[request->header->len - 1] != '\0') {
        err = -EINVAL;
    }
    for (unsigned int i = 1; err == 0 && i < n; i++) {
        err = i <= STORE_PERMS_MAX ? perm_parse(request_string(request, i), &perm[i - 1]) : -ENOSPC;
    }
    return err == 0 ? store_set_perms(request->conn->store, request->conn, request->txn, path.text,
                                      path.len, perm, n - 1)
                    : err;
}

static int do_write(struct request *request)
{
    struct full_path path;
    int err =
        request_strings(request) >= 1 ? full_path(request, request->in, false, &path) : -EINVAL;
    size_t skip;

    if (err != 0) {
        return err;
    }
    skip = strlen(request->in) + 1;
    return store_write(request->conn->store, request->conn, request->txn, path.text, path.len,
                       request->in + skip, request->header->len - skip);
}

static int do_mkdir(struct request *request)
{
    struct full_path path;
    int err = one_path(request, false, &path);

    return err == 0
               ? store_mkdir(request->conn->store, request->conn, request->txn, path.text, path.len)
               : err;
}

static int do_rm(struct request *request)
{
    struct full_path path;
    int err = one_path(request, false, &path);

    return err == 0 ? store_remove(request->conn->store, request->conn, request->txn, path.text,
                                   path.len)
                    : err;
}

static int do_watch(struct request *request)
{
    unsigned int n = request_strings(request);
    uint32_t depth = WATCH_DEEP;
    struct full_path path;
    struct watch *watch;
    int err;

    if (n < 2 || n > 3 || request->in[request->header->len - 1] != '\0') {
        return -EINVAL;
    }
    if (n == 3 && request_string(request, 2)[0] != '\0') {
        char *end;

        depth = (uint32_t)strtoul(request_string(request, 2), &end, 10);
        if (*end != '\0') {
            return -EINVAL;
        }
    }
    err = full_path(request, request->in, true, &path);
    if (err == 0) {
        err = watch_add(request->conn->store, request->conn, path.text, path.len, path.home,
                        request_string(request, 1), depth, &watch);
    }
    if (err == 0 && watch_prepare(watch, path.text, path.len, &request->after) != 0) {
        watch_del(request->conn->store, watch);
        err = -ENOMEM;
    }
    if (err == 0) {
        journal_watch(request->conn->store, JOURNAL_WATCH, watch);
    }
    return err;
}

static int do_unwatch(struct request *request)
{
    struct full_path path;
    struct watch *watch;
    int err = request_is(request, 2) ? full_path(request, request->in, true, &path) : -EINVAL;

    if (err != 0) {
        return err;
    }
    watch = watch_find(request->conn->store, request->conn, path.text, path.len,
                       request_string(request, 1));
    if (watch == NULL) {
        return -ENOENT;
    }
    journal_watch(request->conn->store, JOURNAL_UNWATCH, watch);
    watch_del(request->conn->store, watch);
    return 0;
}

static int do_reset_watches(struct request *request)
{
    struct conn *conn = request->conn;
    struct watch *watch, *watch_after;
    struct txn *txn, *txn_after;

    list_for_each_entry(watch, watch_after, &conn->watches, struct watch, link)
    {
        watch_del(conn->store, watch);
    }
    list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
    {
        txn_free(conn->store, txn);
    }
    request->txn = NULL;
    journal_conn(conn, JOURNAL_FORGET, 0);
    return 0;
}

static int do_transaction_start(struct request *request)
{
    const struct store_edge *edge = request->conn->store->edge;
    struct txn *txn;
    char text[12];
    int err;

    if (request->txn != NULL) {
        return -EBUSY;
    }
    err = txn_start(request->conn->store, request->conn, edge->now != NULL ? edge->now() : 0, &txn);
    if (err == 0) {
        journal_conn(request->conn, JOURNAL_START, txn->id);
        (void)sprintf(text, "%u", txn->id);
        err = put_string(request, text);
    }
    return err;
}

static int do_transaction_end(struct request *request)
{
    struct store *store = request->conn->store;
    int err = 0;

    if (!request_is(request, 1) ||
        (strcmp(request->in, "T") != 0 && strcmp(request->in, "F") != 0)) {
        return -EINVAL;
    }
    if (request->txn == NULL) {
        return -ENOENT;
    }
    if (request->in[0] == 'T') {
        err = txn_commit(store, request->txn);
    }
    journal_conn(request->conn, JOURNAL_END, request->txn->id);
    txn_free(store, request->txn);
    request->txn = NULL;
    return err;
}

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

static int do_introduce(struct request *request)
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

static int do_release(struct request *request)
{
    struct domain *domain;
    int err = introduced_domain(request, &domain);

    return err == 0 ? store_release(request->conn->store, domain) : err;
}

static int do_resume(struct request *request)
{
    struct domain *domain;
    int err = introduced_domain(request, &domain);

    if (err == 0) {
        domain->shutdown = false;
        journal_domain(request->conn->store, domain);
    }
    return err;
}

static int do_set_target(struct request *request)
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

static int do_is_domain_introduced(struct request *request)
{
    const struct domain *domain;
    uint16_t domid;

    if (!request_is(request, 1)) {
        return -EINVAL;
    }
    if (domid_of(request->in, UINT16_MAX, &domid) != 0) {
        return put_string(request, "F");
    }
    domain = domain_find(&request->conn->store->domains, domid);
    return put_string(request, domain != NULL && domain->introduced ? "T" : "F");
}

static int do_get_domain_path(struct request *request)
{
    char text[HOME_MAX + 5]; /* a number up to 4294967295 */

    if (!request_is(request, 1)) {
        return -EINVAL;
    }
    /* XEN-ABI: what is not a number of a domain gets an answer, too. */
    (void)sprintf(text, "/local/domain/%u", (unsigned int)strtoul(request->in, NULL, 10));
    return put_string(request, text);
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

static int do_get_feature(struct request *request)
{
    struct domain *domain;
    char text[12];
    int err = optional_domain(request, 0, &domain);

    if (err == 0 && domain != NULL && !request->conn->domain->privileged) {
        err = -EACCES;
    }
    if (err == 0) {
        (void)sprintf(text, "%u", domain != NULL ? domain->features : FEATURES_ALL);
        err = put_string(request, text);
    }
    return err;
}

/* Features are chosen before a domain is introduced: afterwards it may have seen them. */
static int do_set_feature(struct request *request)
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

static int do_get_quota(struct request *request)
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
    return put_string(request, text);
}

static int do_set_quota(struct request *request)
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

#define PRIVILEGED 1u

static const struct {
    const char *name;
    int (*handler)(struct request *request);
    unsigned int flags;
} types[WIRE_TYPES] = {
    [XS_CONTROL] = {"CONTROL", control_request, PRIVILEGED},
    [XS_DIRECTORY] = {"DIRECTORY", do_directory, 0},
    [XS_READ] = {"READ", do_read, 0},
    [XS_GET_PERMS] = {"GET_PERMS", do_get_perms, 0},
    [XS_WATCH] = {"WATCH", do_watch, 0},
    [XS_UNWATCH] = {"UNWATCH", do_unwatch, 0},
    [XS_TRANSACTION_START] = {"TRANSACTION_START", do_transaction_start, 0},
    [XS_TRANSACTION_END] = {"TRANSACTION_END", do_transaction_end, 0},
    [XS_INTRODUCE] = {"INTRODUCE", do_introduce, PRIVILEGED},
    [XS_RELEASE] = {"RELEASE", do_release, PRIVILEGED},
    [XS_GET_DOMAIN_PATH] = {"GET_DOMAIN_PATH", do_get_domain_path, 0},
    [XS_WRITE] = {"WRITE", do_write, 0},
    [XS_MKDIR] = {"MKDIR", do_mkdir, 0},
    [XS_RM] = {"RM", do_rm, 0},
    [XS_SET_PERMS] = {"SET_PERMS", do_set_perms, 0},
    [XS_WATCH_EVENT] = {"WATCH_EVENT", NULL, 0},
    [XS_ERROR] = {"ERROR", NULL, 0},
    [XS_IS_DOMAIN_INTRODUCED] = {"IS_DOMAIN_INTRODUCED", do_is_domain_introduced, PRIVILEGED},
    [XS_RESUME] = {"RESUME", do_resume, PRIVILEGED},
    [XS_SET_TARGET] = {"SET_TARGET", do_set_target, PRIVILEGED},
    [XS_RESET_WATCHES] = {"RESET_WATCHES", do_reset_watches, 0},
    [XS_DIRECTORY_PART] = {"DIRECTORY_PART", do_directory_part, 0},
    [XS_GET_FEATURE] = {"GET_FEATURE", do_get_feature, 0},
    [XS_SET_FEATURE] = {"SET_FEATURE", do_set_feature, PRIVILEGED},
    [XS_GET_QUOTA] = {"GET_QUOTA", do_get_quota, PRIVILEGED},
    [XS_SET_QUOTA] = {"SET_QUOTA", do_set_quota, PRIVILEGED},
};

const char *wire_name(uint32_t type)
{
    return type < WIRE_TYPES && types[type].name != NULL ? types[type].name : "**UNKNOWN**";
}

const char *wire_error(int err)
{
    for (size_t i = 0; i < array_len(xsd_errors); i++) {
        if (xsd_errors[i].errnum == err) {
            return xsd_errors[i].errstring;
        }
    }
    return "EINVAL";
}

static int handle(struct request *request)
{
    uint32_t type = request->header->type;

    if (type >= WIRE_TYPES || types[type].handler == NULL) {
        return -ENOSYS;
    }
    if ((types[type].flags & PRIVILEGED) != 0 && !request->conn->domain->privileged) {
        return -EACCES;
    }
    if (request->header->tx_id != 0) {
        request->txn = txn_find(request->conn, request->header->tx_id);
        if (request->txn == NULL) {
            return -ENOENT;
        }
    }
    return types[type].handler(request);
}

/* Those without a payload of their own answer OK. */
static bool says_ok(uint32_t type)
{
    return type != XS_READ && type != XS_DIRECTORY && type != XS_DIRECTORY_PART &&
           type != XS_GET_PERMS;
}

void wire_request(struct conn *conn, const struct xsd_sockmsg *header, char *payload)
{
    struct store *store = conn->store;
    struct request request = {.conn = conn,
                              .header = header,
                              .in = payload,
                              .out = (char *)store->spare->data + sizeof(*header)};
    uint32_t type = header->type;
    int err;

    list_init(&request.after);
    store->requests++;
    if (store->edge->log != NULL) {
        store->edge->log(conn, "IN", header, payload);
    }
    err = handle(&request);
    if (err != 0) {
        type = XS_ERROR;
        request.out_len = 0;
        err = put_string(&request, wire_error(-err));
    } else if (request.out_len == 0 && says_ok(type)) {
        err = put_string(&request, "OK");
    }
    if (!request.postponed) {
        conn_reply(conn, header, type, request.out_len);
    }
    watch_send(store, &request.after);
    watch_send(store, &store->events);
}
