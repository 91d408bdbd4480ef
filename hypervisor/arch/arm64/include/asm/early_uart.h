/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UART of last resort: a PL011 at CONFIG_EARLY_UART_BASE, mapped by the boot tables only. For
 * messages before the console exists; never used on the normal path.
 */
#pragma once

void early_uart_write(const char *text);
/* Makes it the console, which then prints what its ring holds. */
void early_uart_register(void);
