/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk primitives. arch_zero uses DC ZVA by the block size that the CPU names; arch_copy_page moves
 * 64 bytes a turn through general registers (guests' FP state stays where it is).
 */
.text
.global arch_zero
/* void arch_zero(void *dst, size_t len): len a multiple of 64, dst aligned to 64. */
arch_zero:
        add     x1, x0, x1
        mrs     x2, dczid_el0
        tbnz    x2, #4, 3f              /* DC ZVA prohibited */
        and     x2, x2, #15
        cmp     x2, #4                  /* log2 of the block in words */
        b.ne    3f
        sub     x3, x1, x0
        and     x3, x3, #1023
        cbz     x3, 2f
1:      dc      zva, x0                 /* head, until 1024 bytes at a time are left */
        add     x0, x0, #64
        subs    x3, x3, #64
        b.ne    1b
2:      cmp     x0, x1
        b.hs    5f
4:      dc      zva, x0
        add     x2, x0, #64
        dc      zva, x2
        add     x3, x0, #128
        dc      zva, x3
        add     x2, x0, #192
        dc      zva, x2
        add     x3, x0, #256
        dc      zva, x3
        add     x2, x0, #320
        dc      zva, x2
        add     x3, x0, #384
        dc      zva, x3
        add     x2, x0, #448
        dc      zva, x2
        add     x3, x0, #512
        dc      zva, x3
        add     x2, x0, #576
        dc      zva, x2
        add     x3, x0, #640
        dc      zva, x3
        add     x2, x0, #704
        dc      zva, x2
        add     x3, x0, #768
        dc      zva, x3
        add     x2, x0, #832
        dc      zva, x2
        add     x3, x0, #896
        dc      zva, x3
        add     x2, x0, #960
        dc      zva, x2
        add     x0, x0, #1024
        cmp     x0, x1
        b.lo    4b
5:      ret
3:      cmp     x0, x1
        b.hs    5b
        stp     xzr, xzr, [x0]
        stp     xzr, xzr, [x0, #16]
        stp     xzr, xzr, [x0, #32]
        stp     xzr, xzr, [x0, #48]
        add     x0, x0, #64
        b       3b

.global arch_copy_page
/* void arch_copy_page(void *dst, const void *src): 4096 bytes, both aligned. */
arch_copy_page:
        add     x2, x1, #4096
1:      ldp     x3, x4, [x1]
        ldp     x5, x6, [x1, #16]
        ldp     x7, x8, [x1, #32]
        ldp     x9, x10, [x1, #48]
        ldp     x11, x12, [x1, #64]
        ldp     x13, x14, [x1, #80]
        ldp     x15, x16, [x1, #96]
        ldp     x17, x18, [x1, #112]
        add     x1, x1, #128
        stp     x3, x4, [x0]
        stp     x5, x6, [x0, #16]
        stp     x7, x8, [x0, #32]
        stp     x9, x10, [x0, #48]
        stp     x11, x12, [x0, #64]
        stp     x13, x14, [x0, #80]
        stp     x15, x16, [x0, #96]
        stp     x17, x18, [x0, #112]
        add     x0, x0, #128
        cmp     x1, x2
        b.lo    1b
        ret
