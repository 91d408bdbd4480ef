/* SPDX-License-Identifier: Apache-2.0 */
/* The journal, repeated on the checkpoint that it began with. */
#include <errno.h>
#include <string.h>

#include "journal.h"
#include "journal_domain.h"
#include "state_load.h"

/* A record, taken apart. */
struct entry {
    struct journal_record head;
    const uint8_t *perms, *value;
    char path[PATH_ABS_MAX + 1];
};

static bool next_entry(struct view *view, struct entry *entry)
{
    struct journal_record *head = &entry->head;
    size_t value_len, len;
    const uint8_t *path;

    if (!take(view, head, sizeof(*head)) || head->path_len >= sizeof(entry->path)) {
        return false;
    }
    value_len = head->value_len != JOURNAL_SAME ? head->value_len : 0;
    entry->perms = take_bytes(view, head->perms * sizeof(struct state_perm));
    path = take_bytes(view, head->path_len);
    entry->value = take_bytes(view, value_len);
    if (entry->perms == NULL || path == NULL || entry->value == NULL) {
        return false;
    }
    memcpy(entry->path, path, head->path_len);
    entry->path[head->path_len] = '\0';
    len = head->perms * sizeof(struct state_perm) + head->path_len + value_len;
    return take_bytes(view, -len & 7) != NULL;
}

static int read_perms(struct store *store, const struct entry *entry, struct perm_set **out)
{
    struct perm perm[STORE_PERMS_MAX];

    if (entry->head.perms > STORE_PERMS_MAX) {
        return -EINVAL;
    }
    for (size_t i = 0; i < entry->head.perms; i++) {
        struct state_perm from;
        char text[8] = {0};

        memcpy(&from, entry->perms + i * sizeof(from), sizeof(from));
        text[0] = (char)from.letter;
        text[1] = '0';
        if (perm_parse(text, &perm[i]) != 0) {
            return -EINVAL;
        }
        perm[i].domid = from.domid;
        perm[i].serial = (from.flags & STATE_STALE) != 0
                             ? UINT32_MAX
                             : domain_serial(&store->domains, from.domid);
    }
    *out = perm_intern(&store->env.perms, perm, entry->head.perms);
    return *out != NULL ? 0 : -ENOMEM;
}

static int charge_now(struct store *store, uint16_t domid, int64_t nodes, int64_t bytes)
{
    struct charges charges = {.entry = NULL};
    int err = charge_room(&charges, 1);

    if (err == 0) {
        charge(&charges, domid, nodes, bytes);
        err = store_charge_check(store, NULL, &charges, NULL); /* makes the records */
    }
    if (err == 0) {
        store_charge(store, &charges);
    }
    charges_free(&charges);
    return err;
}

static int charge_node(struct store *store, const struct node *node, int64_t sign)
{
    return charge_now(store, node_perms(node)->entry[0].domid, sign,
                      sign * (int64_t)node_charge(node));
}

/* The node and what is missing above it. */
static int add_node(struct store *store, const struct entry *entry, struct perm_set *perms,
                    size_t value_len)
{
    size_t len = entry->head.path_len, found;
    int err;

    (void)tree_closest(&store->tree, entry->path, len, &found);
    err = tree_add(&store->tree, entry->path, len, entry->value, value_len, perms, ++store->gen);
    for (size_t at = found + 1; err == 0 && at <= len; at++) {
        if (at == len || entry->path[at] == '/') {
            err = charge_node(store, tree_find(&store->tree, entry->path, at), 1);
        }
    }
    return err;
}

static int change_node(struct store *store, const struct entry *entry, struct perm_set *perms)
{
    size_t len = entry->head.path_len;
    int err = charge_node(store, tree_find(&store->tree, entry->path, len), -1);

    if (err == 0 && entry->head.value_len != JOURNAL_SAME) {
        err = tree_set_value(&store->tree, entry->path, len, entry->value, entry->head.value_len,
                             ++store->gen);
    }
    if (err == 0 && perms != NULL) {
        err = tree_set_perms(&store->tree, entry->path, len, perms, ++store->gen);
    }
    return err == 0 ? charge_node(store, tree_find(&store->tree, entry->path, len), 1) : err;
}

static int replay_node(struct store *store, const struct entry *entry)
{
    struct perm_set *perms = NULL;
    const char *path = entry->path;
    int err = 0;

    if (!path_valid(path, entry->head.path_len, 0) || path[0] != '/' ||
        (entry->head.value_len != JOURNAL_SAME && entry->head.value_len > XENSTORE_PAYLOAD_MAX)) {
        return -EINVAL;
    }
    if (entry->head.perms != 0) {
        err = read_perms(store, entry, &perms);
    }
    if (err == 0 && tree_find(&store->tree, path, entry->head.path_len) != NULL) {
        err = change_node(store, entry, perms);
    } else if (err == 0) {
        err = perms != NULL && entry->head.value_len != JOURNAL_SAME
                  ? add_node(store, entry, perms, entry->head.value_len)
                  : -EINVAL;
    }
    if (perms != NULL) {
        perm_put(&store->env.perms, perms);
    }
    return err;
}

