/* SPDX-License-Identifier: Apache-2.0 */
/* Children that are hung up all at once, and their order; states whose nodes come in any order. */
#include "store_world.h"

#include <errno.h>

#include "xenstored/state.h"

#define MANY 3000u

static struct tree_env env;
static struct perm_set *perms;

static int setup(void **state)
{
    struct perm dom0 = {.domid = DOMID_DOM0};

    (void)state;
    memset(&env, 0, sizeof(env));
    assert_int_equal(pool_init(), 0);
    assert_int_equal(table_init(&env.perms), 0);
    perms = perm_intern(&env.perms, &dom0, 1);
    assert_non_null(perms);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    perm_put(&env.perms, perms);
    assert_int_equal(env.perms.count, 0);
    assert_int_equal(env.nodes, 0);
    assert_int_equal(env.bytes, 0);
    assert_int_equal(pool_count(), 0);
    table_free(&env.perms);
    return 0;
}

static uint64_t plain(const char *name, uint32_t i)
{
    (void)i;
    return hash_bytes(name, strlen(name));
}

/* Up to five share all but the last bits: a chain of tries down to the last level. */
static uint64_t alike(const char *name, uint32_t i)
{
    (void)name;
    return (uint64_t)(i % 5) << 61 | (i / 5) * 0x9e3779b97f4a7c15 >> 4;
}

/* All have all but four bits in common. */
static uint64_t deep(const char *name, uint32_t i)
{
    (void)name;
    return (uint64_t)i << 60;
}

static uint32_t leaf(const char *name, size_t len, const char *value, uint64_t gen)
{
    struct node *node = node_new(&env, false, name, len, value, strlen(value), perms, gen);

    assert_non_null(node);
    return pool_ref(node);
}

static struct node *inner(void)
{
    struct node *node = node_new(&env, true, "p", 1, "", 0, perms, 0);

    assert_non_null(node);
    return node;
}

static void names(struct new_kid *kid, uint32_t n, uint64_t (*hash)(const char *name, uint32_t i))
{
    for (uint32_t i = 0; i < n; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "n%u", i);
        kid[i].hash = hash(name, i);
        kid[i].node = leaf(name, strlen(name), "v", i);
    }
}

static void put_rest(const struct new_kid *kid, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (kid[i].node != 0) {
            node_put(&env, node_at(kid[i].node));
        }
    }
}

static void build(uint32_t n, uint64_t (*hash)(const char *name, uint32_t i))
{
    static struct new_kid kid[MANY];
    static struct node *listed[MANY];
    struct node *parent = inner();

    names(kid, n, hash);
    assert_int_equal(kids_build(parent, kid, n, 77), 0);
    assert_int_equal(node_kids(parent)->count, n);
    assert_int_equal(node_kids(parent)->gen, 77);
    kids_list(node_kids(parent), listed);
    for (uint32_t i = 0; i < n; i++) {
        char name[16];

        assert_int_equal(kid[i].node, 0);
        (void)snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(listed[i]->name_len, strlen(name));
        assert_memory_equal(node_name(listed[i]), name, strlen(name));
        assert_ptr_equal(trie_find(node_kids(parent)->top, hash(name, i), name, strlen(name)),
                         listed[i]);
    }
    assert_null(trie_find(node_kids(parent)->top, hash("no", n), "no", 2));
    /* Now they may go one by one. */
    for (uint32_t i = 0; i < n; i += 3) {
        struct node *out;
        char name[16];

        (void)snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(trie_del(&node_kids(parent)->top, hash(name, i), &out), 0);
        assert_ptr_equal(out, listed[i]);
        node_put(&env, out);
    }
    node_put(&env, parent);
}

static void test_build(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 200; n++) {
        build(n, plain);
        build(n, alike);
    }
    build(MANY, plain);
    build(MANY, alike);
    for (uint32_t n = 1; n <= 16; n++) {
        build(n, deep);
    }
}

