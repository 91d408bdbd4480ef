/* SPDX-License-Identifier: Apache-2.0
 *
 * All of a domain that share/main.c builds: it counts in the page at x0, for ever, and asks
 * for nothing. Position independent, MMU off.
 */
        .section .rodata.child, "a"
        .balign 4096
        .globl  child_image
child_image:
        mov     x1, #0
1:      add     x1, x1, #1
        str     x1, [x0]
        b       1b
        .globl  child_image_end
child_image_end:
