/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end: a broken invariant or an impossible start-up. The first CPU to come here prints and
 * stops the others, which halt when they come here, too. When the printing itself fails, that is
 * said on the console of last resort; when it fails there, the CPU just halts.
 */
#include <hearth/atomic.h>
#include <hearth/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/printf.h>

#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>

static unsigned int panicking; /* the CPU's number + 1; 0: none */
static bool started __ro_after_init;

static void begin(void)
{
    static unsigned int depth;
    unsigned int none = 0, self = this_cpu_id() + 1;

    if ((!atomic_cas(&panicking, &none, self) && none != self) || depth == 2) {
        arch_cpu_halt();
    }
    console_panic_mode();
    if (++depth == 2) {
        arch_console_fallback();
        printk(LOG_ERR, "Panic within a panic\n");
    }
}

/* What stopped a start-up would stop the next one, too: only a machine that ran is restarted. */
noreturn static void end(void)
{
    arch_dump_state();
    arch_stop_other_cpus();
    if (!started || options.noreboot) {
        printk(LOG_ERR, "Halted: %s\n", started ? "noreboot was given" : "start-up failed");
        arch_cpu_halt();
    }
    printk(LOG_ERR, "Restarting the machine\n");
    arch_machine_restart();
}

void panic_restarts(void)
{
    started = true;
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