/* Two of one name, and two of one hash, in the company of others. */
static void test_collisions(void **state)
{
    struct new_kid kid[40];

    (void)state;
    for (uint32_t n = 2; n <= array_len(kid); n++) {
        for (int same_name = 0; same_name < 2; same_name++) {
            struct node *parent = inner();

            names(kid, n, plain);
            kid[n - 1].hash = kid[n / 3].hash;
            if (same_name) {
                const struct node *other = node_at(kid[n / 3].node);

                node_put(&env, node_at(kid[n - 1].node));
                kid[n - 1].node = leaf(node_name(other), other->name_len, "w", 0);
            }
            assert_int_equal(kids_build(parent, kid, n, 1), same_name ? -EEXIST : -ENOSPC);
            put_rest(kid, n);
            node_put(&env, parent);
        }
    }
}

static void test_no_memory(void **state)
{
    static struct new_kid kid[300];
    uint64_t n = 0;
    int err;

    (void)state;
    do {
        struct node *parent = inner();

        names(kid, array_len(kid), plain);
        mem_fail_at(++n);
        err = kids_build(parent, kid, array_len(kid), 1);
        mem_fail_at(0);
        assert_true(err == 0 || err == -ENOMEM);
        put_rest(kid, array_len(kid));
        node_put(&env, parent);
    } while (err != 0);
    assert_in_range(n, 20, 1000);
}

/* Oldest first, whatever went, and even when the numbers have come round. */
static void test_order(void **state)
{
    struct node *listed[100];
    struct tree tree;
    uint32_t left;

    (void)state;
    assert_int_equal(tree_init(&tree, &env, perms), 0);
    for (uint32_t i = 0; i < 100; i++) {
        char path[16];

        (void)snprintf(path, sizeof(path), "/n%u", i * 37 % 100);
        assert_int_equal(tree_add(&tree, path, strlen(path), "", 0, perms, i), 0);
    }
    for (uint32_t gone = 0; gone < 100; gone++) {
        char path[16];

        kids_list(node_kids(tree_root(&tree)), listed);
        left = node_kids(tree_root(&tree))->count;
        assert_int_equal(left, 100 - gone);
        for (uint32_t i = 1; i < left; i++) {
            assert_true(listed[i - 1]->gen < listed[i]->gen);
        }
        (void)snprintf(path, sizeof(path), "/n%u", gone * 59 % 100);
        assert_int_equal(tree_remove(&tree, path, strlen(path), 0), 0);
    }
    tree_free(&tree);
}

static void test_same_number_twice(void **state)
{
    struct new_kid kid[40];
    struct node *listed[40], *parent = inner();

    (void)state;
    names(kid, array_len(kid), plain);
    assert_int_equal(kids_build(parent, kid, array_len(kid), 1), 0);
    kids_list(node_kids(parent), listed);
    listed[20]->seq = 10;
    kids_list(node_kids(parent), listed); /* comes to an end */
    for (uint32_t i = 1; i < array_len(kid); i++) {
        assert_true(listed[i - 1]->seq <= listed[i]->seq);
    }
    node_put(&env, parent);
}

/* Values and names that are too long for a node's own memory, in one tree and in a snapshot of it.
 */
static void test_far(void **state)
{
    static const uint16_t len[] = {0, 1, 7, 8, 9, 440, 470, 480, 488, 489, 500, 4096, 5, 490, 3};
    static char path[PATH_ABS_MAX + 1], value[XENSTORE_PAYLOAD_MAX];
    struct tree tree, before;
    size_t was = 0;

    (void)state;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    assert_int_equal(tree_init(&tree, &env, perms), 0);
    for (size_t name = 2; name < PATH_ABS_MAX; name += name < 600 ? 13 : 700) {
        assert_int_equal(tree_add(&tree, path, name, "", 0, perms, 1), 0);
        was = 0;
        for (size_t i = 0; i < array_len(len); i++) {
            const struct node *node;

            tree_share(&before, &tree);
            memset(value, (int)('a' + i), sizeof(value));
            assert_int_equal(tree_set_value(&tree, path, name, value, len[i], i), 0);
            node = tree_find(&tree, path, name);
            assert_int_equal(node->value_len, len[i]);
            assert_memory_equal(node_value(node), value, len[i]);
            assert_memory_equal(node_name(node), path + 1, name - 1);
            node = tree_find(&before, path, name);
            assert_int_equal(node->value_len, was);
            assert_true(was == 0 || node_value(node)[was - 1] == (char)('a' + i - 1));
            was = len[i];
            if (i % 2 == 0) {
                tree_free(&before);
                assert_int_equal(tree_set_value(&tree, path, name, value, was, i), 0);
            } else {
                tree_free(&tree);
                tree = before;
                assert_int_equal(tree_set_value(&tree, path, name, value, was, i), 0);
            }
        }
        if (name + 2 < PATH_ABS_MAX) { /* it gets a child */
            path[name] = '/';
            assert_int_equal(tree_add(&tree, path, name + 2, "", 0, perms, 1), 0);
            path[name] = 'x';
            assert_memory_equal(node_value(tree_find(&tree, path, name)), value, was);
        }
    }
    tree_free(&tree);
}

