// SPDX-License-Identifier: Apache-2.0
/*
 * Console: a domU writes to the PL011 of its device tree, dom0 through console_io. Both sink lines
 * whole where they can, so that the hypervisor's prefix stays readable.
 */
#include <guest.h>
#include <hypercall.h>

#define UART_DATA      0x00
#define UART_FLAGS     0x18
#define UART_FLAG_FULL (1u << 5)

static bool use_uart;

void console_init(void)
{
    use_uart = platform.is_domu && platform.uart != 0;
}

bool console_is_uart(void)
{
    return use_uart;
}

static void uart_put(char c)
{
    while ((mmio_read32(platform.uart + UART_FLAGS) & UART_FLAG_FULL) != 0) {
        cpu_relax();
    }
    mmio_write32(platform.uart + UART_DATA, (uint32_t)(unsigned char)c);
}

void console_write(const char *text, size_t length)
{
    if (!use_uart) {
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, (uint64_t)(uintptr_t)text, 0,
                  0);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            uart_put('\r');
        }
        uart_put(text[i]);
    }
}

void print(const char *fmt, ...)
{
    char line[400];
    va_list args;
    int n;

    va_start(args, fmt);
    n = format_text(line, sizeof(line), fmt, args);
    va_end(args);
    if (n > (int)sizeof(line) - 1) {
        n = (int)sizeof(line) - 1;
    }
    console_write(line, (size_t)n);
}
