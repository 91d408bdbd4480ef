/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end: a broken invariant or an impossible start-up. The first CPU to come here prints and
 * stops the others; one that comes here later, or again from the printing itself, just halts.
 */
#include <hearth/atomic.h>
#include <hearth/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/printf.h>

#include <hearth/arch/cpu.h>

static unsigned int panicking;

static void begin(void)
{
    if (atomic_exchange(&panicking, 1U) != 0) {
        arch_cpu_halt();
    }
    console_panic_mode();
}

noreturn static void end(void)
{
    arch_dump_state();
    arch_stop_other_cpus();
    if (options.noreboot) {
        printk(LOG_ERR, "Halted: noreboot was given\n");
        arch_cpu_halt();
    }
    printk(LOG_ERR, "Restarting the machine\n");
    arch_machine_restart();
}

void panic(const char *fmt, ...)
{
    static char text[256];
    va_list ap;

    begin();
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printk(LOG_ERR, "Panic on CPU %u: %s\n", this_cpu_id(), text);
    end();
}

void bug(const char *file, unsigned int line, const char *what)
{
    begin();
    printk(LOG_ERR, "BUG on CPU %u: %s at %s:%u\n", this_cpu_id(), what, file, line);
    end();
}
