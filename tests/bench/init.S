/* SPDX-License-Identifier: Apache-2.0
 *
 * The first program of the boot figure: marks that /init runs, says so, and powers off.
 */
    .text
    .globl  _start
_start:
    movz    xzr, #0xb200
    mov     x0, #1
    adr     x1, text
    mov     x2, #(text_end - text)
    mov     x8, #64             /* write */
    svc     #0
    ldr     w0, =0xfee1dead
    ldr     w1, =672274793
    ldr     w2, =0x4321fedc     /* power off */
    mov     x8, #142            /* reboot */
    svc     #0
1:  b       1b
text:
    .ascii  "bench: /init runs\n"
text_end:
