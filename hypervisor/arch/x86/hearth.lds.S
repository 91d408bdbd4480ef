/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/layout.h>

#define LOAD(section) AT(ADDR(section) - HEARTH_VIRT_BASE + LOAD_PADDR)

OUTPUT_ARCH(i386:x86-64)
ENTRY(_start_paddr)

SECTIONS
{
    . = HEARTH_VIRT_BASE;
    _image_start = .;
    .text : LOAD(.text) {
        KEEP(*(.head.text))
        *(.text .text.*)
    }
    . = ALIGN(4096);
    _text_end = .;
    .rodata : LOAD(.rodata) { *(.rodata .rodata.* .data.rel.ro .data.rel.ro.* .got .got.plt) }
    . = ALIGN(4096);
    _rodata_end = .;
    .data.ro_after_init : LOAD(.data.ro_after_init) { *(.data.ro_after_init) }
    . = ALIGN(4096);
    _ro_after_init_end = .;
    .data : LOAD(.data) { *(.data .data.*) }
    . = ALIGN(4096);
    _init_start = .;
    .init.text : LOAD(.init.text) { *(.init.text) }
    . = ALIGN(4096);
    _init_text_end = .;
    .init.data : LOAD(.init.data) { *(.init.data) }
    . = ALIGN(4096);
    _init_end = .;
    _file_end = .;
    .bss (NOLOAD) : LOAD(.bss) {
        _bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        _bss_end = .;
    }
    _image_end = .;
    _start_paddr = _start - HEARTH_VIRT_BASE + LOAD_PADDR;

    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.gnu*) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }
}
