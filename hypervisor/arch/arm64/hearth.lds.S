/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/layout.h>

OUTPUT_ARCH(aarch64)
ENTRY(_start)

/* Rights: PF_X 1, PF_W 2, PF_R 4. Nothing is both written and executed. */
PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    init_text PT_LOAD FLAGS(5);
    bss PT_LOAD FLAGS(6);
}

SECTIONS
{
    . = HEARTH_VIRT_BASE;
    _image_start = .;
    .text : {
        *(.head.text)
        *(.text.vectors)
        *(.text .text.*)
    } :text
    . = ALIGN(4096);
    _text_end = .;
    .rodata : { *(.rodata .rodata.*) } :rodata
    . = ALIGN(4096);
    _rodata_end = .;
    .data.ro_after_init : { *(.data.ro_after_init) } :data
    . = ALIGN(4096);
    _ro_after_init_end = .;
    .data : { *(.data .data.*) }
    . = ALIGN(4096);
    _init_start = .;
    .init.text : { *(.init.text) } :init_text
    . = ALIGN(4096);
    _init_text_end = .;
    .init.data : { *(.init.data) } :bss
    . = ALIGN(4096);
    _init_end = .;
    _file_end = .;
    .bss (NOLOAD) : {
        _bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        _bss_end = .;
    } :bss
    _image_end = .;
    _image_size = _image_end - _image_start;

    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.ARM.attributes) *(.gnu*) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }
}
