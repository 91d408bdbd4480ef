/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a domain may use: each limit to the unit, and every undo gives back what was charged.
 * world_end() counts anew.
 */
#include "store_world.h"

static uint64_t used(unsigned int domid, enum quota_item item)
{
    return domain_find(&world.store.domains, (uint16_t)domid)->quota.used[item];
}

static void limit(unsigned int domid, const char *item, uint64_t value)
{
    assert_string_equal(world_askf(world.boss, XS_SET_QUOTA, 0, "%u|%s|%llu|", domid, item,
                                   (unsigned long long)value),
                        "OK|");
}

/* A domain with a home of its own: one node. */
static struct client *guest(uint16_t domid)
{
    struct client *client = world_guest(domid);

    assert_string_equal(world_askf(world.boss, XS_WRITE, 0, "/g%u|", domid), "OK|");
    assert_string_equal(world_askf(world.boss, XS_SET_PERMS, 0, "/g%u|n%u|", domid, domid), "OK|");
    return client;
}

static void test_nodes(void **state)
{
    struct client *one = guest(1);
    uint64_t memory;
    uint32_t tx;

    (void)state;
    limit(1, "nodes", 3);
    assert_reply(one, XS_WRITE, 0, "/g1/a|", "OK|");
    memory = used(1, QUOTA_MEMORY);
    assert_reply(one, XS_WRITE, 0, "/g1/b/c|", "!ENOSPC"); /* two, where one is left */
    assert_int_equal(used(1, QUOTA_NODES), 2);
    assert_int_equal(used(1, QUOTA_MEMORY), memory);
    assert_reply(one, XS_MKDIR, 0, "/g1/b|", "OK|");
    assert_reply(one, XS_WRITE, 0, "/g1/b|overwrites", "OK|");
    assert_reply(one, XS_MKDIR, 0, "/g1/c|", "!ENOSPC");
    /* Inside a transaction, what went there makes room. */
    tx = world_txn(one);
    assert_reply(one, XS_MKDIR, tx, "/g1/c|", "!ENOSPC");
    assert_reply(one, XS_RM, tx, "/g1/b|", "OK|");
    assert_reply(one, XS_MKDIR, tx, "/g1/c|", "OK|");
    assert_reply(one, XS_MKDIR, tx, "/g1/d|", "!ENOSPC");
    assert_reply(one, XS_TRANSACTION_END, tx, "T|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 3);
    assert_reply(one, XS_RM, 0, "/g1/a|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 2);
    assert_reply(one, XS_MKDIR, 0, "/g1/e|", "OK|");
    assert_reply(one, XS_MKDIR, 0, "/g1/f|", "!ENOSPC");
}

/* Two transactions, each within the limit, are not both committed. */
static void test_nodes_of_two_transactions(void **state)
{
    struct client *one = guest(1);
    uint32_t a, b;

    (void)state;
    limit(1, "nodes", 2);
    a = world_txn(one);
    b = world_txn(one);
    assert_reply(one, XS_MKDIR, a, "/g1/a|", "OK|");
    assert_reply(one, XS_MKDIR, b, "/g1/b|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 1);
    assert_reply(one, XS_TRANSACTION_END, a, "T|", "OK|");
    assert_reply(one, XS_TRANSACTION_END, b, "T|", "!ENOSPC");
    assert_int_equal(used(1, QUOTA_NODES), 2);
    assert_int_equal(used(1, QUOTA_TRANSACTIONS), 0);
}

/* What is charged to the owner is the owner's, whoever makes it so. */
static void test_given_away(void **state)
{
    struct client *one = guest(1);

    (void)state;
    (void)guest(2);
    assert_reply(one, XS_WRITE, 0, "/g1/a|value", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 2);
    assert_reply(world.boss, XS_SET_PERMS, 0, "/g1/a|n2|b1|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 1);
    assert_int_equal(used(2, QUOTA_NODES), 2);
    limit(2, "memory", used(2, QUOTA_MEMORY) + 1);
    assert_reply(one, XS_WRITE, 0, "/g1/a|value12", "!ENOMEM");
    assert_reply(one, XS_WRITE, 0, "/g1/a|value1", "OK|");
}

static void test_memory(void **state)
{
    struct client *one = guest(1);
    uint64_t start = used(1, QUOTA_MEMORY), node = NODE_CHARGE + 1;

    (void)state;
    limit(1, "memory", start + node + 10);
    assert_reply(one, XS_WRITE, 0, "/g1/a|12345678901", "!ENOMEM");
    assert_int_equal(used(1, QUOTA_MEMORY), start);
    assert_reply(one, XS_WRITE, 0, "/g1/a|1234567890", "OK|");
    assert_int_equal(used(1, QUOTA_MEMORY), start + node + 10);
    limit(1, "memory", start + node + 11); /* less than full: it is listened to */
    assert_reply(one, XS_WRITE, 0, "/g1/a|123456789012", "!ENOMEM");
    assert_reply(one, XS_WRITE, 0, "/g1/a|12345678901", "OK|");
    limit(1, "memory", 0);
    assert_reply(one, XS_WRITE, 0, "/g1/a|", "OK|");
    assert_int_equal(used(1, QUOTA_MEMORY), start + node);
}

/* What is inside of a transaction counts there, all of it together. */
static void test_memory_of_transaction(void **state)
{
    struct client *one = guest(1);
    uint64_t start = used(1, QUOTA_MEMORY), open;
    uint32_t tx = world_txn(one);

    (void)state;
    assert_reply(one, XS_WRITE, tx, "/g1/a|0123456789", "OK|");
    open = used(1, QUOTA_MEMORY);
    assert_true(open > start); /* the record of what it looked at */
    limit(1, "memory", open + NODE_CHARGE + 1 + 15);
    assert_reply(one, XS_WRITE, tx, "/g1/a|0123456789012345", "!ENOMEM");
    assert_reply(one, XS_WRITE, tx, "/g1/a|012345678901234", "OK|");
    assert_int_equal(used(1, QUOTA_MEMORY), open);
    assert_reply(one, XS_TRANSACTION_END, tx, "F|", "OK|");
    assert_int_equal(used(1, QUOTA_MEMORY), start);
}

static void test_node_size(void **state)
{
    struct client *one = guest(1);
    char text[300] = "/g1/a|";

    (void)state;
    limit(1, "node-size", 24 + 8 + 100 + 1); /* head, one permission, value; less than */
    memset(text + 6, 'x', 101);
    assert_reply(one, XS_WRITE, 0, text, "!ENOSPC");
    text[6 + 100] = '\0';
    assert_reply(one, XS_WRITE, 0, text, "OK|");
    /* The names of children count as well: 100 bytes for /g1, of which "a" took 2. */
    strcpy(text, "/g1/");
    memset(text + 4, 'n', 98);
    assert_reply(one, XS_WRITE, 0, strcat(text, "|"), "!ENOSPC");
    strcpy(text + 4 + 97, "|");
    assert_reply(one, XS_WRITE, 0, text, "OK|");
    assert_reply(one, XS_WRITE, 0, "/g1/b|", "!ENOSPC");
}

static void test_watches(void **state)
{
    struct client *one = guest(1);
    uint64_t start = used(1, QUOTA_MEMORY);

    (void)state;
    limit(1, "watches", 2);
    assert_reply(one, XS_WATCH, 0, "/g1|a|", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g1|b|", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g1|b|", "!EEXIST");
    assert_reply(one, XS_WATCH, 0, "/g1|c|", "!E2BIG");
    assert_int_equal(used(1, QUOTA_WATCHES), 2);
    assert_reply(one, XS_UNWATCH, 0, "/g1|a|", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g1|c|", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g1|a|", "!E2BIG");
    assert_reply(one, XS_RESET_WATCHES, 0, "|", "OK|");
    assert_int_equal(used(1, QUOTA_WATCHES), 0);
    assert_int_equal(used(1, QUOTA_MEMORY), start);
}

static void test_transactions(void **state)
{
    struct client *one = guest(1);
    uint32_t a, b;

    (void)state;
    limit(1, "transactions", 2);
    a = world_txn(one);
    b = world_txn(one);
    assert_reply(one, XS_TRANSACTION_START, 0, "|", "!ENOSPC");
    assert_reply(one, XS_TRANSACTION_END, a, "F|", "OK|");
    a = world_txn(one);
    /* A conflict is an end as well. */
    assert_reply(one, XS_WRITE, b, "/g1|theirs", "OK|");
    assert_reply(world.boss, XS_WRITE, 0, "/g1|ours", "OK|");
    assert_reply(one, XS_TRANSACTION_END, b, "T|", "!EAGAIN");
    assert_int_equal(used(1, QUOTA_TRANSACTIONS), 1);
    (void)world_txn(one);
    assert_reply(one, XS_TRANSACTION_START, 0, "|", "!ENOSPC");
    assert_reply(one, XS_TRANSACTION_END, a, "F|", "OK|");
}

static void test_transaction_nodes(void **state)
{
    struct client *one = guest(1);
    uint32_t tx = world_txn(one);

    (void)state;
    limit(1, "transaction-nodes", 2);
    assert_reply(one, XS_READ, tx, "/g1|", "");
    assert_reply(world.boss, XS_WRITE, 0, "/g1/a|1", "OK|");
    assert_reply(world.boss, XS_WRITE, 0, "/g1/b|2", "OK|");
    assert_reply(one, XS_TRANSACTION_END, tx, "F|", "OK|");
    tx = world_txn(one);
    assert_reply(one, XS_READ, tx, "/g1/a|", "1");
    assert_reply(one, XS_READ, tx, "/g1/b|", "2");
    assert_reply(one, XS_READ, tx, "/g1/a|", "1"); /* known already */
    assert_reply(one, XS_READ, tx, "/g1|", "!ENOSPC");
    assert_reply(one, XS_TRANSACTION_END, tx, "F|", "OK|");
}

static void test_perms_and_path(void **state)
{
    struct client *one = guest(1);

    (void)state;
    limit(1, "permissions", 2);
    assert_reply(one, XS_SET_PERMS, 0, "/g1|n1|r2|r3|", "!ENOSPC");
    assert_reply(one, XS_SET_PERMS, 0, "/g1|n1|r2|", "OK|");
    limit(1, "path-max", 6);
    assert_reply(one, XS_WRITE, 0, "/g1/abc|", "!EINVAL");
    assert_reply(one, XS_WRITE, 0, "/g1/ab|", "OK|");
}

/* Replies that are not read: no more requests are taken than the limit says, none is lost. */
static void test_outstanding(void **state)
{
    struct client *one = guest(1);

    (void)state;
    limit(1, "outstanding", 3);
    one->room = 0;
    for (unsigned int i = 0; i < 10; i++) {
        world_send(one, XS_READ, 0, "/g1|");
        world_run(one);
    }
    assert_int_equal(used(1, QUOTA_OUTSTANDING), 3);
    assert_false(conn_wants_in(one->conn));
    one->room = sizeof(struct xsd_sockmsg); /* one reply */
    conn_flush(one->conn);
    assert_int_equal(used(1, QUOTA_OUTSTANDING), 2);
    world_run(one);
    assert_int_equal(used(1, QUOTA_OUTSTANDING), 3);
    one->room = SIZE_MAX;
    conn_flush(one->conn);
    world_run(one);
    assert_int_equal(used(1, QUOTA_OUTSTANDING), 0);
    assert_int_equal(one->out_len, 10 * sizeof(struct xsd_sockmsg)); /* of empty replies */
}

/* Events that are not read: cut off when they are too many, and nothing of it stays charged. */
static void test_unread_events(void **state)
{
    struct client *one = guest(1);
    unsigned int n = 0;

    (void)state;
    assert_reply(one, XS_WATCH, 0, "/g1|token|", "OK|");
    (void)world_events(one);
    limit(1, "memory", used(1, QUOTA_MEMORY) + 2000);
    one->room = 0;
    while (!one->broken) {
        assert_true(n++ < 1000);
        assert_string_equal(world_askf(world.boss, XS_WRITE, 0, "/g1/%u|", n), "OK|");
        assert_true(used(1, QUOTA_MEMORY) <= quota_limit(&one->conn->domain->quota, QUOTA_MEMORY));
        assert_string_equal(world_askf(world.boss, XS_SET_PERMS, 0, "/g1/%u|n0|", n), "OK|");
    }
    assert_true(n > 10);
    assert_reply(world.boss, XS_IS_DOMAIN_INTRODUCED, 0, "1|", "T|"); /* its record is there */
    assert_reply(world.boss, XS_READ, 0, "/g1|", "");
}

/* A domain's end, with everything open. */
static void test_death(void **state)
{
    struct client *one = guest(1);
    uint32_t tx;

    (void)state;
    assert_reply(world.boss, XS_SET_PERMS, 0, "/|b0|", "OK|");
    assert_reply(one, XS_WRITE, 0, "/mine/deep|x", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g1|token|", "OK|");
    tx = world_txn(one);
    assert_reply(one, XS_WRITE, tx, "/g1/open|x", "OK|");
    one->room = 0;
    world_send(one, XS_READ, 0, "/g1|");
    world_run(one);
    world.state[1] = DOMAIN_ABSENT;
    store_check_domains(&world.store);
    store_collect(&world.store);
    assert_null(domain_find(&world.store.domains, 1));
    assert_reply(world.boss, XS_READ, 0, "/mine/deep|", "!ENOENT");
}

/* The root is nobody's: what is done to it is charged to nobody. */
static void test_root(void **state)
{
    (void)state;
    (void)guest(1);
    assert_reply(world.boss, XS_WRITE, 0, "/|value", "OK|");
    assert_int_equal(used(0, QUOTA_MEMORY), 0);
    assert_reply(world.boss, XS_SET_PERMS, 0, "/|n1|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 1);
    assert_reply(world.boss, XS_SET_PERMS, 0, "/|n0|", "OK|");
    assert_int_equal(used(1, QUOTA_NODES), 1);
    assert_int_equal(store_check(&world.store), 0);
}

/* The check sees what is not so, and says when it could not look. */
static void test_check(void **state)
{
    struct quota *quota = &world_guest(1)->conn->domain->quota;
    struct node *node;
    uint64_t allocations;

    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        assert_string_equal(world_askf(world.boss, XS_WRITE, 0, "/n/%u/%u|x", i % 3, i), "OK|");
    }
    assert_reply(world.boss, XS_SET_PERMS, 0, "/n/1|n1|", "OK|");
    allocations = mem_count();
    assert_int_equal(store_check(&world.store), 0);
    allocations = mem_count() - allocations;
    assert_true(allocations >= 1);
    for (uint64_t n = 1; n <= allocations; n++) {
        mem_fail_at(n);
        assert_int_equal(store_check(&world.store), -ENOMEM);
        mem_fail_at(0);
    }
    quota->used[QUOTA_NODES]++;
    assert_int_equal(store_check(&world.store), 1);
    mem_fail_at(1);
    assert_int_equal(store_check(&world.store), -ENOMEM);
    quota->used[QUOTA_NODES]--;
    node = tree_find(&world.store.tree, "/n/1", 4);
    node_kids(node)->names++;
    assert_int_equal(store_check(&world.store), 1);
    node_kids(node)->names--;
    *(char *)(uintptr_t)node_name(node) = '2'; /* nobody finds it by that name */
    assert_true(store_check(&world.store) > 0);
    *(char *)(uintptr_t)node_name(node) = '1';
    assert_int_equal(store_check(&world.store), 0);
}

static void test_number_as_long_as_it_gets(void **state)
{
    struct client *one = guest(1);

    (void)state;
    assert_reply(one, XS_GET_DOMAIN_PATH, 0, "4294967295|", "/local/domain/4294967295|");
    assert_reply(one, XS_GET_DOMAIN_PATH, 0, "-1|", "/local/domain/4294967295|");
}

#define limits_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        limits_test(test_nodes),
        limits_test(test_nodes_of_two_transactions),
        limits_test(test_given_away),
        limits_test(test_memory),
        limits_test(test_memory_of_transaction),
        limits_test(test_node_size),
        limits_test(test_watches),
        limits_test(test_transactions),
        limits_test(test_transaction_nodes),
        limits_test(test_perms_and_path),
        limits_test(test_outstanding),
        limits_test(test_unread_events),
        limits_test(test_death),
        limits_test(test_root),
        limits_test(test_check),
        limits_test(test_number_as_long_as_it_gets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
