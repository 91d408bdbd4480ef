/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UART of last resort: a PL011 at CONFIG_EARLY_UART_BASE, mapped by all tables, for
 * messages before the console exists and from a broken one; never on the normal path.
 */
#pragma once

/* Makes it the console, which then prints what its ring holds. */
void early_uart_register(void);
