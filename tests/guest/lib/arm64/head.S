/* SPDX-License-Identifier: Apache-2.0
 *
 * Image header and entry of a tiny kernel: EL1, MMU off, x0 = device tree. Linked at 0 as a static
 * PIE and relocated to where it runs.
 */
    .section .head, "ax"
    .globl _head
_head:
    b       start
    .long   0
    .quad   0                   /* text_offset */
    .quad   _end - _head        /* image_size */
    .quad   0xa                 /* little endian, 4 KiB pages, anywhere */
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

    .text
start:
    mov     x19, x0
    adrp    x0, bss_start
    add     x0, x0, :lo12:bss_start
    adrp    x1, bss_end
    add     x1, x1, :lo12:bss_end
1:  cmp     x0, x1
    b.hs    2f
    str     xzr, [x0], #8
    b       1b
2:  adrp    x20, _head
    add     x20, x20, :lo12:_head
    adrp    x0, rela_start
    add     x0, x0, :lo12:rela_start
    adrp    x1, rela_end
    add     x1, x1, :lo12:rela_end
3:  cmp     x0, x1
    b.hs    4f
    ldp     x2, x3, [x0], #16   /* offset, info: only R_AARCH64_RELATIVE is made */
    ldr     x4, [x0], #8
    add     x4, x4, x20
    str     x4, [x20, x2]
    b       3b
4:  adrp    x0, boot_stack_end
    add     sp, x0, :lo12:boot_stack_end
    bl      cpu_setup
    bl      mmu_fill
    bl      mmu_on
    mov     x0, x19
    bl      guest_start
5:  wfi
    b       5b

    /* PSCI CPU_ON: x0 = the C function to run. */
    .globl  secondary_start
secondary_start:
    mov     x19, x0
    adrp    x0, secondary_stack_end
    add     sp, x0, :lo12:secondary_stack_end
    bl      cpu_setup
    bl      mmu_on
    bl      gic_init_cpu
    blr     x19
6:  wfi
    b       6b

cpu_setup:
    adrp    x0, vectors
    add     x0, x0, :lo12:vectors
    msr     vbar_el1, x0
    mov     x0, #(3 << 20)      /* no FP traps */
    msr     cpacr_el1, x0
    msr     daifset, #0xf
    isb
    ret

    .globl  mmu_on
mmu_on:
    adrp    x0, page_table
    add     x0, x0, :lo12:page_table
    msr     ttbr0_el1, x0
    ldr     x0, =0x04ff         /* 0: normal write-back, 1: device nGnRE */
    msr     mair_el1, x0
    ldr     x0, =0x200803519    /* T0SZ 25, write-back, inner shareable, 4 KiB, no TTBR1, 40 bits */
    msr     tcr_el1, x0
    tlbi    vmalle1
    dsb     sy
    isb
    ldr     x0, =0x30d01805     /* MMU, data and instruction caches on */
    msr     sctlr_el1, x0
    isb
    ret

    .globl  hypercall
hypercall:
    mov     x16, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    mov     x4, x5
    hvc     #0xea1
    ret

    .globl  smccc_hvc
smccc_hvc:
    hvc     #0
    ret

    .globl  smccc_smc
smccc_smc:
    smc     #0
    ret

    .macro  vector target
    .balign 128
    sub     sp, sp, #272
    stp     x0, x1, [sp]
    adr     x0, \target
    b       save_and_call
    .endm

    .balign 2048
    .globl  vectors
vectors:
    .rept   4
    vector  trap_unexpected
    .endr
    vector  trap_sync
    vector  trap_irq
    vector  trap_irq
    vector  trap_serror
    .rept   8
    vector  trap_unexpected
    .endr

save_and_call:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x1, elr_el1
    mrs     x2, spsr_el1
    stp     x30, x1, [sp, #240]
    str     x2, [sp, #256]
    mov     x3, x0
    mov     x0, sp
    blr     x3
    ldp     x30, x1, [sp, #240]
    ldr     x2, [sp, #256]
    msr     elr_el1, x1
    msr     spsr_el1, x2
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #272
    eret

    .bss
    .balign 4096
    .globl  page_table
page_table:
    .skip   4096
    .skip   16384
boot_stack_end:
    .skip   16384
secondary_stack_end:
