/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps. Guests do not run yet and interrupts stay masked, so each is a fault of Hearth's own:
 * everything is saved as struct arch_regs on the current stack for riscv64_trap(), which does not
 * return.
 */
#define FRAME 288

.section .text.trap_entry, "ax"
.global trap_entry
        .balign 4
trap_entry:
        addi    sp, sp, -FRAME
        sd      zero, 0(sp)
        .irp    n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        sd      x\n, (8 * \n)(sp)
        .endr
        addi    t0, sp, FRAME
        sd      t0, (8 * 2)(sp)
        csrr    t0, sepc
        sd      t0, (8 * 32)(sp)
        csrr    t0, sstatus
        sd      t0, (8 * 33)(sp)
        csrr    t0, scause
        sd      t0, (8 * 34)(sp)
        csrr    t0, stval
        sd      t0, (8 * 35)(sp)
        mv      a0, sp
        call    riscv64_trap
