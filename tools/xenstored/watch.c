/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <errno.h>
#include <string.h>

#include "store.h"

static uint64_t watch_bytes(const struct watch *watch)
{
    return sizeof(*watch) + watch->path_len + watch->token_len + 2;
}

struct watch *watch_find(struct store *store, struct conn *conn, const char *path, size_t len,
                         const char *token)
{
    struct table_link *link;

    for (link = table_first(&store->watches, hash_bytes(path, len)); link != NULL;
         link = table_next(link)) {
        struct watch *watch = container_of(link, struct watch, by_path);

        if (watch->conn == conn && watch->path_len == len &&
            memcmp(watch_path(watch), path, len) == 0 && strcmp(watch_token(watch), token) == 0) {
            return watch;
        }
    }
    return NULL;
}

int watch_add(struct store *store, struct conn *conn, const char *path, size_t len, size_t strip,
              const char *token, uint32_t depth, struct watch **out)
{
    struct quota *quota = &conn->domain->quota;
    size_t token_len = strlen(token);
    struct watch *watch;

    if (watch_find(store, conn, path, len, token) != NULL) {
        return -EEXIST;
    }
    if (!quota_fits(quota, QUOTA_WATCHES, 1)) {
        return -E2BIG;
    }
    if (!quota_fits(quota, QUOTA_MEMORY, sizeof(*watch) + len + token_len + 2)) {
        return -ENOMEM;
    }
    watch = mem_alloc(sizeof(*watch) + len + token_len + 2);
    if (watch == NULL) {
        return -ENOMEM;
    }
    watch->conn = conn;
    watch->depth = depth;
    watch->path_len = (uint16_t)len;
    watch->strip = (uint16_t)strip;
    watch->token_len = (uint16_t)token_len;
    memcpy(watch->data, path, len);
    watch->data[len] = '\0';
    memcpy(watch->data + len + 1, token, token_len + 1);
    quota_add(quota, QUOTA_WATCHES, 1);
    quota_add(quota, QUOTA_MEMORY, watch_bytes(watch));
    list_add_tail(&conn->watches, &watch->link);
    table_add(&store->watches, &watch->by_path, hash_bytes(path, len));
    *out = watch;
    return 0;
}

void watch_del(struct store *store, struct watch *watch)
{
    struct quota *quota = &watch->conn->domain->quota;

    quota_sub(quota, QUOTA_WATCHES, 1);
    quota_sub(quota, QUOTA_MEMORY, watch_bytes(watch));
    table_del(&store->watches, &watch->by_path);
    list_del(&watch->link);
    mem_free(watch);
}

/* Whether the same event still waits, wholly unsent, for the same connection. */
static bool is_pending(const struct store *store, const struct conn *conn, uint64_t hash,
                       const struct message *event)
{
    struct table_link *link;

    for (link = table_first(&store->pending, hash); link != NULL; link = table_next(link)) {
        const struct message *other = container_of(link, struct message, pending);

        if (other->conn == conn && other->sent == 0 && other->len == event->len &&
            memcmp(other->data, event->data, event->len) == 0) {
            return true;
        }
    }
    return false;
}

int watch_prepare(struct watch *watch, const char *path, size_t len, struct list *events)
{
    struct xsd_sockmsg header = {.type = XS_WATCH_EVENT};
    struct message *event;
    size_t path_bytes = len - watch->strip + 1, token_bytes = (size_t)watch->token_len + 1;
    uint8_t *p;

    event = message_new(path_bytes + token_bytes);
    if (event == NULL) {
        return -ENOMEM;
    }
    header.len = (uint32_t)(path_bytes + token_bytes);
    event->conn = watch->conn;
    event->event = true;
    p = event->data;
    memcpy(p, &header, sizeof(header));
    p += sizeof(header);
    memcpy(p, path + watch->strip, path_bytes - 1);
    p[path_bytes - 1] = '\0';
    memcpy(p + path_bytes, watch_token(watch), token_bytes);
    list_add_tail(events, &event->link);
    return 0;
}

static bool may_hear(const struct watch *watch, const char *path, size_t len,
                     const struct watch_readers *readers)
{
    const struct node *parent;
    struct perm_who who;

    domain_who(&watch->conn->store->domains, watch->conn->domain, &who);
    if (who.privileged || (readers->old != NULL && perm_allows(readers->old, &who, PERM_READ)) ||
        (readers->node != NULL && perm_allows(readers->node, &who, PERM_READ))) {
        return true;
    }
    if (readers->tree == NULL) {
        return false;
    }
    parent = tree_find(readers->tree, path, path_parent(path, len));
    return parent != NULL && perm_allows(node_perms(parent), &who, PERM_READ);
}

/* How many levels below the first `above` bytes the path lies. */
static uint32_t levels_below(const char *path, size_t len, size_t above)
{
    uint32_t levels = 0;

    for (size_t i = above == 1 ? 0 : above; i < len; i++) {
        levels += path[i] == '/';
    }
    return len == 1 ? 0 : levels;
}

/* Events for the watches of path[0..watched). */
static int collect_at(struct store *store, const char *path, size_t len, size_t watched,
                      const struct watch_readers *readers, struct list *events)
{
    struct table_link *link;

    for (link = table_first(&store->watches, hash_bytes(path, watched)); link != NULL;
         link = table_next(link)) {
        struct watch *watch = container_of(link, struct watch, by_path);

        if (watch->path_len == watched && memcmp(watch_path(watch), path, watched) == 0 &&
            !watch->conn->broken && may_hear(watch, path, len, readers) &&
            (watch->depth == WATCH_DEEP || levels_below(path, len, watched) <= watch->depth) &&
            watch_prepare(watch, path, len, events) != 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

int watch_collect(struct store *store, const char *path, size_t len, bool exact,
                  const struct watch_readers *readers, struct list *events)
{
    int err = 0;

    if (store->watches.count == 0) {
        return 0;
    }
    if (!exact && len > 1 && path[0] == '/') {
        err = collect_at(store, path, len, 1, readers, events);
        for (size_t i = 1; i < len && err == 0; i++) {
            if (path[i] == '/') {
                err = collect_at(store, path, len, i, readers, events);
            }
        }
    }
    if (err == 0) {
        err = collect_at(store, path, len, len, readers, events);
    }
    if (err != 0) {
        watch_forget(events);
    }
    return err;
}

void watch_send(struct store *store, struct list *events)
{
    struct message *event, *after;
    struct list flush;

    list_init(&flush);
    list_for_each_entry(event, after, events, struct message, link)
    {
        struct conn *conn = event->conn;
        uint64_t hash = hash_bytes((const char *)event->data, event->len) + conn->id;

        list_del(&event->link);
        if (conn->broken || is_pending(store, conn, hash, event)) {
            mem_free(event);
        } else if (!quota_fits(&conn->domain->quota, QUOTA_MEMORY, event->len)) {
            mem_free(event);
            conn_broken(conn, -EDQUOT); /* it stopped reading long ago */
        } else {
            table_add(&store->pending, &event->pending, hash);
            conn_queue(conn, event);
            if (list_empty(&conn->flush)) {
                list_add_tail(&flush, &conn->flush);
            }
        }
    }
    while (!list_empty(&flush)) {
        struct conn *conn = list_entry(flush.next, struct conn, flush);

        list_del(&conn->flush);
        conn_flush(conn);
    }
}

void watch_forget(struct list *events)
{
    struct message *event, *after;

    list_for_each_entry(event, after, events, struct message, link)
    {
        list_del(&event->link);
        mem_free(event);
    }
}
