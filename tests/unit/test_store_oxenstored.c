/* SPDX-License-Identifier: Apache-2.0 */
/* oxenstored's dump: what it becomes; cut short and changed at every byte, it is refused or loaded,
 * and nothing else happens (this runs with sanitizers). */
#include "store_world.h"

#include "xenstored/oxenstored.h"

static const char dump[] = "$xenstored-dump-format\n"
                           "global,3\n"
                           "evtchn-dev,5,1\n"
                           "dom,0,0,1,4097\n"
                           "dom,1,10,3,8195\n"
                           "watch,1,4072656c65617365446f6d61696e,74\n"
                           "watch,1,64617461,746f6b656e\n"
                           "socket,7\n"
                           "watch,-7,2f68,68\n"
                           "store,2f,6e30,\n"
                           "store,2f61,6e31007232,760a2c616c7565\n"
                           "store,2f612f62,7231,00ff\n"
                           "store,2f4072656c65617365446f6d61696e,6e30,\n";

/* Whether a store came of it, which is then whole. */
static bool loads(const char *text, size_t len, struct oxenstored *found,
                  void (*look)(struct store *store))
{
    static const struct store_edge edge = {.now = NULL};
    char *copy = malloc(len + 1); /* its end is the end of what may be read */
    struct state_found in_state;
    struct store store;
    struct bytes bytes;
    int err;

    assert_non_null(copy);
    memcpy(copy, text, len);
    copy = realloc(copy, len != 0 ? len : 1);
    err = oxenstored_to_state(copy, len, &bytes, found);
    free(copy);
    if (err != 0) {
        assert_null(bytes.data);
        assert_non_null(found->why);
        return false;
    }
    assert_int_equal(store_init(&store, &edge), 0);
    err = state_load(&store, bytes.data, bytes.len, NULL, &in_state);
    bytes_free(&bytes);
    if (err == 0) {
        assert_int_equal(store_check(&store), 0);
        if (look != NULL) {
            look(&store);
        }
    }
    store_free(&store);
    return err == 0;
}

static void look(struct store *store)
{
    struct conn *conn, *after;
    unsigned int rings = 0, sockets = 0;

    list_for_each_entry(conn, after, &store->conns, struct conn, link)
    {
        rings += conn->kind == CONN_RING;
        sockets += conn->kind == CONN_SOCKET;
    }
    assert_int_equal(rings, 2);
    assert_int_equal(sockets, 1);
    assert_int_equal(domain_find(&store->domains, 1)->port, 8195);
}

static void test_whole(void **state)
{
    struct oxenstored found;

    (void)state;
    assert_true(loads(dump, sizeof(dump) - 1, &found, look));
    assert_int_equal(found.virq, 1);
    assert_int_equal(found.line, 13);
}

static void test_cut(void **state)
{
    struct oxenstored found;
    size_t loaded = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(dump) - 1; len++) {
        loaded += loads(dump, len, &found, NULL);
    }
    /* A cut at the end of a line, or in the last value or number, cannot be seen. */
    assert_in_range(loaded, 8, 60);
}

static void test_changed(void **state)
{
    static const char others[] = {',', '\n', '0', 'f', '-', '\0', (char)0xff, 'n'};
    char text[sizeof(dump)];
    struct oxenstored found;
    size_t refused = 0, tried = 0;

    (void)state;
    for (size_t at = 0; at < sizeof(dump) - 1; at++) {
        for (size_t i = 0; i < array_len(others); i++) {
            memcpy(text, dump, sizeof(dump));
            text[at] = others[i];
            tried++;
            refused += !loads(text, sizeof(dump) - 1, &found, NULL);
        }
    }
    assert_true(refused > tried / 2);
}

static void test_no_memory(void **state)
{
    struct oxenstored found;
    struct bytes bytes;

    (void)state;
    mem_fail_at(1);
    assert_int_equal(oxenstored_to_state(dump, sizeof(dump) - 1, &bytes, &found), -ENOMEM);
    mem_fail_at(0);
    assert_null(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
