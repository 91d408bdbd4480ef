/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of each kind of request fails once, outside of a transaction, inside of one, and
 * at its end. A request that fails has changed nothing; made again, it does what it would have.
 */
#include "store_world.h"

struct step {
    const char *name;
    uint32_t type;
    bool guest; /* asked by domain 1, else by dom0 */
    const char *text;
};

/* Each is asked for in the store that prepare() makes. */
static const struct step steps[] = {
    {"read", XS_READ, true, "/g/a|"},
    {"directory", XS_DIRECTORY, true, "/g|"},
    {"part of a directory", XS_DIRECTORY_PART, false, "/g|0|"},
    {"get perms", XS_GET_PERMS, true, "/g/a|"},
    {"get special perms", XS_GET_PERMS, false, "@releaseDomain|"},
    {"overwrite", XS_WRITE, true, "/g/a|another value, which is longer"},
    {"overwrite by the same", XS_WRITE, true, "/g/a|1"},
    {"create", XS_WRITE, true, "/g/new|x"},
    {"create a chain", XS_WRITE, true, "/g/x/y/z|deep"},
    {"mkdir", XS_MKDIR, true, "/g/m/n|"},
    {"remove a leaf", XS_RM, true, "/g/a|"},
    {"remove a subtree", XS_RM, true, "/g/b|"},
    {"remove what many own", XS_RM, false, "/g|"},
    {"remove nothing", XS_RM, true, "/g/nothing|"},
    {"set perms", XS_SET_PERMS, true, "/g/a|n1|r2|b3|"},
    {"give away", XS_SET_PERMS, false, "/g/b/c|n2|"},
    {"special perms", XS_SET_PERMS, false, "@releaseDomain|n0|r1|"},
    {"watch", XS_WATCH, true, "/g/a|token|"},
    {"special watch", XS_WATCH, false, "@introduceDomain|token|"},
    {"unwatch", XS_UNWATCH, true, "/g|own|"},
    {"reset", XS_RESET_WATCHES, true, "|"},
    {"start", XS_TRANSACTION_START, true, "|"},
    {"introduce", XS_INTRODUCE, false, "9|1|1|"},
    {"release", XS_RELEASE, false, "2|"},
    {"target", XS_SET_TARGET, false, "1|2|"},
    {"feature", XS_SET_FEATURE, false, "8|3|"},
    {"quota", XS_SET_QUOTA, false, "1|nodes|50|"},
    {"quotas", XS_GET_QUOTA, false, "|"},
    {"one quota", XS_GET_QUOTA, false, "1|nodes|"},
    {"path of a domain", XS_GET_DOMAIN_PATH, true, "1|"},
    {"is introduced", XS_IS_DOMAIN_INTRODUCED, false, "1|"},
    {"resume", XS_RESUME, false, "1|"},
    {"feature of a domain", XS_GET_FEATURE, false, "1|"},
    {"no such type", WIRE_TYPES, true, "|"},
};

/* Of the others, test_commit() and test_abort() have one; XS_CONTROL is the edge's. */
static void test_all_types_are_there(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < WIRE_TYPES; type++) {
        bool found = type == XS_CONTROL || type == XS_TRANSACTION_END || type == XS_WATCH_EVENT ||
                     type == XS_ERROR || strcmp(wire_name(type), "**UNKNOWN**") == 0;

        for (size_t i = 0; i < array_len(steps); i++) {
            found = found || steps[i].type == type;
        }
        if (!found) {
            fail_msg("%s has no step", wire_name(type));
        }
    }
}

static void prepare(void)
{
    struct client *one, *two;

    world_start();
    one = world_guest(1);
    two = world_guest(2);
    assert_reply(world.boss, XS_WRITE, 0, "/g|top", "OK|");
    assert_reply(world.boss, XS_SET_PERMS, 0, "/g|b1|", "OK|");
    assert_reply(one, XS_WRITE, 0, "/g/a|1", "OK|");
    assert_reply(one, XS_WRITE, 0, "/g/b/c|2", "OK|");
    assert_reply(two, XS_WRITE, 0, "/g/b/two|2", "OK|");
    assert_reply(one, XS_WATCH, 0, "/g|own|", "OK|");
    assert_reply(world.boss, XS_WATCH, 0, "/|boss|", "OK|");
    assert_reply(world.boss, XS_WATCH, 0, "@releaseDomain|boss|", "OK|");
    (void)world_events(one);
    (void)world_events(two);
    (void)world_events(world.boss);
    /* Buffers for requests exist from now on. */
    assert_reply(world.boss, XS_READ, 0, "/g|", "top");
}

