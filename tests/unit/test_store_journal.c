/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random requests of dom0 and of domains with a journal; then the journal is repeated on a new
 * store, which must be the same: nodes, charges, watches, and what waits in each ring's connection.
 */
#include "store_world.h"

#include <stdarg.h>
#include <stdio.h>

#define JOURNAL_BYTES ((size_t)8 << 20)

static uint8_t *journal;
static uint64_t word;
static uint64_t seed;

static unsigned int pick(unsigned int n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned int)(seed >> 33) % n;
}

static int show_node(void *arg, const char *path, size_t len, const struct node *node)
{
    fprintf(arg, "%.*s = %.*s (", (int)len, path, node->value_len, node_value(node));
    for (uint32_t i = 0; i < node_perms(node)->count; i++) {
        const struct perm *perm = &node_perms(node)->entry[i];
        bool stale = perm->serial != domain_serial(&world.store.domains, perm->domid);

        fprintf(arg, " %c%u%s", perm_letter(perm), perm->domid, stale ? "-" : "");
    }
    fprintf(arg, " )\n");
    return 0;
}

static void show_domain(FILE *to, const struct domain *domain)
{
    const struct watch *watch, *watch_after;
    const struct txn *txn, *txn_after;

    fprintf(to, "domain %u %d %d, target %u, port %u:", domain->domid, domain->known,
            domain->introduced, domain->target, domain->port);
    for (unsigned int item = 0; item < QUOTA_COUNTED; item++) {
        /* A transaction that is made again has looked at nothing. */
        if (domain->conn == NULL || list_empty(&domain->conn->txns) || item != QUOTA_MEMORY) {
            fprintf(to, " %llu", (unsigned long long)domain->quota.used[item]);
        }
    }
    fprintf(to, "\n");
    if (domain->conn == NULL) {
        return;
    }
    fprintf(to, " at %u, %u; %u bytes wait\n", domain->conn->in_pos, domain->conn->sent_pos,
            domain->conn->in != NULL ? domain->conn->in_end - domain->conn->in_start : 0);
    list_for_each_entry(watch, watch_after, &domain->conn->watches, struct watch, link)
    {
        fprintf(to, " watch %s %s %u %u\n", watch_path(watch), watch_token(watch), watch->depth,
                watch->strip);
    }
    list_for_each_entry(txn, txn_after, &domain->conn->txns, struct txn, link)
    {
        fprintf(to, " transaction %u\n", txn->id);
    }
}

static char *show(void)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_int_equal(tree_walk(tree_root(&world.store.tree), "/", 1, show_node, to), 0);
    for (unsigned int i = 0; i < 32; i++) {
        const struct domain *domain = domain_find(&world.store.domains, (uint16_t)i);

        if (domain != NULL) {
            show_domain(to, domain);
        }
    }
    fclose(to);
    return text;
}

static const char *path(void)
{
    static const char *const paths[] = {"/t",     "/t/a",   "/t/b",     "/t/a/c", "/t/a/c/d",
                                        "/t/b/e", "/t/f/g", "/t/f/g/h", "rel",    "rel/x"};

    return paths[pick(array_len(paths))];
}

static void change(struct client *client, uint32_t tx)
{
    switch (pick(6)) {
    case 0:
        (void)world_askf(client, XS_RM, tx, "%s|", path());
        break;
    case 1:
        (void)world_askf(client, XS_SET_PERMS, tx, "%s|%c%u|r%u|", path(), "nrwb"[pick(4)], pick(4),
                         pick(4));
        break;
    case 2:
        (void)world_askf(client, XS_MKDIR, tx, "%s|", path());
        break;
    default:
        (void)world_askf(client, XS_WRITE, tx, "%s|%.*s", path(), (int)pick(20),
                         "some bytes of a value");
        break;
    }
}

static void transaction(struct client *client)
{
    const char *reply = world_ask(client, XS_TRANSACTION_START, 0, "|");
    uint32_t tx = (uint32_t)strtoul(reply, NULL, 10);

    for (unsigned int n = pick(8); n > 0 && tx != 0; n--) {
        change(client, tx);
    }
    if (tx != 0 && pick(4) != 0) {
        (void)world_ask(client, XS_TRANSACTION_END, tx, pick(4) != 0 ? "T|" : "F|");
    }
}

