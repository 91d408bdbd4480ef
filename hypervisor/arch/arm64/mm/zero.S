/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk primitives. Zeroing is by DC ZVA where its block is 64 bytes; arch_copy_page goes through
 * general registers (guests' FP state stays where it is), arch_boot_copy through FP registers.
 */
.text

/* 16 lines from x0, each by one or two operations: there is no offset in `dc`. */
.macro  lines_16 op1, op2
        dc      \op1, x0
        .ifnb \op2
        dc      \op2, x0
        .endif
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        add     x2, x0, #64 * \n
        dc      \op1, x2
        .ifnb \op2
        dc      \op2, x2
        .endif
        .endr
        add     x0, x0, #1024
.endm

/* x0 to x1 in lines of 64 bytes; x3 becomes 0. No numeric labels: a user's `1f` would meet them. */
.macro  each_line op1, op2
        sub     x3, x1, x0
        and     x3, x3, #1023
        cbz     x3, .Lwhole\@
.Lhead\@:
        dc      \op1, x0                /* head, until 1024 bytes at a time are left */
        .ifnb \op2
        dc      \op2, x0
        .endif
        add     x0, x0, #64
        subs    x3, x3, #64
        b.ne    .Lhead\@
.Lwhole\@:
        cmp     x0, x1
        b.hs    .Lend\@
.Lmany\@:
        lines_16 \op1, \op2
        cmp     x0, x1
        b.lo    .Lmany\@
.Lend\@:
.endm

/* To \otherwise unless DC ZVA is allowed and its block is 64 bytes. */
.macro  need_zva_64 otherwise
        mrs     x2, dczid_el0
        and     x2, x2, #31
        cmp     x2, #4                  /* log2 of the block in words; bit 4: prohibited */
        b.ne    \otherwise
.endm

.global arch_zero
/* void arch_zero(void *dst, size_t len): len a multiple of 64, dst aligned to 64. */
arch_zero:
        add     x1, x0, x1
        need_zva_64 zero_by_stores
        each_line zva
        ret
zero_by_stores:
        cmp     x0, x1
        b.hs    1f
        stp     xzr, xzr, [x0]
        stp     xzr, xzr, [x0, #16]
        stp     xzr, xzr, [x0, #32]
        stp     xzr, xzr, [x0, #48]
        add     x0, x0, #64
        b       zero_by_stores
1:      ret

.global arch_zero_to_poc
/*
 * void arch_zero_to_poc(void *dst, size_t len): the same, cleaned to the point of coherency, each
 * line while it is at hand.
 */
arch_zero_to_poc:
        mov     x5, x0
        mov     x6, x1
        add     x1, x0, x1
        need_zva_64 1f
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4
        cmp     x2, #4                  /* log2 of the smallest line in words */
        b.lo    1f
        each_line zva, civac
        dsb     sy
        ret
1:      mov     x7, x30
        mov     x1, x6
        bl      arch_zero
        mov     x0, x5
        mov     x1, x6
        mov     x30, x7
        b       arch_clean_to_poc

.global clean_lines_64
/* void clean_lines_64(start, end): cleans and invalidates from start, aligned to 64, to end. */
clean_lines_64:
        add     x1, x1, #63
        and     x1, x1, #~63
        each_line civac
        ret

.arch_extension fp
.arch_extension simd
.macro copy_256
        ldp     q0, q1, [x1], #256
        ldp     q2, q3, [x1, #-224]
        ldp     q4, q5, [x1, #-192]
        ldp     q6, q7, [x1, #-160]
        ldp     q16, q17, [x1, #-128]
        ldp     q18, q19, [x1, #-96]
        ldp     q20, q21, [x1, #-64]
        ldp     q22, q23, [x1, #-32]
        stp     q0, q1, [x0], #256
        stp     q2, q3, [x0, #-224]
        stp     q4, q5, [x0, #-192]
        stp     q6, q7, [x0, #-160]
        stp     q16, q17, [x0, #-128]
        stp     q18, q19, [x0, #-96]
        stp     q20, q21, [x0, #-64]
        stp     q22, q23, [x0, #-32]
.endm

.global arch_copy_page
/*
 * void arch_copy_page(void *dst, const void *src): 4096 bytes, both aligned to a page. Through
 * vector registers, whose content is a guest's and stays.
 */
arch_copy_page:
        stp     q0, q1, [sp, #-256]!
        stp     q2, q3, [sp, #32]
        stp     q4, q5, [sp, #64]
        stp     q6, q7, [sp, #96]
        stp     q16, q17, [sp, #128]
        stp     q18, q19, [sp, #160]
        stp     q20, q21, [sp, #192]
        stp     q22, q23, [sp, #224]
1:      copy_256
        copy_256
        tst     x1, #4095
        b.ne    1b
        ldp     q22, q23, [sp, #224]
        ldp     q20, q21, [sp, #192]
        ldp     q18, q19, [sp, #160]
        ldp     q16, q17, [sp, #128]
        ldp     q6, q7, [sp, #96]
        ldp     q4, q5, [sp, #64]
        ldp     q2, q3, [sp, #32]
        ldp     q0, q1, [sp], #256
        ret

.global arch_boot_copy
/*
 * void arch_boot_copy(void *dst, const void *src, size_t len): multiples of 256 bytes, aligned to
 * 64, before guests run: no FP state is loaded. Cleaned to the point of coherency.
 */
arch_boot_copy:
        mov     x5, x0
        mov     x6, x2
        cbz     x2, 2f
        add     x2, x1, x2
1:      ldp     q0, q1, [x1]
        ldp     q2, q3, [x1, #32]
        ldp     q4, q5, [x1, #64]
        ldp     q6, q7, [x1, #96]
        ldp     q16, q17, [x1, #128]
        ldp     q18, q19, [x1, #160]
        ldp     q20, q21, [x1, #192]
        ldp     q22, q23, [x1, #224]
        add     x1, x1, #256
        stp     q0, q1, [x0]
        stp     q2, q3, [x0, #32]
        stp     q4, q5, [x0, #64]
        stp     q6, q7, [x0, #96]
        stp     q16, q17, [x0, #128]
        stp     q18, q19, [x0, #160]
        stp     q20, q21, [x0, #192]
        stp     q22, q23, [x0, #224]
        add     x0, x0, #256
        cmp     x1, x2
        b.lo    1b
2:      mov     x0, x5
        mov     x1, x6
        b       arch_clean_to_poc