/* --- States ---------------------------------------------------------------------------------- */

static const struct state_edge plain_edge = {.version = 2, .listener = -1, .channels = -1};

struct record {
    const uint8_t *at;
    size_t len;
    unsigned int depth, rank; /* components; how many of its siblings come before */
    const char *path;
};

static unsigned int depth_of(const char *path)
{
    unsigned int n = 0;

    for (; path[0] != '\0' && path[1] != '\0'; path++) {
        n += *path == '/';
    }
    return n;
}

static unsigned int rank_of(const struct record *record, size_t n, const char *path)
{
    size_t parent = path_parent(path, strlen(path));
    unsigned int rank = 0;

    for (size_t i = 0; i < n; i++) {
        rank += path_parent(record[i].path, strlen(record[i].path)) == parent &&
                memcmp(record[i].path, path, parent) == 0;
    }
    return rank;
}

/* The nodes' records; what comes before and after them stays where it is. */
static size_t find_nodes(const struct bytes *bytes, struct record *record, size_t room)
{
    size_t n = 0;

    for (size_t at = sizeof(struct state_header); at < bytes->len;) {
        struct state_record head;
        struct state_node body;
        const char *path;

        memcpy(&head, bytes->data + at, sizeof(head));
        if (head.type == STATE_NODE) {
            memcpy(&body, bytes->data + at + sizeof(head), sizeof(body));
            path = (const char *)bytes->data + at + sizeof(head) + sizeof(body) +
                   body.perms * sizeof(struct state_perm);
            if (path[0] == '/' && body.connection == 0) {
                assert_true(n < room);
                record[n] = (struct record){bytes->data + at, sizeof(head) + head.len,
                                            depth_of(path), rank_of(record, n, path), path};
                n++;
            }
        }
        at += sizeof(head) + head.len;
    }
    return n;
}

static void fill_store(void)
{
    (void)world_guest(1);
    for (unsigned int i = 0; i < 400; i++) {
        assert_string_equal(
            world_askf(world.boss, XS_WRITE, 0, "/a%u/b%u/c%u|%u", i % 3, i % 7, i, i), "OK|");
        if (i % 11 == 0) {
            assert_string_equal(
                world_askf(world.boss, XS_SET_PERMS, 0, "/a%u/b%u|n1|", i % 3, i % 7), "OK|");
        }
    }
}

/* Loads the state with its nodes in another order; what the store has then, dumped. */
static int load_in_order(const struct bytes *bytes, const struct record *record, size_t n,
                         const struct bytes *compare)
{
    static const struct store_edge edge;
    struct state_found found;
    struct store store;
    struct bytes again = {.data = NULL};
    uint8_t *copy = malloc(bytes->len);
    size_t first = (size_t)(record[0].at - bytes->data), at;
    int err;

    for (size_t i = 1; i < n; i++) {
        first = (size_t)(record[i].at - bytes->data) < first ? (size_t)(record[i].at - bytes->data)
                                                             : first;
    }
    memcpy(copy, bytes->data, bytes->len);
    at = first;
    for (size_t i = 0; i < n; i++) {
        memcpy(copy + at, record[i].at, record[i].len);
        at += record[i].len;
    }
    assert_int_equal(store_init(&store, &edge), 0);
    err = state_load(&store, copy, bytes->len, NULL, &found);
    if (err == 0) {
        assert_int_equal(found.nodes, n);
        assert_int_equal(store_check(&store), 0);
        store.gen = world.store.gen;
        assert_int_equal(state_dump(&store, &plain_edge, &again), 0);
        assert_int_equal(again.len, compare->len);
        assert_memory_equal(again.data, compare->data, again.len);
        bytes_free(&again);
    }
    store_free(&store);
    free(copy);
    return err;
}