static int uncharge(void *arg, const char *path, size_t len, const struct node *node)
{
    (void)path;
    (void)len;
    return charge_node(arg, node, -1);
}

static int replay_remove(struct store *store, const struct entry *entry)
{
    const struct node *node = tree_find(&store->tree, entry->path, entry->head.path_len);
    int err;

    if (node == NULL || entry->head.path_len <= 1) {
        return 0; /* it had come and gone within one transaction, or went with its parent */
    }
    err = tree_walk(node, entry->path, entry->head.path_len, uncharge, store);
    return err == 0 ? tree_remove(&store->tree, entry->path, entry->head.path_len, ++store->gen)
                    : err;
}

static int replay_special(struct store *store, const struct entry *entry)
{
    struct perm_set **slot = store_special(store, entry->path), *perms;
    int err = slot != NULL && entry->head.perms != 0 ? read_perms(store, entry, &perms) : -EINVAL;

    if (err == 0) {
        perm_put(&store->env.perms, *slot);
        *slot = perms;
    }
    return err;
}

static int replay_domain(struct store *store, const struct entry *entry)
{
    struct domain *domain = domain_need(&store->domains, entry->head.domid);
    struct journal_domain body;

    if (domain == NULL || entry->head.value_len != sizeof(body)) {
        return domain == NULL ? -ENOMEM : -EINVAL;
    }
    memcpy(&body, entry->value, sizeof(body));
    domain->mfn = body.mfn;
    domain->port = body.port;
    domain->features = body.features;
    domain->target = body.target;
    domain->known = body.known != 0;
    domain->introduced = body.introduced != 0;
    domain->shutdown = body.shutdown != 0;
    domain->features_set = body.features_set != 0;
    memcpy(domain->quota.limit, body.limit, sizeof(body.limit));
    if (domain->introduced && domain->conn == NULL && domain->domid != DOMID_DOM0) {
        domain->conn = state_plain_conn(store, domain, CONN_RING);
        return domain->conn != NULL ? 0 : -ENOMEM;
    }
    return 0;
}

static int replay_gone(struct store *store, struct domain *domain)
{
    if (domain->conn != NULL) {
        conn_free(domain->conn);
        domain->conn = NULL;
    }
    domain_gone(&store->domains, domain);
    return 0;
}

static int replay_watch(struct store *store, const struct entry *entry, struct conn *conn)
{
    const char *token = (const char *)entry->value;
    size_t strip = entry->head.more & UINT16_MAX, len = entry->head.path_len;
    uint32_t depth = entry->head.more >> 16, value_len = entry->head.value_len;
    struct watch *watch;
    bool bound = conn->domain->quota.bound;
    int err;

    if (value_len == 0 || value_len == JOURNAL_SAME || token[value_len - 1] != '\0' ||
        strip > len || !path_valid(entry->path, len, strip)) {
        return -EINVAL;
    }
    if (entry->head.type == JOURNAL_UNWATCH) {
        watch = watch_find(store, conn, entry->path, len, token);
        if (watch == NULL) {
            return -EINVAL;
        }
        watch_del(store, watch);
        return 0;
    }
    conn->domain->quota.bound = false; /* it was allowed then */
    err = watch_add(store, conn, entry->path, len, strip, token,
                    depth == STATE_DEEP ? WATCH_DEEP : depth, &watch);
    conn->domain->quota.bound = bound;
    return err;
}

static int replay_ring(struct conn *conn, const struct entry *entry)
{
    uint32_t index[2];

    if (entry->head.value_len != sizeof(index)) {
        return -EINVAL;
    }
    memcpy(index, entry->value, sizeof(index));
    conn->in_pos = index[0];
    conn->sent_pos = index[1];
    return 0;
}

static int replay_in(struct conn *conn, const struct entry *entry)
{
    size_t len = entry->head.value_len;

    if (conn->in == NULL) {
        conn->in = mem_alloc(CONN_IN_MAX);
        conn->in_start = conn->in_end = 0;
    }
    if (conn->in == NULL) {
        return -ENOMEM;
    }
    memmove(conn->in, conn->in + conn->in_start, conn->in_end - conn->in_start);
    conn->in_end -= conn->in_start;
    conn->in_start = 0;
    if (len > CONN_IN_MAX - conn->in_end) {
        return -EINVAL;
    }
    memcpy(conn->in + conn->in_end, entry->value, len);
    conn->in_end += (uint32_t)len;
    conn->in_pos = entry->head.more;
    return 0;
}

static int replay_done(struct conn *conn, const struct entry *entry)
{
    if (conn->in == NULL || entry->head.more > conn->in_end - conn->in_start) {
        return -EINVAL;
    }
    conn->in_start += entry->head.more;
    if (conn->in_start == conn->in_end) {
        mem_free(conn->in);
        conn->in = NULL;
    }
    return 0;
}

