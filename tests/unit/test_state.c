/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <hearth/errno.h>
#include <hearth/state.h>

static uint8_t buffer[1024];

static struct state_stream saved(void)
{
    static const uint8_t body[100] = {1, 2, 3};
    struct state_stream s = {.data = buffer, .size = sizeof(buffer)};

    memset(buffer, 0xee, sizeof(buffer));
    for (uint32_t i = 0; i < 3; i++) {
        struct state_header h = {.type = STATE_VCPU + i,
                                 .version = (uint16_t)(i + 1),
                                 .domid = 7,
                                 .instance = i,
                                 .length = i * 13};
        state_save(&s, &h, body);
    }
    state_save(&s, &(struct state_header){.type = STATE_END}, NULL);
    assert_int_equal(s.error, 0);
    return s;
}

static void test_round_trip(void **state)
{
    struct state_stream s = saved();
    struct state_stream in = {.data = buffer, .size = s.pos};
    struct state_header h;
    const void *body;

    (void)state;
    assert_int_equal(s.pos, 16 + (16 + 16) + (16 + 32) + 16);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(state_next(&in, &h, &body), 0);
        assert_int_equal(h.type, STATE_VCPU + i);
        assert_int_equal(h.domid, 7);
        assert_int_equal(h.instance, i);
        assert_int_equal(h.length, i * 13);
        assert_int_equal((uintptr_t)((const uint8_t *)body - buffer) % 8, 0);
        if (i > 0) {
            assert_memory_equal(body, ((uint8_t[]){1, 2, 3, 0, 0}), 5);
        }
        assert_int_equal(state_expect(&h, (uint16_t)(i + 1), i * 13), 0);
        assert_int_equal(state_expect(&h, (uint16_t)(i + 2), i * 13), -EINVAL);
        assert_int_equal(state_expect(&h, (uint16_t)(i + 1), i * 13 + 1), -EINVAL);
    }
    assert_int_equal(state_next(&in, &h, &body), 0);
    assert_int_equal(h.type, STATE_END);
    assert_int_equal(state_next(&in, &h, &body), -ENODATA);
}

static void test_no_room_is_sticky(void **state)
{
    struct state_header h = {.type = STATE_VCPU, .length = 40};
    struct state_stream s = {.data = buffer, .size = 60};

    (void)state;
    state_save(&s, &h, buffer + 500);
    assert_int_equal(s.error, 0);
    state_save(&s, &h, buffer + 500);
    assert_int_equal(s.error, -ENOSPC);
    h.length = 0;
    state_save(&s, &h, NULL);
    assert_int_equal(s.pos, 56);
    h.length = UINT32_MAX;
    s = (struct state_stream){.data = buffer, .size = sizeof(buffer)};
    state_save(&s, &h, buffer);
    assert_int_equal(s.error, -ENOSPC);
}

static void test_bad_streams(void **state)
{
    struct state_stream s = saved();
    struct state_header h;
    const void *body;

    (void)state;
    /* Cut anywhere: an error, not a wrong record. */
    for (size_t cut = 0; cut < s.pos; cut++) {
        struct state_stream in = {.data = buffer, .size = cut};

        while (state_next(&in, &h, &body) == 0) {
            assert_true((const uint8_t *)body + h.length <= buffer + cut);
        }
        assert_int_equal(in.error, -ENODATA);
    }
    /* Padding that is not zero. */
    buffer[16 + 16 + 15] = 1;
    struct state_stream in = {.data = buffer, .size = s.pos};
    assert_int_equal(state_next(&in, &h, &body), 0);
    assert_int_equal(state_next(&in, &h, &body), -EINVAL);
    assert_int_equal(state_next(&in, &h, &body), -EINVAL);
    assert_null(body);
    /* A length that reaches beyond everything. */
    memset(buffer + 12, 0xff, 4);
    in = (struct state_stream){.data = buffer, .size = s.pos};
    assert_int_equal(state_next(&in, &h, &body), -ENODATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_no_room_is_sticky),
        cmocka_unit_test(test_bad_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
