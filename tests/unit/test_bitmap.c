/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <hearth/atomic.h>
#include <hearth/bitmap.h>

#define BITS 200U

static void test_against_model(void **state)
{
    DECLARE_BITMAP(map, BITS) = {0};
    bool model[BITS] = {false};

    (void)state;
    for (int round = 0; round < 5000; round++) {
        unsigned int bit = (unsigned int)unit_below(BITS), from = (unsigned int)unit_below(BITS);
        unsigned int size = (unsigned int)unit_below(BITS + 1), weight = 0, i;
        unsigned int set = size, zero = size;

        switch (unit_below(6)) {
        case 0:
            bit_set(map, bit);
            model[bit] = true;
            break;
        case 1:
            bit_clear(map, bit);
            model[bit] = false;
            break;
        case 2:
            atomic_bit_set(map, bit);
            model[bit] = true;
            break;
        case 3:
            atomic_bit_clear(map, bit);
            model[bit] = false;
            break;
        case 4:
            assert_int_equal(atomic_bit_test_set(map, bit), model[bit]);
            model[bit] = true;
            break;
        default:
            assert_int_equal(atomic_bit_test_clear(map, bit), model[bit]);
            model[bit] = false;
            break;
        }
        for (i = size; i-- > 0;) {
            weight += model[i];
            set = i >= from && model[i] ? i : set;
            zero = i >= from && !model[i] ? i : zero;
        }
        assert_int_equal(bit_test(map, bit), model[bit]);
        assert_int_equal(bitmap_weight(map, size), weight);
        assert_int_equal(bitmap_next_set(map, size, from), set);
        assert_int_equal(bitmap_next_zero(map, size, from), zero);
        for_each_set_bit (i, map, size) {
            assert_true(model[i]);
            weight--;
        }
        assert_int_equal(weight, 0);
    }
}

static void test_index_nospec(void **state)
{
    (void)state;
    assert_int_equal(index_nospec(0, 10), 0);
    assert_int_equal(index_nospec(9, 10), 9);
    assert_int_equal(index_nospec(10, 10), 0);
    assert_int_equal(index_nospec(~0UL >> 1, 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_index_nospec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
