/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from the boot loader (Linux's arm64 boot protocol: MMU off, x0 = device tree) and of
 * secondary CPUs (PSCI CPU_ON, x0 = address of the CPU's struct cpu in Hearth's space).
 * Gets to C with a stack and an MMU, at EL2; a start at another level or place ends in a message.
 */
#include <asm/layout.h>
#include <asm/sysreg.h>
#include <generated/asm_offsets.h>

#define PTE_TABLE        3
#define PTE_BLOCK_NORMAL 0x701 /* valid block, AF, inner shareable, attribute 0 */
#define PTE_BLOCK_DEVICE 0x0040000000000605 /* valid block, AF, XN, outer shareable, attribute 1 */
/* T0SZ 16, walks cacheable and inner shareable, 4 KiB granule; PS is or-ed in at bit 16 (EL2). */
#define TCR_EL2_BASE     0x80803510
/* The UART of last resort, a PL011. */
#define UART_FR          0x18
#define UART_FR_TXFF     5      /* number of the bit */

.section .head.text, "ax"
.global _start
_start:
        b       boot_entry              /* Image header: Linux Documentation/arm64/booting.rst */
        .long   0
        .quad   0                       /* text_offset */
        .quad   _image_size
        .quad   0xa                     /* little endian, 4 KiB pages, anywhere in memory */
        .quad   0
        .quad   0
        .quad   0
        .long   0x644d5241              /* "ARM\x64" */
        .long   0

/* Address of a symbol where the image was loaded. */
.macro  load_pa reg, sym
        adrp    \reg, \sym
        add     \reg, \reg, :lo12:\sym
.endm

boot_entry:
        msr     daifset, #0xf
        mov     x21, x0                 /* device tree */
        adr     x22, _start             /* where the image lies */
        mrs     x1, CurrentEL
        cmp     x1, #(2 << 2)
        b.ne    wrong_el
        tst     x22, #0x1fffff
        b.ne    wrong_place
        bl      clear_bss
        bl      build_boot_tables
        load_pa x0, boot_l0
        bl      enable_mmu_el2
        ldr     x0, =boot_high
        br      x0
boot_high:
        ldr     x0, =boot_stack_top
        mov     sp, x0
        mov     x0, x21
        mov     x1, x22
        mov     x29, xzr
        mov     x30, xzr
        b       arm64_boot

wrong_el:
        cmp     x1, #(1 << 2)
        adr     x0, text_el1
        adr     x2, text_el3
        csel    x0, x0, x2, eq
        b       refuse
wrong_place:
        adr     x0, text_place

/* Prints the text at x0 and halts, with the MMU off and wherever the image lies. */
refuse:
        ldr     x1, =CONFIG_EARLY_UART_BASE
1:      ldrb    w2, [x0], #1
        cbz     w2, 4f
        mov     w3, #0x100000           /* polls, before it is written in any case */
2:      ldr     w4, [x1, #UART_FR]
        tbz     w4, #UART_FR_TXFF, 3f
        subs    w3, w3, #1
        b.ne    2b
3:      str     w2, [x1]
        b       1b
4:      wfi
        b       4b

text_el1:
        .ascii  "(XEN) Hearth: started at EL1. It needs EL2: enable virtualization in the "
        .asciz  "firmware (QEMU: -M virt,virtualization=on). Halted.\r\n"
text_el3:
        .ascii  "(XEN) Hearth: started at EL3. It needs EL2, and a firmware with PSCI at "
        .asciz  "EL3. Halted.\r\n"
text_place:
        .ascii  "(XEN) Hearth: loaded at an address that is no multiple of 2 MiB, as its "
        .asciz  "header asks for. Halted.\r\n"
        .balign 4

/* x0: physical address of the level 0 table. Clobbers x1, x2. Returns at the same address. */
enable_mmu_el2:
        ldr     x1, =MAIR_VALUE
        msr     mair_el2, x1
        mrs     x1, ID_AA64MMFR0_EL1
        and     x1, x1, #0xf
        mov     x2, #5                  /* 48 bits at most with this descriptor format */
        cmp     x1, x2
        csel    x1, x1, x2, lo
        ldr     x2, =TCR_EL2_BASE
        orr     x2, x2, x1, lsl #16
        msr     tcr_el2, x2
        msr     ttbr0_el2, x0
        isb
        tlbi    alle2
        dsb     nsh
        ic      iallu
        dsb     nsh
        isb
        ldr     x1, =(SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I)
        msr     sctlr_el2, x1
        isb
        ret

clear_bss:
        load_pa x0, _bss_start
        load_pa x1, _bss_end
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b
        ret

/*
 * Boot tables (static, in .bss): the 1 GiB around the image identity mapped; the image by 2 MiB
 * blocks at HEARTH_VIRT_BASE, the device tree by two 2 MiB blocks at FDT_VIRT_BASE, the UART of
 * last resort. x21: device tree, x22: image. Clobbers x0 to x9.
 */
.macro  set_entry table, index, value
        str     \value, [\table, \index, lsl #3]
.endm

build_boot_tables:
        load_pa x0, boot_l0
        load_pa x1, boot_l1_id
        load_pa x2, boot_l1
        load_pa x3, boot_l2_image
        load_pa x4, boot_l2_fdt
        load_pa x5, boot_l2_uart

        /* identity: level 0 -> level 1 -> a 1 GiB block */
        ubfx    x6, x22, #39, #9
        orr     x7, x1, #PTE_TABLE
        set_entry x0, x6, x7
        ubfx    x6, x22, #30, #9
        lsr     x7, x22, #30
        lsl     x7, x7, #30
        mov     x8, #PTE_BLOCK_NORMAL
        orr     x7, x7, x8
        set_entry x1, x6, x7

        /* Hearth's own level 0 entry: all of HEARTH, FDT, UART lie in one 512 GiB */
        mov     x6, #((HEARTH_VIRT_BASE >> 39) & 511)
        orr     x7, x2, #PTE_TABLE
        set_entry x0, x6, x7

        orr     x7, x3, #PTE_TABLE
        mov     x6, #((HEARTH_VIRT_BASE >> 30) & 511)
        set_entry x2, x6, x7
        mov     x9, x22
        mov     x6, #0
1:      orr     x7, x9, x8
        set_entry x3, x6, x7
        add     x9, x9, #0x200000
        add     x6, x6, #1
        cmp     x6, #4
        b.lo    1b

        orr     x7, x4, #PTE_TABLE
        mov     x6, #((FDT_VIRT_BASE >> 30) & 511)
        set_entry x2, x6, x7
        lsr     x9, x21, #21
        lsl     x9, x9, #21
        orr     x7, x9, x8
        mov     x6, #0
        set_entry x4, x6, x7
        mov     x6, #1
        add     x9, x9, #0x200000
        orr     x7, x9, x8
        set_entry x4, x6, x7

        orr     x7, x5, #PTE_TABLE
        mov     x6, #((EARLY_UART_VIRT >> 30) & 511)
        set_entry x2, x6, x7
        ldr     x9, =(CONFIG_EARLY_UART_BASE & ~0x1fffff)
        ldr     x8, =PTE_BLOCK_DEVICE
        orr     x7, x9, x8
        str     x7, [x5]
        dsb     sy
        ret

/* Secondary CPU, at its physical address: x0 = struct cpu (virtual). */
.global secondary_entry
secondary_entry:
        msr     daifset, #0xf
        mov     x20, x0
        load_pa x0, boot_l0
        bl      enable_mmu_el2
        ldr     x0, =secondary_high
        br      x0
secondary_high:
        ldr     x0, =main_ttbr
        ldr     x0, [x0]
        msr     ttbr0_el2, x0
        isb
        tlbi    alle2
        dsb     nsh
        isb
        msr     tpidr_el2, x20
        ldr     x0, [x20, #CPU_STACK_TOP]
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        b       arm64_boot_secondary
        .ltorg

.section .bss.boot_tables, "aw", %nobits
        .balign 4096
boot_l0:        .space 4096
boot_l1_id:     .space 4096
boot_l1:        .space 4096
boot_l2_image:  .space 4096
boot_l2_fdt:    .space 4096
boot_l2_uart:   .space 4096
        .balign 16
.global boot_stack
boot_stack:
        .space  STACK_SIZE
.global boot_stack_top
boot_stack_top:
