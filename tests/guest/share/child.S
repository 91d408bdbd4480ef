/* SPDX-License-Identifier: Apache-2.0
 *
 * All of a domain that share/main.c builds: it counts in the page at x0, for ever, and asks
 * for nothing but its second vCPU, if it has one. Position independent, MMU off.
 */
#define PSCI_CPU_ON_64 0xc4000003

        .section .rodata.child, "a"
        .balign 4096
        .globl  child_image
child_image:
        mov     x19, x0
        ldr     w0, =PSCI_CPU_ON_64
        mov     x1, #1
        adr     x2, 1f
        mov     x3, x19
        hvc     #0
        mov     x0, x19
1:      mov     x1, #0
2:      add     x1, x1, #1
        str     x1, [x0]
        b       2b
        .ltorg
        .globl  child_image_end
child_image_end:
