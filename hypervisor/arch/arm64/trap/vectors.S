/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors of EL2. While a guest runs, SP_EL2 points at its struct vcpu, whose first
 * member is struct arch_regs: entry saves the guest's registers there and then takes this CPU's
 * stack. Exceptions from EL2 itself are bugs: they go to a stack of their own.
 *
 * Four tables differ in how they keep a guest's branch history from steering Hearth
 * (CVE-2022-23960): none needed, a loop of n branches, or a firmware call.
 */
#include <asm/sysreg.h>
#include <generated/asm_offsets.h>

.macro  save_guest
        stp     x0, x1, [sp, #16 * 0]
        stp     x2, x3, [sp, #16 * 1]
        stp     x4, x5, [sp, #16 * 2]
        stp     x6, x7, [sp, #16 * 3]
        stp     x8, x9, [sp, #16 * 4]
        stp     x10, x11, [sp, #16 * 5]
        stp     x12, x13, [sp, #16 * 6]
        stp     x14, x15, [sp, #16 * 7]
        stp     x16, x17, [sp, #16 * 8]
        stp     x18, x19, [sp, #16 * 9]
        stp     x20, x21, [sp, #16 * 10]
        stp     x22, x23, [sp, #16 * 11]
        stp     x24, x25, [sp, #16 * 12]
        stp     x26, x27, [sp, #16 * 13]
        stp     x28, x29, [sp, #16 * 14]
.endm

.macro  clear_history kind
.ifc \kind, loop8
        mov     x3, #8
.endif
.ifc \kind, loop24
        mov     x3, #24
.endif
.ifc \kind, loop32
        mov     x3, #32
.endif
.ifnc \kind, none
1:      b       2f
2:      subs    x3, x3, #1
        b.ne    1b
        dsb     nsh
        isb
.endif
.endm

.macro  guest_vector kind, target
        .balign 0x80
        save_guest
        clear_history \kind
        mrs     x1, esr_el2
        b       \target
.endm

.macro  bug_vector number
        .balign 0x80
        msr     tpidr_el1, x0           /* the guest is lost anyway: we are going to panic */
        mov     x0, #\number
        b       hyp_fault
.endm

.macro  vector_table name, kind
        .balign 0x800
.global \name
\name:
        bug_vector 0                    /* current EL, SP_EL0 */
        bug_vector 1
        bug_vector 2
        bug_vector 3
        bug_vector 4                    /* current EL, SP_EL2 */
        bug_vector 5
        bug_vector 6
        bug_vector 7
        guest_vector \kind, guest_sync  /* lower EL, AArch64 */
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_serror
        guest_vector \kind, guest_sync  /* lower EL, AArch32 (EL0 programs of a 64-bit guest) */
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_serror
.endm

.section .text.vectors, "ax"
vector_table vectors_plain, none
vector_table vectors_loop8, loop8
vector_table vectors_loop24, loop24
vector_table vectors_loop32, loop32

/* Finishes the save; x0 = vcpu, sp = this CPU's stack. */
.macro  finish_save
        mrs     x2, elr_el2
        mrs     x3, spsr_el2
        ldr     x4, [sp, #REGS_STACK]
        stp     x30, x2, [sp, #REGS_X30]
        str     x3, [sp, #REGS_PSTATE]
        mov     x0, sp
        mov     sp, x4
.endm

guest_sync:
        finish_save
        bl      trap_sync
        b       return_to_guest

guest_irq:
        finish_save
        bl      trap_irq
        b       return_to_guest

guest_serror:
        finish_save
        bl      trap_serror

/* x0 = struct vcpu to enter, loaded on this CPU. */
.global return_to_guest
return_to_guest:
        mov     sp, x0
        ldp     x30, x1, [sp, #REGS_X30]
        ldr     x2, [sp, #REGS_PSTATE]
        msr     elr_el2, x1
        msr     spsr_el2, x2
        ldp     x2, x3, [sp, #16 * 1]
        ldp     x4, x5, [sp, #16 * 2]
        ldp     x6, x7, [sp, #16 * 3]
        ldp     x8, x9, [sp, #16 * 4]
        ldp     x10, x11, [sp, #16 * 5]
        ldp     x12, x13, [sp, #16 * 6]
        ldp     x14, x15, [sp, #16 * 7]
        ldp     x16, x17, [sp, #16 * 8]
        ldp     x18, x19, [sp, #16 * 9]
        ldp     x20, x21, [sp, #16 * 10]
        ldp     x22, x23, [sp, #16 * 11]
        ldp     x24, x25, [sp, #16 * 12]
        ldp     x26, x27, [sp, #16 * 13]
        ldp     x28, x29, [sp, #16 * 14]
        ldp     x0, x1, [sp, #16 * 0]
        eret
        dsb     nsh                     /* no speculation past the return */
        isb

/* A fault in Hearth: x0 = vector number, its old value in TPIDR_EL1. */
hyp_fault:
        ldr     x1, =fault_stack_top
        mov     x2, sp
        mov     sp, x1
        mov     x1, x30
        b       trap_hyp_fault          /* (vector, lr, sp): noreturn */
        .ltorg

/* Leaves start-up code: this CPU's stack becomes empty, then the vCPU or idle loop. */
.global enter_loop
enter_loop:
        mov     sp, x0
        bl      vcpu_resume
        b       return_to_guest

.section .bss.fault_stack, "aw", %nobits
        .balign 16
        .space  8192
fault_stack_top:
