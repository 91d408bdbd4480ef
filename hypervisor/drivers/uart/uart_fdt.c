/* SPDX-License-Identifier: Apache-2.0 */
/* Finds Hearth's UART in the host's device tree. */
#include <hearth/boot.h>
#include <hearth/console.h>
#include <hearth/errno.h>
#include <hearth/fdt.h>
#include <hearth/uart.h>

struct uart_row {
    const char *compatible;
    int (*init)(const struct uart_place *place);
    bool fixed_line;
};

static const struct uart_row rows[] = {
    {"arm,pl011", pl011_init, false},          {"arm,sbsa-uart", pl011_init, true},
    {"ns16550a", ns16550_init, false},         {"ns16550", ns16550_init, false},
    {"snps,dw-apb-uart", ns16550_init, false},
};

static uint32_t uart_node __ro_after_init;

static const struct uart_row *row_of(uint32_t node)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (fdt_compatible(&host_fdt, node, rows[i].compatible)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* A GIC's three cells are type (0: SPI, 1: PPI), number, trigger; others begin with the number. */
static unsigned int irq_of(const struct fdt_path *path)
{
    struct fdt_interrupt i;

    if (fdt_interrupt(&host_fdt, path, 0, &i) != 0 || i.nr_cells == 0) {
        return UART_NO_IRQ;
    }
    if (i.nr_cells < 3) {
        return i.cells[0];
    }
    return i.cells[1] + (i.cells[0] == 0 ? 32U : 16U);
}

static int init_node(uint32_t node)
{
    const struct uart_row *row = row_of(node);
    struct uart_place place = {.reg_width = 1};
    struct fdt_path path;
    uint64_t start;
    uint64_t size;
    uint32_t number;

    if (row == NULL || !fdt_locate(&host_fdt, node, &path) ||
        fdt_path_reg(&host_fdt, &path, 0, &start, &size) != 0) {
        return -ENODEV;
    }
    place.base = paddr(start);
    place.size = MAX(size, 0x100U);
    place.irq = irq_of(&path);
    place.fixed_line = row->fixed_line;
    if (fdt_u32(&host_fdt, node, "reg-shift", &number) && number <= 2) {
        place.reg_shift = (uint8_t)number;
    }
    if (fdt_u32(&host_fdt, node, "reg-io-width", &number) && number == 4) {
        place.reg_width = 4;
    }
    uart_node = node;
    return row->init(&place);
}

/* `path` may be NULL or empty. */
static int init_path(const char *path, const char *from)
{
    int error = -ENODEV;

    if (path == NULL || *path == '\0') {
        return error;
    }
    uint32_t node = fdt_find(&host_fdt, path);

    if (node != FDT_NONE) {
        error = init_node(node);
    }
    if (error != 0) {
        printk(LOG_WARNING, "%s \"%s\" is no UART that Hearth can use (%d)\n", from, path, error);
    }
    return error;
}

static int init_first(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t node = FDT_NONE;

        while ((node = fdt_find_compatible(&host_fdt, node, rows[i].compatible)) != FDT_NONE) {
            if (fdt_available(&host_fdt, node) && init_node(node) == 0) {
                return 0;
            }
        }
    }
    uart_node = FDT_NONE;
    return -ENODEV;
}

static const char *stdout_path(void)
{
    uint32_t chosen = fdt_find(&host_fdt, "/chosen");

    return chosen == FDT_NONE ? NULL : fdt_string(&host_fdt, chosen, "stdout-path");
}

int uart_probe_fdt(void)
{
    if (init_path(options.dtuart, "dtuart") == 0 || init_path(stdout_path(), "stdout-path") == 0) {
        return 0;
    }
    return init_first();
}

bool uart_drives_node(uint32_t node)
{
    return row_of(node) != NULL;
}

bool uart_owns_node(uint32_t node)
{
    return node != FDT_NONE && node == uart_node;
}
