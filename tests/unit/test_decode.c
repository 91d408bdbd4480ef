/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of arm64's device accesses. */
#include "unit.h"

#include "arch/arm64/include/asm/decode.h"
#include "arch/arm64/trap/decode.c"

static void test_post_indexed(void **state)
{
    struct post_indexed i;

    (void)state;
    assert_true(decode_post_indexed(0xb8404420, &i)); /* ldr w0, [x1], #4 */
    assert_true(!i.write && i.size == 4 && i.rt == 0 && i.rn == 1 && i.offset == 4);
    assert_true(decode_post_indexed(0xf81f87e7, &i)); /* str x7, [sp], #-8 */
    assert_true(i.write && i.size == 8 && i.rt == 7 && i.rn == 31 && i.offset == -8);
    assert_true(decode_post_indexed(0x3840147e, &i)); /* ldrb w30, [x3], #1 */
    assert_true(!i.write && i.size == 1 && i.rt == 30 && i.rn == 3 && i.offset == 1);
    assert_true(decode_post_indexed(0x781007ff, &i)); /* strh wzr, [sp], #-256 */
    assert_true(i.write && i.size == 2 && i.rt == 31 && i.rn == 31 && i.offset == -256);
}

static void test_others(void **state)
{
    static const uint32_t others[] = {
        0xb8404421, /* ldr w1, [x1], #4: unpredictable */
        0xb8404c20, /* ldr w0, [x1, #4]! */
        0xb9400420, /* ldr w0, [x1, #4] */
        0xb8804420, /* ldrsw x0, [x1], #4 */
        0xbc404420, /* ldr s0, [x1], #4 */
        0x3cc10420, /* ldr q0, [x1], #16 */
        0x28c10440, /* ldp w0, w1, [x2], #8 */
        0xb8626820, /* ldr w0, [x1, x2] */
        0xb8200020, /* ldadd w0, w0, [x1] */
        0xd5087620, /* dc ivac, x0 */
        0,          ~0U,
    };
    struct post_indexed i;

    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(others); n++) {
        assert_false(decode_post_indexed(others[n], &i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_indexed),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