static int replay_out(struct conn *conn, const struct entry *entry)
{
    size_t len = entry->head.value_len;
    struct xsd_sockmsg header;
    struct message *message;

    if (len < sizeof(header) || len > CONN_IN_MAX ||
        !conn_skip(conn, entry->head.more - conn->sent_pos)) {
        return -EINVAL;
    }
    conn->sent_pos = entry->head.more;
    memcpy(&header, entry->value, sizeof(header));
    message = message_new(len - sizeof(header));
    if (message == NULL) {
        return -ENOMEM;
    }
    memcpy(message->data, entry->value, len);
    message->event = header.type == XS_WATCH_EVENT;
    if (message->event) {
        table_add(&conn->store->pending, &message->pending,
                  hash_bytes((const char *)message->data, len) + conn->id);
    }
    conn_enqueue(conn, message);
    return 0;
}

/* A transaction whose snapshot is lost: its requests are answered, but it will not be committed. */
static int replay_start(struct store *store, struct conn *conn, uint32_t id)
{
    bool bound = conn->domain->quota.bound;
    struct txn *txn;
    int err;

    conn->domain->quota.bound = false; /* it was allowed then */
    err = txn_start(store, conn, 0, &txn);
    conn->domain->quota.bound = bound;
    if (err == 0) {
        txn->id = id;
        txn->doomed = true;
        conn->next_txn = id;
    }
    return err;
}

static void forget(struct store *store, struct conn *conn)
{
    while (!list_empty(&conn->watches)) {
        watch_del(store, list_entry(conn->watches.next, struct watch, link));
    }
    while (!list_empty(&conn->txns)) {
        txn_free(store, list_entry(conn->txns.next, struct txn, link));
    }
}

static int replay_end(struct store *store, struct conn *conn, uint32_t id)
{
    struct txn *txn = txn_find(conn, id);

    if (txn != NULL) {
        txn_free(store, txn);
    }
    return txn != NULL ? 0 : -EINVAL;
}

static int replay_of_conn(struct store *store, const struct entry *entry, struct conn *conn)
{
    switch (entry->head.type) {
    case JOURNAL_FORGET:
        forget(store, conn);
        return 0;
    case JOURNAL_RESET:
        conn_reset(conn);
        return 0;
    case JOURNAL_RING:
        return replay_ring(conn, entry);
    case JOURNAL_IN:
        return replay_in(conn, entry);
    case JOURNAL_DONE:
        return replay_done(conn, entry);
    case JOURNAL_OUT:
        return replay_out(conn, entry);
    case JOURNAL_START:
        return replay_start(store, conn, entry->head.more);
    case JOURNAL_END:
        return replay_end(store, conn, entry->head.more);
    default:
        return replay_watch(store, entry, conn);
    }
}

/* Records that are about a domain which must be there. */
static int replay_of_domain(struct store *store, const struct entry *entry)
{
    struct domain *domain = domain_find(&store->domains, entry->head.domid);

    if (entry->head.type == JOURNAL_GONE) {
        return domain != NULL ? replay_gone(store, domain) : -EINVAL;
    }
    if (domain == NULL || domain->conn == NULL) {
        /* Its connection is freed after the domain. */
        return entry->head.type == JOURNAL_RESET ? 0 : -EINVAL;
    }
    return replay_of_conn(store, entry, domain->conn);
}

static int replay_know(struct store *store, uint16_t domid)
{
    struct domain *domain = domain_need(&store->domains, domid);

    if (domain == NULL) {
        return -ENOMEM;
    }
    if (domid != DOMID_DOM0) {
        domain_renew(&store->domains, domain);
    }
    domain->known = true;
    return 0;
}

static int replay(struct store *store, const struct entry *entry)
{
    switch (entry->head.type) {
    case JOURNAL_NODE:
        return replay_node(store, entry);
    case JOURNAL_REMOVE:
        return replay_remove(store, entry);
    case JOURNAL_SPECIAL:
        return replay_special(store, entry);
    case JOURNAL_KNOW:
        return replay_know(store, entry->head.domid);
    case JOURNAL_DOMAIN:
        return replay_domain(store, entry);
    case JOURNAL_LIMITS:
        if (entry->head.value_len != sizeof(store->domains.limits)) {
            return -EINVAL;
        }
        memcpy(&store->domains.limits, entry->value, sizeof(store->domains.limits));
        return 0;
    default:
        return entry->head.type < JOURNAL_TYPES ? replay_of_domain(store, entry) : -EINVAL;
    }
}

int journal_replay(struct store *store, const void *base, size_t len)
{
    struct view view = {base, len};
    struct entry entry;
    int err = 0;

    while (err == 0 && view.len != 0) {
        err = next_entry(&view, &entry) ? replay(store, &entry) : -EINVAL;
    }
    return err;
}