static struct client *who(const struct step *step)
{
    return step->guest ? world_guest(1) : world.boss;
}

static const char *ask(const struct step *step, uint32_t tx)
{
    const char *reply = world_ask(who(step), step->type, tx, step->text);

    assert_non_null(reply);
    return reply;
}

/* What a request, made inside of a transaction or not, does when nothing fails. */
static void expect(const struct step *step, bool inside, char *reply, char **after, char **events)
{
    prepare();
    strcpy(reply, ask(step, inside ? world_txn(who(step)) : 0));
    *after = world_dump();
    *events = strdup(world_events(world.boss));
    world_end();
}

static bool failed_for_memory(const char *reply)
{
    return strcmp(reply, "!ENOMEM") == 0;
}

/* What a domain left behind may go, and be told of, later than the domain. */
static void same_events(const struct step *step, const char *seen, const char *expected)
{
    if (step->type == XS_RELEASE) {
        assert_int_equal(strlen(seen), strlen(expected));
    } else {
        assert_string_equal(seen, expected);
    }
}

static void every_allocation(const struct step *step, bool inside)
{
    char expected[2 * XENSTORE_PAYLOAD_MAX], *after, *events;
    bool failed = true;

    expect(step, inside, expected, &after, &events);
    for (uint64_t n = 1; failed; n++) {
        uint64_t start;
        char *before, *now;
        uint32_t tx;

        assert_true(n < 1000);
        prepare();
        tx = inside ? world_txn(who(step)) : 0;
        before = world_dump();
        start = mem_count();
        mem_fail_at(n);
        if (failed_for_memory(ask(step, tx))) {
            mem_fail_at(0);
            now = world_dump();
            if (!inside) {
                assert_string_equal(now, before);
                assert_string_equal(world_events(world.boss), "");
            }
            free(now);
            if (strcmp(ask(step, tx), expected) != 0) {
                fail_msg("%s, allocation %u: then %s", step->name, (unsigned int)n,
                         who(step)->reply);
            }
        } else {
            assert_string_equal(who(step)->reply, expected);
            failed = mem_count() - start >= n; /* one that does not matter failed */
        }
        mem_fail_at(0);
        store_check_domains(&world.store); /* does what there was no memory for */
        now = world_dump();
        if (!inside) {
            assert_string_equal(now, after);
            same_events(step, world_events(world.boss), events);
        }
        free(before);
        free(now);
        world_end();
    }
    free(after);
    free(events);
}

static void test_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_len(steps); i++) {
        every_allocation(&steps[i], false);
    }
}

static void test_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_len(steps); i++) {
        if (steps[i].type != XS_TRANSACTION_START && steps[i].type != XS_RESET_WATCHES &&
            steps[i].type != XS_INTRODUCE && steps[i].type != XS_RELEASE) {
            every_allocation(&steps[i], true);
        }
    }
}

/* A change that failed is none: not when others move the store meanwhile, and the rest commits. */
static bool commit_after_failure(const struct step *step, uint64_t n, const char *after,
                                 const char *events)
{
    struct client *client;
    char *now;
    uint32_t tx;
    bool failed;

    prepare();
    client = who(step);
    tx = world_txn(client);
    assert_string_equal(world_ask(client, XS_DIRECTORY, tx, "/g|"), "a|b|"); /* it has begun */
    mem_fail_at(n);
    failed = failed_for_memory(ask(step, tx));
    mem_fail_at(0);
    if (failed) {
        assert_reply(world.boss, XS_WRITE, 0, "/apart|x", "OK|");
        (void)world_events(world.boss);
        assert_reply(client, XS_TRANSACTION_END, tx, "T|", "OK|");
        assert_int_equal(store_check(&world.store), 0);
        now = world_dump();
        assert_string_equal(now, after);
        assert_string_equal(world_events(world.boss), events);
        free(now);
    }
    world_end();
    return failed;
}

static void test_commit_after_failure(void **state)
{
    char *after;

    (void)state;
    prepare();
    assert_reply(world.boss, XS_WRITE, 0, "/apart|x", "OK|");
    after = world_dump();
    world_end();
    for (size_t i = 0; i < array_len(steps); i++) {
        bool changes = steps[i].type == XS_WRITE || steps[i].type == XS_MKDIR ||
                       steps[i].type == XS_RM || steps[i].type == XS_SET_PERMS;

        for (uint64_t n = 1; changes && commit_after_failure(&steps[i], n, after, ""); n++) {
        }
    }
    free(after);
}

