/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's UART. One is Hearth's: found once at start-up, registered with console_set_uart(),
 * and hidden from dom0 by launch.
 */
#pragma once

#include <hearth/num.h>

#define UART_NO_IRQ (~0U)

struct uart_place {
    paddr_t base;
    size_t size;
    unsigned int irq;  /* as irq_request() takes it; UART_NO_IRQ: no input */
    bool fixed_line;   /* pl011: SBSA generic UART, without line control registers */
    uint8_t reg_shift; /* ns16550: registers are 1 << reg_shift bytes apart */
    uint8_t reg_width; /* ns16550: bytes of an access, 1 or 4 */
};

/* How the ns16550 driver reaches its eight registers. */
struct ns16550_io {
    uint8_t (*read)(unsigned int reg);
    void (*write)(unsigned int reg, uint8_t value);
};

/* Drivers: they map the registers and register themselves. -ENOMEM. */
int pl011_init(const struct uart_place *place) must_check;
int ns16550_init(const struct uart_place *place) must_check;
/* The same chip behind other accesses (I/O ports), which io does. */
void ns16550_attach(const struct ns16550_io *io, unsigned int irq);
/* riscv64: the firmware's console. Output only. */
void sbi_uart_init(void);

/*
 * The UART that host_fdt names: `dtuart=` (path or alias), else /chosen/stdout-path, else the
 * first that a driver knows. -ENODEV: there is none.
 */
int uart_probe_fdt(void) must_check;
/* True for a node of host_fdt that a driver knows. */
bool uart_drives_node(uint32_t node) must_check;
/* True for the node of host_fdt that is the UART which Hearth keeps. */
bool uart_owns_node(uint32_t node) must_check;
