/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about nodes, watches and transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_handlers.h"

int wire_read(struct request *request)
{
    struct full_path path;
    const struct node *node;
    int err = request_one_path(request, false, &path);

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

int wire_directory(struct request *request)
{
    struct full_path path;
    const struct node *node;
    int err = request_one_path(request, false, &path);

    if (err == 0) {
        err = store_list(request->conn->store, request->conn, request->txn, path.text, path.len,
                         &node);
    }
    if (err == 0 && names_of(node) > XENSTORE_PAYLOAD_MAX) {
        return -E2BIG;
    }
    return err == 0 ? put_names(request, node, 0) : err;
}

int wire_directory_part(struct request *request)
{
    struct full_path path;
    const struct node *node;
    char text[24];
    size_t skip, names;
    uint64_t gen;
    int err = request_is(request, 2) ? request_path(request, request->in, false, &path) : -EINVAL;

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

int wire_get_perms(struct request *request)
{
    struct store *store = request->conn->store;
    struct full_path path;
    const struct perm_set *set;
    char text[8];
    int err = request_one_path(request, true, &path);

    if (err == 0) {
        err = store_get_perms(store, request->conn, request->txn, path.text, path.len, &set);
    }
    for (uint32_t i = 0; err == 0 && i < set->count; i++) {
        /* XEN-ABI: what was granted to a domain that went is told, though nobody's any more. */
        err = request_put(request, text, perm_print(&set->entry[i], text));
    }
    return err;
}

int wire_set_perms(struct request *request)
{
    struct perm perm[STORE_PERMS_MAX];
    unsigned int n = request_strings(request);
    struct full_path path;
    int err = n >= 2 ? request_path(request, request->in, true, &path) : -EINVAL;

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

int wire_write(struct request *request)
{
    struct full_path path;
    int err =
        request_strings(request) >= 1 ? request_path(request, request->in, false, &path) : -EINVAL;
    size_t skip;

    if (err != 0) {
        return err;
    }
    skip = strlen(request->in) + 1;
    return store_write(request->conn->store, request->conn, request->txn, path.text, path.len,
                       request->in + skip, request->header->len - skip);
}

int wire_mkdir(struct request *request)
{
    struct full_path path;
    int err = request_one_path(request, false, &path);

    return err == 0
               ? store_mkdir(request->conn->store, request->conn, request->txn, path.text, path.len)
               : err;
}

int wire_rm(struct request *request)
{
    struct full_path path;
    int err = request_one_path(request, false, &path);

    return err == 0 ? store_remove(request->conn->store, request->conn, request->txn, path.text,
                                   path.len)
                    : err;
}

int wire_watch(struct request *request)
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
    err = request_path(request, request->in, true, &path);
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

int wire_unwatch(struct request *request)
{
    struct full_path path;
    struct watch *watch;
    int err = request_is(request, 2) ? request_path(request, request->in, true, &path) : -EINVAL;

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

int wire_reset_watches(struct request *request)
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

int wire_transaction_start(struct request *request)
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
        err = request_put_string(request, text);
    }
    return err;
}

int wire_transaction_end(struct request *request)
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