/* A transaction that does all, up to its end. `moved`: the store changed meanwhile. */
static uint32_t long_transaction(struct client *one, bool moved)
{
    uint32_t tx = world_txn(one);

    assert_reply(one, XS_WRITE, tx, "/g/a|changed", "OK|");
    assert_reply(one, XS_WRITE, tx, "/g/new/deep/er|x", "OK|");
    assert_reply(one, XS_RM, tx, "/g/b|", "OK|");
    assert_reply(one, XS_WRITE, tx, "/g/b/again|y", "OK|");
    assert_reply(one, XS_SET_PERMS, tx, "/g/b|n1|r2|", "OK|");
    if (moved) {
        assert_reply(world.boss, XS_WRITE, 0, "/elsewhere/far|z", "OK|");
        assert_reply(world.boss, XS_WRITE, 0, "/g/sibling|z", "OK|");
    }
    (void)world_events(world.boss);
    return tx;
}

static void every_allocation_of_commit(bool moved)
{
    char *after, *events;
    bool failed = true;

    prepare();
    assert_reply(world_guest(1), XS_TRANSACTION_END, long_transaction(world_guest(1), moved), "T|",
                 "OK|");
    after = world_dump();
    events = strdup(world_events(world.boss));
    world_end();
    for (uint64_t n = 1; failed; n++) {
        struct client *one;
        uint64_t start;
        char *now, *again;
        uint32_t tx;

        assert_true(n < 1000);
        prepare();
        one = world_guest(1);
        tx = long_transaction(one, moved);
        start = mem_count();
        mem_fail_at(n);
        if (failed_for_memory(world_askf(one, XS_TRANSACTION_END, tx, "T|"))) {
            mem_fail_at(0);
            assert_string_equal(world_events(world.boss), "");
            now = world_dump();
            /* As if it had never been: and it is gone. */
            assert_reply(one, XS_TRANSACTION_END, tx, "T|", "!ENOENT");
            assert_reply(one, XS_TRANSACTION_END, world_txn(one), "F|", "OK|");
            again = world_dump();
            assert_string_equal(now, again);
            free(now);
            free(again);
            tx = long_transaction(one, false);
            assert_reply(one, XS_TRANSACTION_END, tx, "T|", "OK|");
        } else {
            assert_string_equal(one->reply, "OK|");
            failed = mem_count() - start >= n;
        }
        mem_fail_at(0);
        now = world_dump();
        assert_string_equal(now, after);
        assert_string_equal(world_events(world.boss), events);
        free(now);
        world_end();
    }
    free(after);
    free(events);
}

static void test_commit(void **state)
{
    (void)state;
    every_allocation_of_commit(false);
}

static void test_commit_after_others(void **state)
{
    (void)state;
    every_allocation_of_commit(true);
}

/* An abort needs no memory, but for the buffers of any request. */
static void test_abort(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 10; n++) {
        char *before, *after;
        uint32_t tx;

        prepare();
        before = world_dump();
        tx = long_transaction(world_guest(1), false);
        mem_fail_at(n);
        assert_reply(world_guest(1), XS_TRANSACTION_END, tx, "F|", "OK|");
        mem_fail_at(0);
        after = world_dump();
        assert_string_equal(after, before);
        free(before);
        free(after);
        world_end();
    }
}

/* A domain that dies while there is no memory is gone all the same, sooner or later. */
static void test_death(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        prepare();
        (void)long_transaction(world_guest(1), false);
        world.state[1] = DOMAIN_ABSENT;
        mem_fail_at(n);
        store_check_domains(&world.store);
        mem_fail_at(0);
        store_collect(&world.store);
        store_check_domains(&world.store); /* does what there was no memory for */
        assert_null(domain_find(&world.store.domains, 1));
        assert_reply(world.boss, XS_IS_DOMAIN_INTRODUCED, 0, "1|", "F|");
        assert_reply(world.boss, XS_READ, 0, "/g/a|", "!ENOENT");
        world_end();
    }
}

/* The store itself: nothing is left of one that could not be made. */
static void test_store(void **state)
{
    struct store store;
    uint64_t n = 0;

    (void)state;
    do {
        mem_fail_at(++n);
        assert_true(n < 100);
    } while (store_init(&store, NULL) != 0);
    mem_fail_at(0);
    assert_true(n > 4);
    store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_commit_after_failure),
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_commit_after_others),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_all_types_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