static void step(void)
{
    unsigned int domid = pick(4);
    struct client *client = domid == 0 ? world.boss : world_guest((uint16_t)domid);

    switch (pick(16)) {
    case 0:
        (void)world_askf(client, XS_WATCH, 0, "%s|token%u|", path(), pick(3));
        break;
    case 1:
        (void)world_askf(client, XS_UNWATCH, 0, "%s|token%u|", path(), pick(3));
        break;
    case 2:
        (void)world_ask(client, XS_RESET_WATCHES, 0, pick(4) == 0 ? "|" : "wrong");
        break;
    case 3:
        (void)world_askf(world.boss, pick(3) == 0 ? XS_RELEASE : XS_SET_TARGET, 0, "%u|%s",
                         1 + pick(3), pick(2) == 0 ? "" : "2|");
        break;
    case 4:
    case 5:
        transaction(client);
        break;
    default:
        change(client, 0);
        break;
    }
    /* dom0's own watches and transactions end with its socket. */
    (void)world_ask(world.boss, XS_RESET_WATCHES, 0, "|");
}

/* What the messages that wait are is known from where the ring is; they must be there. */
static void skip_sent(const uint32_t *sent)
{
    for (unsigned int i = 1; i < 4; i++) {
        struct domain *domain = domain_find(&world.store.domains, (uint16_t)i);

        if (domain != NULL && domain->conn != NULL) {
            assert_true(conn_skip(domain->conn, sent[i] - domain->conn->sent_pos));
            assert_true(list_empty(&domain->conn->out));
            domain->conn->sent_pos = sent[i];
        }
    }
}

static void in_memory(size_t size)
{
    journal = test_malloc(size);
    memset(journal, 0xee, size);
    journal_start(&world.store.journal, journal, size, &word);
}

static void one_run(void)
{
    static const struct store_edge none = {.now = NULL};
    uint32_t sent[4] = {0};
    char *before, *after;
    size_t len;

    world_start();
    in_memory(JOURNAL_BYTES);
    for (unsigned int n = 0; n < 300; n++) {
        step();
    }
    before = show();
    for (unsigned int i = 1; i < 4; i++) {
        struct domain *domain = domain_find(&world.store.domains, (uint16_t)i);

        sent[i] = domain != NULL && domain->conn != NULL ? domain->conn->sent_pos : 0;
    }
    assert_false(world.store.journal.full);
    len = journal_check(journal, JOURNAL_BYTES, word);
    assert_int_equal(len, world.store.journal.at);
    world.store.journal.base = NULL;
    world_end();

    assert_int_equal(store_init(&world.store, &none), 0);
    assert_int_equal(journal_replay(&world.store, journal, len), 0);
    skip_sent(sent);
    after = show();
    assert_string_equal(after, before);
    free(before);
    free(after);
    test_free(journal);
    world_end();
}

static void test_random(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < 100; n++) {
        seed = n;
        one_run();
    }
}

/* A word that is not whole, bytes that are not those that were committed: all is found. */
static void test_damage(void **state)
{
    size_t len;

    (void)state;
    world_start();
    in_memory(4096);
    assert_reply(world.boss, XS_WRITE, 0, "/a/b|value", "OK|");
    assert_reply(world.boss, XS_WRITE, 0, "/a/c|value", "OK|");
    len = world.store.journal.at;
    assert_int_equal(journal_check(journal, 4096, word), len);
    for (size_t i = 0; i < len; i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            journal[i] ^= (uint8_t)(1u << bit);
            assert_true(journal_check(journal, 4096, word) == SIZE_MAX);
            journal[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (unsigned int bit = 0; bit < 64; bit++) {
        assert_true(journal_check(journal, 4096, word ^ (uint64_t)1 << bit) == SIZE_MAX);
    }
    assert_true(journal_check(journal, len - 8, word) == SIZE_MAX);
    world.store.journal.base = NULL;
    test_free(journal);
    world_end();
}

static unsigned int checkpoints;

static void count_checkpoint(struct store *store)
{
    checkpoints++;
    journal_start(&store->journal, journal, 256, &word);
}

/* What does not fit is asked for as a checkpoint, once, before the reply. */
static void test_full(void **state)
{
    struct store_edge edge = {.checkpoint = count_checkpoint};

    (void)state;
    world_start();
    world.store.edge = &edge;
    in_memory(256);
    checkpoints = 0;
    assert_reply(world.boss, XS_WRITE, 0, "/a|1", "OK|");
    assert_int_equal(checkpoints, 0);
    for (unsigned int n = 0; n < 40; n++) {
        assert_reply(world.boss, XS_WRITE, 0, "/a|another value of some length", "OK|");
    }
    assert_in_range(checkpoints, 5, 20);
    world.store.journal.base = NULL;
    test_free(journal);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
