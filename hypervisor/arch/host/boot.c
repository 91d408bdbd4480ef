/* SPDX-License-Identifier: Apache-2.0 */
/* The start-up part of the contract; tests call what they need of it, in start.c's order or not. */
#include <stdio.h>
#include <stdlib.h>

#include <hearth/arch/boot.h>
#include <hearth/console.h>

#include <asm/host.h>

static void put_stdout(char c)
{
    (void)putchar(c);
}

void arch_console_init(void)
{
    static const struct uart uart = {.name = "stdout", .putc = put_stdout};

    console_set_uart(&uart);
}

void arch_console_fallback(void)
{
    arch_console_init();
}

void arch_boot_describe(struct boot_info *info)
{
    *info = (struct boot_info){.cmdline = ""};
    host_add_ram(HOST_RAM_START, HOST_RAM_SIZE);
}

void arch_timer_init(void)
{
}

void arch_cpu_init(void)
{
}

void arch_smp_init(void)
{
    host_add_cpus(HOST_CPUS);
}

unsigned int arch_launch(void)
{
    return 0;
}

void arch_boot_finish(void)
{
}
