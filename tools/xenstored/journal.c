/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <string.h>

#include "journal_domain.h"
#include "state.h"

/* As long as the word's lower half can say. */
#define SIZE_MOST ((size_t)UINT32_MAX * 8)

void journal_start(struct journal *journal, void *base, size_t size, uint64_t *commit)
{
    *journal = (struct journal){
        .base = base, .size = size < SIZE_MOST ? size : SIZE_MOST, .commit = commit};
    __atomic_store_n(commit, journal_word(0, 0), __ATOMIC_RELEASE);
}

uint64_t journal_sum(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *at = data;

    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, at + i, sizeof(word));
        /* Each step is one to one: another word gives another sum. */
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 32;
    }
    return sum;
}

uint64_t journal_word(uint64_t sum, size_t len)
{
    uint64_t count = len / sizeof(uint64_t);

    sum = (sum ^ count) * 0x9e3779b97f4a7c15u;
    return (sum & ~(uint64_t)UINT32_MAX) | count;
}

size_t journal_check(const void *base, size_t size, uint64_t word)
{
    size_t len = (size_t)(word & UINT32_MAX) * sizeof(uint64_t);

    return len <= size && journal_word(journal_sum(0, base, len), len) == word ? len : SIZE_MAX;
}

static void put_perms(const struct store *store, uint8_t *at, const struct perm_set *perms)
{
    for (uint32_t i = 0; i < perms->count; i++) {
        const struct perm *perm = &perms->entry[i];
        bool stale = perm->serial != domain_serial(&store->domains, perm->domid);
        struct state_perm entry = {.letter = (uint8_t)perm_letter(perm),
                                   .flags = stale ? STATE_STALE : 0,
                                   .domid = perm->domid};

        memcpy(at + i * sizeof(entry), &entry, sizeof(entry));
    }
}

static void put(struct store *store, const struct journal_record *head, const char *path,
                const struct perm_set *perms, const void *value)
{
    struct journal *journal = &store->journal;
    size_t perms_len = head->perms * sizeof(struct state_perm);
    size_t value_len = head->value_len != JOURNAL_SAME ? head->value_len : 0;
    size_t len = sizeof(*head) + perms_len + head->path_len + value_len;
    size_t padded = (len + 7) & ~(size_t)7;
    uint8_t *at = journal->base + journal->at;

    if (journal->full || padded > journal->size - journal->at) {
        journal->full = true;
        return;
    }
    memset(at + padded - 8, 0, 8);
    memcpy(at, head, sizeof(*head));
    at += sizeof(*head);
    if (perms_len != 0) {
        put_perms(store, at, perms);
        at += perms_len;
    }
    memcpy(at, path, head->path_len);
    if (value_len != 0) {
        memcpy(at + head->path_len, value, value_len);
    }
    journal->at += padded;
}

void journal_node(struct store *store, const char *path, size_t len, const struct perm_set *perms,
                  const void *value, uint32_t value_len)
{
    struct journal_record head = {.type = JOURNAL_NODE,
                                  .path_len = (uint16_t)len,
                                  .perms = perms != NULL ? (uint16_t)perms->count : 0,
                                  .value_len = value_len};

    if (store->journal.base != NULL) {
        put(store, &head, path, perms, value);
    }
}

void journal_remove(struct store *store, const char *path, size_t len)
{
    struct journal_record head = {.type = JOURNAL_REMOVE, .path_len = (uint16_t)len};

    if (store->journal.base != NULL) {
        put(store, &head, path, NULL, NULL);
    }
}

void journal_special(struct store *store, const char *path, const struct perm_set *perms)
{
    struct journal_record head = {.type = JOURNAL_SPECIAL,
                                  .path_len = (uint16_t)strlen(path),
                                  .perms = (uint16_t)perms->count};

    if (store->journal.base != NULL) {
        put(store, &head, path, perms, NULL);
    }
}

void journal_plain(struct store *store, enum journal_type type, uint16_t domid)
{
    struct journal_record head = {.type = (uint16_t)type, .domid = domid};

    if (store->journal.base != NULL) {
        put(store, &head, "", NULL, NULL);
    }
}

