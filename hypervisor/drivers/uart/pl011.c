/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARM PL011 (DDI 0183), and SBSA generic UARTs. Baud rate and format are the firmware's.
 * Output waits a bounded time for room, so that a dead UART cannot stop the machine.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/mm.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/irq.h>
#include <hearth/uart.h>

#define DR            0x00U
#define FR            0x18U
#define LCRH          0x2cU
#define CR            0x30U
#define IMSC          0x38U
#define ICR           0x44U

#define FR_BUSY       (1U << 3)
#define FR_RXFE       (1U << 4)
#define FR_TXFF       (1U << 5)

#define LCRH_8N1_FIFO 0x70U
#define CR_ENABLE     0x301U /* UARTEN, TXE, RXE */

#define INT_RX        (1U << 4)
#define INT_RT        (1U << 6)
#define INT_ALL       0x7ffU

#define DR_ERRORS     0x700U /* framing, parity, break */

#define TX_WAIT       (1U << 20) /* polls */
#define RX_BATCH      64U        /* characters taken for one interrupt */

static volatile uint8_t *regs __ro_after_init;
static unsigned int rx_irq __ro_after_init;

static uint32_t reg_read(unsigned int reg)
{
    return *(volatile uint32_t *)(regs + reg);
}

static void reg_write(unsigned int reg, uint32_t value)
{
    *(volatile uint32_t *)(regs + reg) = value;
}

static void wait_clear(uint32_t flag)
{
    for (unsigned int i = 0; i < TX_WAIT && (reg_read(FR) & flag) != 0; i++) {
        arch_cpu_relax();
    }
}

static void pl011_putc(char c)
{
    wait_clear(FR_TXFF);
    reg_write(DR, (uint8_t)c);
}

/* The interrupt is a level that reads clear: what is left after one batch raises it again. */
static void pl011_irq(void *arg maybe_unused)
{
    for (unsigned int i = 0; i < RX_BATCH && (reg_read(FR) & FR_RXFE) == 0; i++) {
        uint32_t data = reg_read(DR);

        if ((data & DR_ERRORS) == 0) {
            console_rx((char)(data & 0xff));
        }
    }
}

static void pl011_rx_irq_enable(void)
{
    if (rx_irq == UART_NO_IRQ || irq_request(rx_irq, IRQ_LEVEL, pl011_irq, NULL) != 0) {
        printk(LOG_WARNING, "pl011: no interrupt, so no console input\n");
        return;
    }
    reg_write(IMSC, INT_RX | INT_RT);
}

static const struct uart pl011 = {
    .name = "pl011",
    .putc = pl011_putc,
    .rx_irq_enable = pl011_rx_irq_enable,
};

int pl011_init(const struct uart_place *place)
{
    regs = arch_map_device(place->base, place->size);
    if (regs == NULL) {
        return -ENOMEM;
    }
    rx_irq = place->irq;
    reg_write(IMSC, 0);
    reg_write(ICR, INT_ALL);
    if (!place->fixed_line) {
        wait_clear(FR_BUSY);
        reg_write(CR, 0);
        reg_write(LCRH, LCRH_8N1_FIFO);
        reg_write(CR, CR_ENABLE);
    }
    console_set_uart(&pl011);
    return 0;
}
