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

/* What C may change, and x19, its neighbour. */
.macro  save_volatile
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
        str     x30, [sp, #REGS_X30]
.endm

/* What C keeps, into the registers of the vCPU at \v; the rest of the save. */
.macro  save_rest v, tmp1, tmp2
        mrs     \tmp1, elr_el2
        mrs     \tmp2, spsr_el2
        stp     x20, x21, [\v, #16 * 10]
        stp     x22, x23, [\v, #16 * 11]
        stp     x24, x25, [\v, #16 * 12]
        stp     x26, x27, [\v, #16 * 13]
        stp     x28, x29, [\v, #16 * 14]
        str     \tmp1, [\v, #REGS_PC]
        str     \tmp2, [\v, #REGS_PSTATE]
.endm

.macro  clear_history kind
.ifc \kind, loop8
        mov     x9, #8
.endif
.ifc \kind, loop24
        mov     x9, #24
.endif
.ifc \kind, loop32
        mov     x9, #32
.endif
.ifnc \kind, none
1:      b       2f
2:      subs    x9, x9, #1
        b.ne    1b
        dsb     nsh
        isb
.endif
.endm

.macro  guest_vector kind, target
        .balign 0x80
        save_volatile
        clear_history \kind
        b       \target
.endm

/* ESR_EL2 of hvc #0xea1: class 0x16, 32-bit instruction, immediate. */
#define ESR_XEN_HVC_HIGH 0x5a00
#define ESR_XEN_HVC_LOW  0x0ea1

.macro  sync_vector kind
        .balign 0x80
        save_volatile
        clear_history \kind
        mrs     x9, esr_el2
        mov     w10, #ESR_XEN_HVC_LOW
        movk    w10, #ESR_XEN_HVC_HIGH, lsl #16
        cmp     w9, w10
        b.ne    guest_sync
        b       guest_hypercall
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
        sync_vector \kind               /* lower EL, AArch64 */
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_serror
        sync_vector \kind               /* lower EL, AArch32 (EL0 programs of a 64-bit guest) */
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_irq
        guest_vector \kind, guest_serror
.endm

.section .text.vectors, "ax"
vector_table vectors_plain, none
vector_table vectors_loop8, loop8
vector_table vectors_loop24, loop24
vector_table vectors_loop32, loop32

/* x0 = vcpu, everything saved, sp = this CPU's stack. */
.macro  finish_save
        save_rest sp, x2, x3
        ldr     x4, [sp, #REGS_STACK]
        mov     x0, sp
        mov     sp, x4
.endm

/* Registers that C may have changed, of the vCPU at sp; x0 too if `first` is 0. */
.macro  restore_volatile first
        ldp     x2, x3, [sp, #16 * 1]
        ldp     x4, x5, [sp, #16 * 2]
        ldp     x6, x7, [sp, #16 * 3]
        ldp     x8, x9, [sp, #16 * 4]
        ldp     x10, x11, [sp, #16 * 5]
        ldp     x12, x13, [sp, #16 * 6]
        ldp     x14, x15, [sp, #16 * 7]
        ldp     x16, x17, [sp, #16 * 8]
        ldr     x18, [sp, #16 * 9]
        ldr     x30, [sp, #REGS_X30]
.if \first
        ldr     x1, [sp, #8]
.else
        ldp     x0, x1, [sp]
.endif
.endm

.macro  to_guest
        eret
        dsb     nsh                     /* no speculation past the return */
        isb
.endm

/*
 * The hot ways: x19 to x29, the program counter and PSTATE stay where they are, as C keeps them. In
 * struct arch_regs they are old meanwhile. Whatever has to do with them comes later, all saved.
 *
 * A hypercall: number in x16, arguments in x0 to x4, result in x0 (public/arch-arm.h).
 */
guest_hypercall:
        ldr     x9, [sp, #REGS_STACK]
        mov     x10, sp
        mov     sp, x9
        stp     x0, x1, [sp, #-48]!     /* struct hypercall_args: a copy */
        stp     x2, x3, [sp, #16]
        str     x4, [sp, #32]
        mov     x0, x10
        mov     x1, x16
        mov     x2, sp
        bl      hypercall
        mrs     x3, tpidr_el2
        ldp     x2, x3, [x3, #CPU_CURRENT]  /* and softirq_pending */
        ldr     x4, [x2, #VCPU_WORK]
        cmn     x0, #HYPERCALL_RESTART
        b.eq    restart_hypercall
        orr     x3, x3, x4
        cbnz    x3, work_after_hypercall
        mov     sp, x2
        restore_volatile 1
        to_guest

restart_hypercall:
        mrs     x5, elr_el2
        sub     x5, x5, #4
        msr     elr_el2, x5
        ldp     x0, x1, [sp]
        ldp     x3, x4, [sp, #16]
        ldr     x5, [sp, #32]
        stp     x3, x4, [x2, #16 * 1]
        str     x5, [x2, #16 * 2]
        str     x1, [x2, #8]
work_after_hypercall:
        str     x0, [x2]
        save_rest x2, x3, x4
        add     sp, sp, #48
        bl      vcpu_resume
        b       return_to_guest

guest_sync:
        ldr     x4, [sp, #REGS_STACK]
        mov     x0, sp
        mov     x1, x9
        mov     sp, x4
        bl      trap_light              /* 0: emulated, nothing else to do */
        mrs     x3, tpidr_el2
        ldr     x3, [x3, #CPU_CURRENT]
        cbnz    w0, 1f
        mov     sp, x3
        restore_volatile 0
        to_guest
1:      save_rest x3, x4, x5
        mov     w2, w0
        mov     x0, x3
        mrs     x1, esr_el2
        bl      trap_sync
        b       return_to_guest

guest_irq:
        finish_save
        bl      trap_irq
        b       return_to_guest

guest_serror:
        finish_save
        mrs     x1, esr_el2
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
        to_guest

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
