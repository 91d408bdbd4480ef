/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from SBI firmware, as Linux's riscv64 boot protocol has it: HS mode, no translation,
 * a0 = hart id, a1 = device tree. Gets to C with a stack and with Sv48 tables.
 */
#include <asm/layout.h>

#define PTE_TABLE 0x01
#define PTE_LEAF  0xcf /* valid, readable, writable, executable, accessed, dirty */

#define SBI_PUTCHAR 0x01
#define SBI_SRST    0x53525354

.section .head.text, "ax"
.global _start
_start:
        .option push
        .option norvc
        j       boot_entry              /* Image header */
        .word   0
        .option pop
        .quad   0x200000                /* text_offset: images lie on 2 MiB */
        .quad   _image_size
        .quad   0                       /* flags: little endian */
        .word   2                       /* header version 0.2 */
        .word   0
        .quad   0
        .quad   0x5643534952            /* "RISCV" */
        .word   0x05435352              /* "RSC\x05" */
        .word   0

boot_entry:
        csrw    sie, zero
        csrw    sstatus, zero
        mv      s0, a0                  /* hart */
        mv      s1, a1                  /* device tree */
        lla     s2, _start              /* where the image lies */
        lla     t0, _bss_start
        lla     t1, _bss_end
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b

        /*
         * Boot tables: the 512 GiB around the image identity mapped, all memory in the direct map
         * by pages of 512 GiB, the image by four of 2 MiB, devices by what arch_map_device() adds.
         */
        lla     t0, boot_root
        srli    t1, s2, 39
        slli    t2, t1, 37
        ori     t2, t2, PTE_LEAF
        slli    t1, t1, 3
        add     t1, t1, t0
        sd      t2, 0(t1)

        li      t1, DIRECT_SLOT * 8
        add     t1, t1, t0
        li      t2, PTE_LEAF
        li      t3, 1 << 37
        li      t4, DIRECT_SLOTS
2:      sd      t2, 0(t1)
        add     t2, t2, t3
        addi    t1, t1, 8
        addi    t4, t4, -1
        bnez    t4, 2b

        lla     t1, boot_l2
        lla     t2, boot_l1
        li      t5, ((HEARTH_VIRT_BASE >> 39) & 511) * 8
        call    link_tables
        srli    t3, s2, 2
        ori     t3, t3, PTE_LEAF
        li      t4, 1 << 19
        .rept   4
        sd      t3, 0(t2)
        add     t3, t3, t4
        addi    t2, t2, 8
        .endr

        lla     t1, device_l2
        lla     t2, device_table
        li      t5, DEVICE_SLOT * 8
        call    link_tables

        srli    t1, t0, 12
        li      t2, SATP_MODE << 60
        or      t1, t1, t2
        sfence.vma
        csrw    satp, t1
        sfence.vma
        csrr    t2, satp
        bne     t1, t2, no_sv48
        ld      t0, high
        jr      t0
        .balign 8
high:   .quad   boot_high
boot_high:
        lla     sp, boot_stack_top
        lla     tp, boot_cpu
        lla     t0, trap_entry
        csrw    stvec, t0
        mv      a0, s0
        mv      a1, s1
        mv      a2, s2
        li      ra, 0
        tail    riscv64_boot

/* root t0 at byte t5 -> table t1, whose first entry -> table t2. Clobbers t3, t5. */
link_tables:
        srli    t3, t1, 2
        ori     t3, t3, PTE_TABLE
        add     t5, t5, t0
        sd      t3, 0(t5)
        srli    t3, t2, 2
        ori     t3, t3, PTE_TABLE
        sd      t3, 0(t1)
        ret

/* satp did not take the mode: still untranslated. */
no_sv48:
        lla     s3, no_sv48_text
3:      lbu     a0, 0(s3)
        beqz    a0, 4f
        li      a7, SBI_PUTCHAR
        ecall
        addi    s3, s3, 1
        j       3b
4:      li      a0, 0
        li      a1, 0
        li      a6, 0
        li      a7, SBI_SRST
        ecall
5:      wfi
        j       5b
no_sv48_text:
        .asciz  "Hearth: this hart has no Sv48 translation, which Hearth needs. Stopped.\r\n"

.section .bss.boot_tables, "aw", %nobits
        .balign 4096
.global boot_root
boot_root:      .space 4096
boot_l2:        .space 4096
boot_l1:        .space 4096
device_l2:      .space 4096
.global device_table
device_table:      .space 4096
.global boot_stack
boot_stack:     .space STACK_SIZE
.global boot_stack_top
boot_stack_top:
