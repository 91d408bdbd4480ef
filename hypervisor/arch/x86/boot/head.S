/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from a multiboot (version 1) loader: 32-bit protected mode, no paging, flat segments,
 * eax = magic, ebx = multiboot information. Gets to C in 64-bit mode with a stack and tables.
 * edi and esi hold the two all the way.
 */
#include <asm/layout.h>

#define PADDR(symbol) (symbol - HEARTH_VIRT_BASE + LOAD_PADDR)

#define MULTIBOOT_HEADER 0x1badb002
#define MULTIBOOT_FLAGS  0x3 /* modules on page boundaries, a memory map */

#define PTE_TABLE 0x003
#define PTE_BIG   0x083 /* present, writable, 2 MiB */

#define COM1 0x3f8

.section .head.text, "ax"
.code32
        .balign 4
multiboot_header:
        .long   MULTIBOOT_HEADER
        .long   MULTIBOOT_FLAGS
        .long   -(MULTIBOOT_HEADER + MULTIBOOT_FLAGS)

.global _start
_start:
        cli
        cld
        movl    %eax, %edi
        movl    %ebx, %esi
        movl    $PADDR(boot_stack_top), %esp

        movl    $0x80000000, %eax
        cpuid
        cmpl    $0x80000001, %eax
        jb      no_long_mode
        movl    $0x80000001, %eax
        cpuid
        andl    $0x20100000, %edx       /* LM, NX */
        cmpl    $0x20100000, %edx
        jne     no_long_mode

        /* The first 4 GiB by 2 MiB pages, at 0 and in the direct map. */
        movl    $PADDR(boot_pd), %ebx
        movl    $PTE_BIG, %eax
        movl    $2048, %ecx
1:      movl    %eax, (%ebx)
        addl    $0x200000, %eax
        addl    $8, %ebx
        loop    1b
        movl    $(PADDR(boot_pd) + PTE_TABLE), %eax
        movl    $PADDR(boot_pdpt), %ebx
        movl    $4, %ecx
2:      movl    %eax, (%ebx)
        addl    $4096, %eax
        addl    $8, %ebx
        loop    2b
        movl    $(PADDR(boot_pdpt) + PTE_TABLE), %eax
        movl    %eax, PADDR(boot_root)
        movl    %eax, PADDR(boot_root) + DIRECT_SLOT * 8

        /* The image by four 2 MiB pages; devices by what arch_map_device() adds. */
        movl    $(PADDR(image_pdpt) + PTE_TABLE), PADDR(boot_root) + IMAGE_SLOT * 8
        movl    $(PADDR(image_pd) + PTE_TABLE), PADDR(image_pdpt)
        movl    $(LOAD_PADDR + PTE_BIG), PADDR(image_pd)
        movl    $(LOAD_PADDR + 0x200000 + PTE_BIG), PADDR(image_pd) + 8
        movl    $(LOAD_PADDR + 0x400000 + PTE_BIG), PADDR(image_pd) + 16
        movl    $(LOAD_PADDR + 0x600000 + PTE_BIG), PADDR(image_pd) + 24
        movl    $(PADDR(device_pdpt) + PTE_TABLE), PADDR(boot_root) + DEVICE_SLOT * 8
        movl    $(PADDR(device_table) + PTE_TABLE), PADDR(device_pdpt)

        movl    $0x20, %eax             /* CR4.PAE */
        movl    %eax, %cr4
        movl    $PADDR(boot_root), %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       /* EFER: LME, NXE */
        rdmsr
        orl     $0x900, %eax
        wrmsr
        movl    $0x80010033, %eax       /* CR0: PG, WP, NE, ET, MP, PE */
        movl    %eax, %cr0
        lgdt    PADDR(gdt_low)
        ljmp    $SELECTOR_CODE, $PADDR(long_mode)

no_long_mode:
        movl    $PADDR(no_long_mode_text), %esi
3:      movb    (%esi), %al
        testb   %al, %al
        jz      5f
        movw    $(COM1 + 5), %dx
        movb    %al, %bl
        movl    $0x100000, %ecx
4:      inb     %dx, %al
        testb   $0x20, %al
        loopz   4b
        movw    $COM1, %dx
        movb    %bl, %al
        outb    %al, %dx
        incl    %esi
        jmp     3b
5:      hlt
        jmp     5b

.code64
long_mode:
        movabsq $high, %rax
        jmp     *%rax
high:
        lgdt    gdt_high(%rip)
        movl    $SELECTOR_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        leaq    boot_stack_top(%rip), %rsp
        xorl    %ebp, %ebp
        pushq   $0                      /* x86_boot(magic, info) */
        jmp     x86_boot

.section .rodata.boot, "a"
no_long_mode_text:
        .asciz  "Hearth: this CPU lacks 64-bit mode or no-execute pages. Stopped.\r\n"

.section .data.boot, "aw"
        .balign 16
.global gdt
gdt:    .quad   0
        .quad   0x00af9b000000ffff      /* SELECTOR_CODE: 64-bit, ring 0 */
        .quad   0x00cf93000000ffff      /* SELECTOR_DATA */
        .quad   0, 0                    /* SELECTOR_TSS: traps_install() */
gdt_end:
        .balign 8
gdt_low:
        .word   gdt_end - gdt - 1
        .long   PADDR(gdt)
        .balign 8
gdt_high:
        .word   gdt_end - gdt - 1
        .quad   gdt

.section .bss.boot_tables, "aw", @nobits
        .balign 4096
.global boot_root
boot_root:      .space 4096
boot_pdpt:      .space 4096
boot_pd:        .space 4 * 4096
image_pdpt:     .space 4096
image_pd:       .space 4096
device_pdpt:    .space 4096
.global device_table
device_table:      .space 4096
boot_stack:     .space STACK_SIZE
.global boot_stack_top
boot_stack_top:
