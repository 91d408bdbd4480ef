/* SPDX-License-Identifier: Apache-2.0 */
/* A UART that keeps what is written, and the console in its start-up state. */
#pragma once

#include <hearth/boot.h>
#include <hearth/console.h>

#include "common/console/private.h"

static char uart_text[1 << 20];
static size_t uart_len;
static unsigned int uart_rx_enabled;

static void uart_text_put(char c)
{
    if (uart_len < sizeof(uart_text) - 1) {
        uart_text[uart_len++] = c;
        uart_text[uart_len] = '\0';
    }
}

static void uart_text_rx_enable(void)
{
    uart_rx_enabled++;
}

static const struct uart fake_uart = {
    .name = "fake",
    .putc = uart_text_put,
    .rx_irq_enable = uart_text_rx_enable,
};

static void uart_forget(void)
{
    uart_len = 0;
    uart_text[0] = '\0';
}

static void console_reset(bool with_uart)
{
    memset(&console, 0, sizeof(console));
    spin_lock_init(&console.lock, RANK_CONSOLE);
    console.line_owner = LINE_NONE;
    console.focus = FOCUS_HEARTH;
    console.switch_char = 1;
    options =
        (struct hearth_options){.conswitch = "a", .loglvl = LOG_INFO, .guest_loglvl = LOG_WARNING};
    uart_rx_enabled = 0;
    uart_forget();
    if (with_uart) {
        console_set_uart(&fake_uart);
    }
}
