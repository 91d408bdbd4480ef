/* SPDX-License-Identifier: Apache-2.0 */
/* The FP and vector registers of a vCPU, all 512 bytes, and the two control registers. */
.arch_extension fp
.arch_extension simd

.text
.global fp_fill
/* void fp_fill(const void *q, uint64_t fpcr, uint64_t fpsr) */
fp_fill:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        ldr     q\n, [x0, #16 * \n]
        .endr
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ldr     q\n, [x0, #16 * \n]
        .endr
        msr     fpcr, x1
        msr     fpsr, x2
        ret

.global fp_read
/* void fp_read(void *q, uint64_t *fpcr, uint64_t *fpsr) */
fp_read:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        str     q\n, [x0, #16 * \n]
        .endr
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        str     q\n, [x0, #16 * \n]
        .endr
        mrs     x3, fpcr
        str     x3, [x1]
        mrs     x3, fpsr
        str     x3, [x2]
        ret
