/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions. Guests do not run yet and interrupts stay masked, so each is a fault of Hearth's own:
 * everything is saved as struct arch_regs on the current stack (the emergency stack for NMI, double
 * fault and machine check) for x86_trap(), which does not return.
 */
#define ERROR_CODES 0x60227d00 /* vectors that push one: 8, 10-14, 17, 21, 29, 30 */

.section .text.trap_entry, "ax"
common:
        .irp    r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
        pushq   %\r
        .endr
        cld
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    x86_trap

/* Each stub is 16 bytes. */
        .balign 16
.global trap_stubs
trap_stubs:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     ((ERROR_CODES >> vector) & 1) == 0
        pushq   $0
        .endif
        pushq   $vector
        jmp     common
        .set    vector, vector + 1
        .endr
        .balign 16
        pushq   $0                      /* all vectors from 32 on */
        pushq   $32
        jmp     common
