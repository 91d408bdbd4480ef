# SPDX-License-Identifier: Apache-2.0
obj-y := ns16550.o pl011.o uart_fdt.o
obj-$(CONFIG_RISCV64) += sbi_uart.o
