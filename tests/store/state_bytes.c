/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state of 64 KiB and more: it comes back as it was; cut short at any byte, it is rejected; with
 * any byte changed, it is rejected or gives a store that is whole; and with any allocation failing,
 * it is rejected, and nothing leaks. Bytes FIRST, FIRST + STEP, ... are tried: state_bytes FIRST
 * STEP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "state.h"
#include "wire.h"

#define SIZE_MIN 65536u

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            printf("line %d: %s\n", __LINE__, #x);                                                 \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Nobody asks for it here. */
int control_request(struct request *request)
{
    (void)request;
    return -ENOSYS;
}

static size_t taken; /* bytes that went out */

static ssize_t no_read(struct conn *conn, void *to, size_t room)
{
    (void)conn;
    (void)to;
    (void)room;
    return 0;
}

/* Seven bytes of everything go out, and then no more. */
static ssize_t slow_write(struct conn *conn, const void *from, size_t len)
{
    size_t n = taken < 7 ? 7 - taken : 0;

    (void)conn;
    (void)from;
    n = n < len ? n : len;
    taken += n;
    return (ssize_t)n;
}

static void broken(struct conn *conn, int err)
{
    (void)conn;
    (void)err;
}

static void wants(struct conn *conn)
{
    (void)conn;
}

static const struct conn_ops ops = {
    .read = no_read, .write = slow_write, .broken = broken, .wants = wants};

static enum domain_state runs(struct store *store, uint16_t domid)
{
    (void)store;
    return domid < 100 ? DOMAIN_RUNS : DOMAIN_ABSENT;
}

static int introduce(struct store *store, struct domain *domain)
{
    domain->conn = conn_new(store, domain, CONN_RING, &ops);
    return domain->conn != NULL ? 0 : -ENOMEM;
}

static const struct store_edge edge = {.introduce = introduce, .state = runs};
static const struct state_edge state_edge = {.version = 2, .listener = 3, .channels = 4};

static void put(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                const char *value)
{
    CHECK(store_write(store, conn, txn, path, strlen(path), value, strlen(value)) == 0);
    watch_send(store, &store->events);
}

static void give(struct store *store, const char *path, uint16_t owner, uint16_t reader)
{
    struct perm perm[2] = {{.domid = owner}, {.domid = reader, .access = PERM_READ}};

    CHECK(store_set_perms(store, NULL, NULL, path, strlen(path), perm, 2) == 0);
    watch_send(store, &store->events);
}

/* Two guests and a client, each in the middle of something. */
static void fill(struct store *store)
{
    struct conn *client, *guest;
    struct watch *watch;
    struct txn *txn;
    char path[64];

    CHECK(store_init(store, &edge) == 0);
    client = conn_new(store, domain_find(&store->domains, DOMID_DOM0), CONN_SOCKET, &ops);
    CHECK(client != NULL);
    client->fd = 9;
    for (uint16_t id = 1; id <= 2; id++) {
        CHECK(store_introduce(store, id, 10, 1) == 0);
        (void)snprintf(path, sizeof(path), "/local/domain/%u", id);
        put(store, NULL, NULL, path, "");
        give(store, path, id, (uint16_t)(3 - id));
    }
    guest = domain_find(&store->domains, 1)->conn;
    CHECK(watch_add(store, guest, "/local/domain/1/a", 17, 15, "token", WATCH_DEEP, &watch) == 0);
    CHECK(watch_add(store, client, "/", 1, 0, "all", WATCH_DEEP, &watch) == 0);
    CHECK(watch_add(store, client, "/n", 2, 0, "near", 1, &watch) == 0);
    put(store, guest, NULL, "/local/domain/1/a/b/c", "data");
    for (int i = 0; i < 150; i++) {
        char value[100];

        (void)snprintf(path, sizeof(path), "/n/%d/node-%d", i % 7, i);
        (void)snprintf(value, sizeof(value), "%0*d", i % 90, i);
        put(store, NULL, NULL, path, value);
        if (i % 5 == 0) {
            give(store, path, 2, (uint16_t)(i % 50 == 0 ? 200 : 1));
        }
    }
    CHECK(txn_start(store, client, 0, &txn) == 0);
    put(store, client, txn, "/n/1/new/er", "x");
    CHECK(store_remove(store, client, txn, "/n/2", 4) == 0);
    put(store, client, txn, "/n/2/again", "y");
    CHECK(txn_start(store, guest, 0, &txn) == 0);
    put(store, guest, txn, "/local/domain/1/a/b", "z");
    put(store, NULL, NULL, "/local/domain/1/a/b", "other");
    store->domains.limits.hard[QUOTA_NODES] = 4321;
    domain_find(&store->domains, 2)->quota.limit[QUOTA_WATCHES] = 7;
    guest->in = malloc(CONN_IN_MAX);
    CHECK(guest->in != NULL);
    memset(guest->in, 'q', 29);
    guest->in_end = 29;
}

static void dump(struct store *store, struct bytes *out)
{
    *out = (struct bytes){.data = NULL};
    CHECK(state_dump(store, &state_edge, out) == 0);
}

static int load(struct store *store, const void *data, size_t len)
{
    struct state_found found;
    int err;

    CHECK(store_init(store, &edge) == 0);
    err = state_load(store, data, len, NULL, &found);
    CHECK(err == 0 || (found.why != NULL && (err == -EINVAL || err == -ENOMEM)));
    return err;
}

static void comes_back(const struct bytes *bytes)
{
    struct store store;
    struct bytes again;

    CHECK(load(&store, bytes->data, bytes->len) == 0);
    CHECK(store_check(&store) == 0);
    CHECK(!txn_valid(&store, txn_find(domain_find(&store.domains, 1)->conn, 1)));
    for (size_t i = 0; i < QUOTA_COUNTED; i++) {
        CHECK(i == QUOTA_OUTSTANDING || domain_find(&store.domains, 1)->quota.used[i] != 0);
    }
    /* All is younger than before; a second round changes nothing but that. */
    store.gen = 0;
    dump(&store, &again);
    CHECK(again.len == bytes->len && memcmp(again.data, bytes->data, again.len) == 0);
    bytes_free(&again);
    store_free(&store);
}

static void cut_short(const struct bytes *bytes, size_t first, size_t step)
{
    struct store store;

    for (size_t len = first; len < bytes->len; len += step) {
        uint8_t *copy = malloc(len != 0 ? len : 1); /* so that reading beyond its end is seen */

        CHECK(copy != NULL);
        memcpy(copy, bytes->data, len);
        CHECK(load(&store, copy, len) != 0);
        store_free(&store);
        free(copy);
    }
}

static void changed(const struct bytes *bytes, size_t first, size_t step)
{
    struct store store;
    size_t rejected = 0, taken_in = 0;

    for (size_t at = first; at < bytes->len; at += step) {
        uint8_t was = bytes->data[at];

        bytes->data[at] ^= (uint8_t)(1u + at * 37u % 255u);
        if (load(&store, bytes->data, bytes->len) != 0) {
            rejected++;
        } else {
            CHECK(store_check(&store) == 0);
            taken_in++;
        }
        store_free(&store);
        bytes->data[at] = was;
    }
    printf("%zu bytes: %zu changes rejected, %zu taken in\n", bytes->len, rejected, taken_in);
    CHECK(rejected != 0 && taken_in != 0);
}

static void out_of_memory(const struct bytes *bytes)
{
    struct state_found found;
    struct bytes again = {.data = NULL};
    struct store store;
    uint64_t n = 0;
    int err;

    do {
        CHECK(store_init(&store, &edge) == 0);
        mem_fail_at(++n);
        err = state_load(&store, bytes->data, bytes->len, NULL, &found);
        mem_fail_at(0);
        CHECK(err == 0 || err == -ENOMEM);
        CHECK(err != 0 || store_check(&store) == 0);
        store_free(&store);
    } while (err != 0 || n < 100);
    CHECK(n > 100);
    CHECK(load(&store, bytes->data, bytes->len) == 0);
    for (n = 1; err != 0 || n < 5; n++) {
        mem_fail_at(n);
        err = state_dump(&store, &state_edge, &again);
        mem_fail_at(0);
        CHECK(err == 0 || err == -ENOMEM);
        bytes_free(&again);
    }
    store_free(&store);
}

int main(int argc, char **argv)
{
    size_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    size_t step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    struct store store;
    struct bytes bytes;

    hash_key(1);
    fill(&store);
    dump(&store, &bytes);
    for (int i = 0; bytes.len < SIZE_MIN; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "/more/%d", i);
        put(&store, NULL, NULL, path, "one of many");
        bytes_free(&bytes);
        store.gen = 0;
        dump(&store, &bytes);
    }
    store_free(&store);
    comes_back(&bytes);
    cut_short(&bytes, first, step);
    changed(&bytes, first, step);
    if (first == 0) {
        out_of_memory(&bytes);
    }
    bytes_free(&bytes);
    return 0;
}
