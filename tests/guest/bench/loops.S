/* SPDX-License-Identifier: Apache-2.0
 *
 * The measured loops in assembly, so that the loop's own instructions are the same with every
 * compiler. x19 counts down; x20 keeps an argument. The hypercall ABI lets the callee change x0 to
 * x4 and x16, so they are loaded each time. Interrupt loops use their own vectors: acknowledge,
 * end, return.
 */
#include "ops.h"

    .macro  op_begin name, id
    .globl  \name
\name:
    stp     x19, x20, [sp, #-32]!
    stp     x21, x30, [sp, #16]
    mov     x19, x0
    mov     x20, x1
    mov     x21, #0             /* what failed */
    movz    xzr, #(0xb000 + 2 * \id)
1:
    .endm

    .macro  op_end id
    subs    x19, x19, #1
    b.ne    1b
    movz    xzr, #(0xb001 + 2 * \id)
    mov     x0, x21
    ldp     x21, x30, [sp, #16]
    ldp     x19, x20, [sp], #32
    ret
    .endm

    .text
    op_begin loop_empty, OP_EMPTY
    op_end  OP_EMPTY

    op_begin loop_null, OP_NULL
    mov     x16, #0xfff         /* no such hypercall */
    hvc     #0xea1
    op_end  OP_NULL

    op_begin loop_version, OP_VERSION
    mov     x16, #17
    mov     x0, #0
    hvc     #0xea1
    op_end  OP_VERSION

    op_begin loop_id_register, OP_ID_REGISTER
    mrs     x0, id_aa64pfr0_el1
    op_end  OP_ID_REGISTER

    op_begin loop_gicd_read, OP_GICD_READ
    ldr     w0, [x20]
    op_end  OP_GICD_READ

    op_begin loop_evtchn_send, OP_EVTCHN_SEND
    mov     x16, #32
    mov     x0, #4
    mov     x1, x20
    hvc     #0xea1
    op_end  OP_EVTCHN_SEND

    op_begin loop_yield, OP_YIELD
    mov     x16, #29
    mov     x0, #0
    hvc     #0xea1
    op_end  OP_YIELD

    op_begin loop_psci_version, OP_PSCI_VERSION
    mov     w0, #0x84000000
    hvc     #0
    op_end  OP_PSCI_VERSION

    op_begin loop_grant_copy, OP_GRANT_COPY
    mov     x16, #20
    mov     x0, #5
    mov     x1, x20
    mov     x2, #1
    hvc     #0xea1
    op_end  OP_GRANT_COPY

    op_begin loop_grant_batch, OP_GRANT_BATCH
    mov     x16, #20
    mov     x0, #5
    mov     x1, x20
    mov     x2, #BATCH
    hvc     #0xea1
    op_end  OP_GRANT_BATCH

    op_begin loop_grant_pages, OP_GRANT_PAGES
    mov     x16, #20
    mov     x0, #5
    mov     x1, x20
    mov     x2, #BATCH
    hvc     #0xea1
    op_end  OP_GRANT_PAGES

    /* struct grant_pair: the map at 0, the unmap at 32. */
    op_begin loop_grant_map, OP_GRANT_MAP
    mov     x16, #20
    mov     x0, #0
    mov     x1, x20
    mov     x2, #1
    hvc     #0xea1
    ldr     w1, [x20, #20]      /* handle */
    str     w1, [x20, #48]
    mov     x16, #20
    mov     x0, #1
    add     x1, x20, #32
    mov     x2, #1
    hvc     #0xea1
    ldrh    w1, [x20, #18]      /* status of both */
    ldrh    w2, [x20, #52]
    orr     x21, x21, x1
    orr     x21, x21, x2
    op_end  OP_GRANT_MAP

    /* struct evtchn_alloc_unbound: its port at 4 is all that close wants. */
    op_begin loop_evtchn_pair, OP_EVTCHN_PAIR
    mov     x16, #32
    mov     x0, #6
    mov     x1, x20
    hvc     #0xea1
    orr     x21, x21, x0
    mov     x16, #32
    mov     x0, #3
    add     x1, x20, #4
    hvc     #0xea1
    orr     x21, x21, x0
    op_end  OP_EVTCHN_PAIR

    .macro  irq_op_begin name, id
    .globl  \name
\name:
    stp     x19, x20, [sp, #-48]!
    stp     x21, x22, [sp, #16]
    str     x30, [sp, #32]
    mov     x19, x0
    mov     x22, #0
    mrs     x20, vbar_el1
    adrp    x1, irq_vectors
    add     x1, x1, :lo12:irq_vectors
    msr     vbar_el1, x1
    isb
    msr     daifclr, #2
    movz    xzr, #(0xb000 + 2 * \id)
1:  mov     x21, #0
    .endm

    .macro  irq_op_end id
2:  cbz     x21, 2b
    subs    x19, x19, #1
    b.ne    1b
    movz    xzr, #(0xb001 + 2 * \id)
    msr     daifset, #2
    msr     vbar_el1, x20
    isb
    mov     x0, x22
    ldr     x30, [sp, #32]
    ldp     x21, x22, [sp, #16]
    ldp     x19, x20, [sp], #48
    ret
    .endm

    irq_op_begin loop_timer, OP_TIMER
    mov     x0, #1
    msr     cntv_tval_el0, xzr
    msr     cntv_ctl_el0, x0
    irq_op_end OP_TIMER

    irq_op_begin loop_self_sgi, OP_SELF_SGI
    mov     x0, #1              /* SGI 0 to CPU 0 */
    msr     s3_0_c12_c11_5, x0
    irq_op_end OP_SELF_SGI

    .balign 2048
irq_vectors:
    .skip   0x280
    mrs     x21, s3_0_c12_c12_0 /* acknowledge */
    msr     cntv_ctl_el0, xzr
    msr     s3_0_c12_c12_1, x21 /* end */
    add     x22, x22, #1
    mov     x21, #1
    eret
    .skip   0x800 - 0x280 - 24
