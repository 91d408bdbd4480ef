/* SPDX-License-Identifier: Apache-2.0 */
#include <hearth/compiler.h>
#include <hearth/console.h>

#include <asm/early_uart.h>
#include <asm/layout.h>

#define UART_DR      0x00U
#define UART_FR      0x18U
#define UART_FR_TXFF (1U << 5)

static volatile uint32_t *reg(unsigned int offset)
{
    return (volatile uint32_t *)(EARLY_UART_VIRT + (CONFIG_EARLY_UART_BASE & 0x1fffff) + offset);
}

static void early_putc(char c)
{
    for (unsigned int i = 0; i < 100000 && (*reg(UART_FR) & UART_FR_TXFF) != 0; i++) {
    }
    *reg(UART_DR) = (uint8_t)c;
}

void early_uart_register(void)
{
    static const struct uart uart = {.name = "early", .putc = early_putc};

    console_set_uart(&uart);
}
