/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU and the machine: time by the TSC (measured against the PIT once), halt and restart. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/timer.h>

#include <asm/x86.h>

#define PIT_HZ           1193182UL
#define PIT_COUNT        11932U /* 10 ms */
#define PIT_CHANNEL_2    0x42
#define PIT_COMMAND      0x43
#define PORT_B           0x61
#define PORT_B_GATE_2    0x01
#define PORT_B_OUT_2     0x20
#define PIT_POLLS        10000000U

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xfe

/* ns = ticks * mult >> 32 */
static uint64_t mult __ro_after_init;
static uint64_t boot_count __ro_after_init;

/* Ticks of the TSC while channel 2 counts down once; 0 when there is no PIT. */
static uint64_t measure(void)
{
    uint64_t start;

    port_write(PORT_B, (uint8_t)((port_read(PORT_B) & ~0x03) | PORT_B_GATE_2));
    port_write(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
    port_write(PIT_CHANNEL_2, PIT_COUNT & 0xff);
    port_write(PIT_CHANNEL_2, PIT_COUNT >> 8);
    start = tsc_read();
    for (unsigned int i = 0; i < PIT_POLLS; i++) {
        if ((port_read(PORT_B) & PORT_B_OUT_2) != 0) {
            return tsc_read() - start;
        }
    }
    return 0;
}

void arch_timer_init(void)
{
    uint64_t ticks = UINT64_MAX;
    uint64_t hz;

    /* Whatever disturbs a measurement makes it longer. */
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t once = measure();

        ticks = MIN(ticks, once);
    }
    hz = ticks * PIT_HZ / PIT_COUNT;
    if (hz < 1000000) {
        panic("the TSC's frequency cannot be measured: %lu Hz", hz);
    }
    mult = (NS_PER_S << 32) / hz;
    boot_count = tsc_read();
    printk(LOG_INFO, "TSC: %lu kHz\n", hz / 1000);
}

uint64_t arch_now(void)
{
    return (uint64_t)(((unsigned __int128)(tsc_read() - boot_count) * mult) >> 32);
}

void arch_timer_program(uint64_t deadline maybe_unused)
{
    /* No timer interrupt yet, and nothing that would wait for one. */
}

bool arch_irq_pending(void)
{
    return false;
}

void arch_irq_dispatch(void)
{
}

void arch_idle(void)
{
    arch_cpu_halt(); /* no interrupt is enabled that could end it */
}

void arch_cpu_relax(void)
{
    __asm__ volatile("pause" ::: "memory");
}

void arch_wait_change(const uint16_t *word, uint16_t old)
{
    if (READ_ONCE(*word) == old) {
        arch_cpu_relax();
    }
}

noreturn void arch_cpu_halt(void)
{
    for (;;) {
        __asm__ volatile("cli\n\thlt" ::: "memory");
    }
}

void arch_stop_other_cpus(void)
{
    /* Only the boot CPU was started. */
}

void arch_send_ipi(unsigned int cpu)
{
    panic("interrupt to CPU %u: not on x86 yet", cpu);
}

noreturn void arch_machine_restart(void)
{
    port_write(KEYBOARD_COMMAND, KEYBOARD_RESET);
    arch_cpu_halt();
}

noreturn void arch_machine_power_off(void)
{
    printk(LOG_ERR, "halted: the machine can be switched off\n");
    arch_cpu_halt();
}
