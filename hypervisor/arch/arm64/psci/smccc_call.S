/* SPDX-License-Identifier: Apache-2.0 */
/* void smccc_smc(fid, a1, a2, a3, struct smccc_result *): a call of the firmware (DEN0028). */
.text
.global smccc_smc
smccc_smc:
        stp     x29, x30, [sp, #-32]!
        str     x4, [sp, #16]
        smc     #0
        ldr     x4, [sp, #16]
        stp     x0, x1, [x4]
        stp     x2, x3, [x4, #16]
        ldp     x29, x30, [sp], #32
        ret