static int by_depth(const void *a, const void *b)
{
    const struct record *x = a, *y = b;

    return x->depth != y->depth ? (x->depth > y->depth) - (x->depth < y->depth)
                                : (x->at > y->at) - (x->at < y->at);
}

static int in_turns(const void *a, const void *b)
{
    const struct record *x = a, *y = b;

    return x->depth == y->depth && x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
                                                      : by_depth(a, b);
}

static void test_other_order(void **state)
{
    struct bytes bytes = {.data = NULL};
    struct record record[600], moved;
    size_t n, twin = 1;

    (void)state;
    fill_store();
    assert_int_equal(state_dump(&world.store, &plain_edge, &bytes), 0);
    n = find_nodes(&bytes, record, array_len(record));
    assert_int_equal(n, 1 + 3 + 21 + 400);
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), 0);
    qsort(record, n, sizeof(record[0]), by_depth);
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), 0);
    /* A child of one node, then a child of another: the first has got children when its next comes.
     */
    qsort(record, n, sizeof(record[0]), in_turns);
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), 0);
    /* The same node twice, at once and later. */
    while (record[n - 1 - twin].len != record[n - 1].len) {
        twin++;
    }
    moved = record[n - 1];
    record[n - 1] = record[n - 1 - twin];
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), -EINVAL);
    record[n - 1] = moved;
    qsort(record, n, sizeof(record[0]), by_depth);
    while (record[n - twin].len != record[n - 1 - twin].len) {
        twin++;
    }
    moved = record[n - twin];
    record[n - twin] = record[n - 1 - twin];
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), -EINVAL);
    record[n - twin] = moved;
    /* A node before its parent. */
    moved = record[1];
    memmove(&record[1], &record[2], (n - 2) * sizeof(record[0]));
    record[n - 1] = moved;
    assert_int_equal(load_in_order(&bytes, record, n, &bytes), -EINVAL);
    bytes_free(&bytes);
}

/* The stream says how many nodes there are. */
static void test_missing(void **state)
{
    struct bytes bytes = {.data = NULL};
    struct record record[600];
    struct state_found found;
    struct store store;
    static const struct store_edge edge;
    size_t n;

    (void)state;
    fill_store();
    assert_int_equal(state_dump(&world.store, &plain_edge, &bytes), 0);
    n = find_nodes(&bytes, record, array_len(record));
    for (size_t i = n - 1; i > n - 4; i--) {
        uint8_t *gone = bytes.data + (record[i].at - bytes.data);

        bytes.len -= record[i].len;
        memmove(gone, gone + record[i].len, bytes.len - (size_t)(gone - bytes.data));
        assert_int_equal(store_init(&store, &edge), 0);
        assert_int_equal(state_load(&store, bytes.data, bytes.len, NULL, &found), -EINVAL);
        assert_string_equal(found.why, "nodes are missing");
        store_free(&store);
    }
    bytes_free(&bytes);
    /* With a transaction, which may have nodes of its own, it is not known. */
    assert_reply(world.boss, XS_WRITE, world_txn(world.boss), "/in/it|x", "OK|");
    assert_int_equal(state_dump(&world.store, &plain_edge, &bytes), 0);
    assert_int_equal(store_init(&store, &edge), 0);
    assert_int_equal(state_load(&store, bytes.data, bytes.len, NULL, &found), 0);
    store_free(&store);
    bytes_free(&bytes);
}

#define tree_test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
#define state_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        tree_test(test_build),        tree_test(test_collisions),        tree_test(test_no_memory),
        tree_test(test_order),        tree_test(test_same_number_twice), tree_test(test_far),
        state_test(test_other_order), state_test(test_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