void journal_domain(struct store *store, const struct domain *domain)
{
    struct journal_record head = {.type = JOURNAL_DOMAIN, .domid = domain->domid};
    struct journal_domain body = {.mfn = domain->mfn,
                                  .port = domain->port,
                                  .features = domain->features,
                                  .target = domain->target,
                                  .known = domain->known,
                                  .introduced = domain->introduced,
                                  .shutdown = domain->shutdown,
                                  .features_set = domain->features_set};

    if (store->journal.base != NULL) {
        memcpy(body.limit, domain->quota.limit, sizeof(body.limit));
        head.value_len = sizeof(body);
        put(store, &head, "", NULL, &body);
    }
}

void journal_limits(struct store *store)
{
    struct journal_record head = {.type = JOURNAL_LIMITS,
                                  .value_len = sizeof(store->domains.limits)};

    if (store->journal.base != NULL) {
        put(store, &head, "", NULL, &store->domains.limits);
    }
}

void journal_watch(struct store *store, enum journal_type type, const struct watch *watch)
{
    uint32_t depth = watch->depth < STATE_DEEP ? watch->depth : STATE_DEEP;
    struct journal_record head = {.type = (uint16_t)type,
                                  .domid = watch->conn->domain->domid,
                                  .path_len = watch->path_len,
                                  .value_len = watch->token_len + 1u,
                                  .more = depth << 16 | watch->strip};

    if (store->journal.base != NULL && watch->conn->kind == CONN_RING) {
        put(store, &head, watch_path(watch), NULL, watch_token(watch));
    }
}

static bool keeps(const struct conn *conn)
{
    return conn->kind == CONN_RING && conn->store->journal.base != NULL;
}

void journal_conn(const struct conn *conn, enum journal_type type, uint32_t more)
{
    struct journal_record head = {
        .type = (uint16_t)type, .domid = conn->domain->domid, .more = more};

    if (keeps(conn)) {
        put(conn->store, &head, "", NULL, NULL);
    }
}

void journal_ring(const struct conn *conn)
{
    struct journal_record head = {.type = JOURNAL_RING, .domid = conn->domain->domid};
    uint32_t index[2] = {conn->in_pos, conn->sent_pos};

    if (keeps(conn)) {
        head.value_len = sizeof(index);
        put(conn->store, &head, "", NULL, index);
    }
}

void journal_in(const struct conn *conn, size_t len)
{
    struct journal_record head = {.type = JOURNAL_IN,
                                  .domid = conn->domain->domid,
                                  .value_len = (uint32_t)len,
                                  .more = conn->in_pos};

    if (keeps(conn)) {
        put(conn->store, &head, "", NULL, conn->in + conn->in_end - len);
    }
}

void journal_done(const struct conn *conn, size_t len)
{
    journal_conn(conn, JOURNAL_DONE, (uint32_t)len);
}

void journal_out(const struct conn *conn, const struct message *message)
{
    struct journal_record head = {.type = JOURNAL_OUT,
                                  .domid = conn->domain->domid,
                                  .value_len = message->len,
                                  .more = conn->sent_pos};

    if (keeps(conn)) {
        put(conn->store, &head, "", NULL, message->data);
    }
}

void journal_rings(struct store *store)
{
    struct conn *conn, *after;
    struct txn *txn, *txn_after;

    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        journal_ring(conn);
        list_for_each_entry(txn, txn_after, &conn->txns, struct txn, link)
        {
            journal_conn(conn, JOURNAL_START, txn->id);
        }
    }
}

void journal_commit(struct store *store)
{
    struct journal *journal = &store->journal;

    if (!journal_waits(journal)) {
        return;
    }
    if (journal->full) {
        store->edge->checkpoint(store);
        return;
    }
    journal->sum =
        journal_sum(journal->sum, journal->base + journal->done, journal->at - journal->done);
    journal->done = journal->at;
    /* Whoever sees the word sees what it speaks of. */
    __atomic_store_n(journal->commit, journal_word(journal->sum, journal->done), __ATOMIC_RELEASE);
}
