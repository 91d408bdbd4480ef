/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/layout.h>

OUTPUT_ARCH(aarch64)
ENTRY(_start)

SECTIONS
{
    . = HEARTH_VIRT_BASE;
    _image_start = .;
    .text : {
        *(.head.text)
        *(.text.vectors)
        *(.text .text.*)
    }
    . = ALIGN(4096);
    _text_end = .;
    .rodata : { *(.rodata .rodata.*) }
    . = ALIGN(4096);
    _rodata_end = .;
    .data.ro_after_init : { *(.data.ro_after_init) }
    . = ALIGN(4096);
    _ro_after_init_end = .;
    .data : { *(.data .data.*) }
    . = ALIGN(4096);
    _init_start = .;
    .init.text : { *(.init.text) }
    . = ALIGN(4096);
    _init_text_end = .;
    .init.data : { *(.init.data) }
    . = ALIGN(4096);
    _init_end = .;
    _file_end = .;
    .bss (NOLOAD) : {
        _bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        _bss_end = .;
    }
    _image_end = .;
    _image_size = _image_end - _image_start;

    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.ARM.attributes) *(.gnu*) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }
}
