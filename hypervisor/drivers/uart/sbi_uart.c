/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's console: output only, one character a call. */
#include <hearth/console.h>
#include <hearth/uart.h>

#include <asm/riscv64.h>

static const struct uart sbi_uart = {
    .name = "sbi",
    .putc = sbi_putchar,
};

void sbi_uart_init(void)
{
    console_set_uart(&sbi_uart);
}
