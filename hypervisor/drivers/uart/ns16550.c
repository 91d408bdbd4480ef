/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NS16550A and its relatives, behind memory or (through struct ns16550_io) I/O ports. The baud rate
 * is the firmware's. Output waits a bounded time for room.
 */
#include <hearth/arch/cpu.h>
#include <hearth/arch/mm.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/irq.h>
#include <hearth/uart.h>

#define THR          0U
#define RBR          0U
#define IER          1U
#define FCR          2U
#define LCR          3U
#define MCR          4U
#define LSR          5U

#define IER_RX       0x01U
#define FCR_ENABLE   0x07U /* enable and clear both FIFOs */
#define LCR_8N1      0x03U
#define MCR_DTR_RTS  0x03U
#define MCR_OUT2     0x08U /* lets the interrupt out on PCs */
#define LSR_READY    0x01U
#define LSR_ERRORS   0x1cU /* parity, framing, break */
#define LSR_TX_EMPTY 0x20U

#define TX_WAIT      (1U << 20)
#define RX_BATCH     64U

static volatile uint8_t *regs __ro_after_init;
static struct uart_place where __ro_after_init;
static const struct ns16550_io *io __ro_after_init;

static uint8_t mmio_read(unsigned int reg)
{
    volatile uint8_t *p = regs + ((size_t)reg << where.reg_shift);

    return where.reg_width == 4 ? (uint8_t) * (volatile uint32_t *)(void *)(uintptr_t)p : *p;
}

static void mmio_write(unsigned int reg, uint8_t value)
{
    volatile uint8_t *p = regs + ((size_t)reg << where.reg_shift);

    if (where.reg_width == 4) {
        *(volatile uint32_t *)(void *)(uintptr_t)p = value;
    } else {
        *p = value;
    }
}

static const struct ns16550_io mmio = {.read = mmio_read, .write = mmio_write};

static void ns16550_putc(char c)
{
    for (unsigned int i = 0; i < TX_WAIT && (io->read(LSR) & LSR_TX_EMPTY) == 0; i++) {
        arch_cpu_relax();
    }
    io->write(THR, (uint8_t)c);
}

static void ns16550_irq(void *arg maybe_unused)
{
    for (unsigned int i = 0; i < RX_BATCH; i++) {
        uint8_t status = io->read(LSR);

        if ((status & LSR_READY) == 0) {
            return;
        }
        uint8_t c = io->read(RBR);

        if ((status & LSR_ERRORS) == 0) {
            console_rx((char)c);
        }
    }
}

static void ns16550_rx_irq_enable(void)
{
    if (where.irq == UART_NO_IRQ || irq_request(where.irq, IRQ_LEVEL, ns16550_irq, NULL) != 0) {
        printk(LOG_WARNING, "ns16550: no interrupt, so no console input\n");
        return;
    }
    io->write(IER, IER_RX);
}

static const struct uart ns16550 = {
    .name = "ns16550",
    .putc = ns16550_putc,
    .rx_irq_enable = ns16550_rx_irq_enable,
};

void ns16550_attach(const struct ns16550_io *access, unsigned int irq)
{
    io = access;
    where.irq = irq;
    io->write(IER, 0);
    io->write(LCR, LCR_8N1);
    io->write(FCR, FCR_ENABLE);
    io->write(MCR, MCR_DTR_RTS | MCR_OUT2);
    console_set_uart(&ns16550);
}

int ns16550_init(const struct uart_place *place)
{
    regs = arch_map_device(place->base, place->size);
    if (regs == NULL) {
        return -ENOMEM;
    }
    where = *place;
    ns16550_attach(&mmio, place->irq);
    return 0;
}
