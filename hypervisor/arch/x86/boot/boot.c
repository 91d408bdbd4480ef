/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of x86: from head.S to the common order, and the steps that the common order asks. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/uart.h>

#include <asm/x86.h>

#define COM1          0x3f8
#define COM_SCRATCH   7
#define SCRATCH_VALUE 0x5a

extern char boot_stack_top[];

static struct cpu boot_cpu;
static uint32_t boot_magic __ro_after_init;
static uint32_t boot_paddr __ro_after_init;

noreturn void x86_boot(uint32_t magic, uint32_t info);

noreturn void x86_boot(uint32_t magic, uint32_t info)
{
    boot_cpu.arch.self = &boot_cpu;
    msr_write(MSR_GS_BASE, (uint64_t)&boot_cpu.arch);
    boot_magic = magic;
    boot_paddr = info;
    boot_cpu.arch.hwid = cpuid(1).b >> 24;
    boot_cpu.arch.stack_top = boot_stack_top;
    boot_cpu.online = true;
    cpus[0] = &boot_cpu;
    nr_cpus = 1;
    traps_install();
    start_hypervisor();
}

void arch_boot_describe(struct boot_info *info)
{
    multiboot_describe(info, boot_magic, boot_paddr);
}

static uint8_t com1_read(unsigned int reg)
{
    return port_read((uint16_t)(COM1 + reg));
}

static void com1_write(unsigned int reg, uint8_t value)
{
    port_write((uint16_t)(COM1 + reg), value);
}

void arch_console_init(void)
{
    static const struct ns16550_io com1 = {.read = com1_read, .write = com1_write};

    com1_write(COM_SCRATCH, SCRATCH_VALUE);
    if (com1_read(COM_SCRATCH) == SCRATCH_VALUE) {
        ns16550_attach(&com1, UART_NO_IRQ);
    }
}

void arch_console_fallback(void)
{
    arch_console_init();
}

void arch_irq_init(void)
{
    /* Both interrupt controllers of the PC masked; nothing replaces them yet. */
    port_write(0x21, 0xff);
    port_write(0xa1, 0xff);
}

void arch_cpu_init(void)
{
    /* What a guest may do is set when there are guests. */
}

void arch_smp_init(void)
{
    bool vmx = (cpuid(1).c & (1U << 5)) != 0;
    bool svm = (cpuid(0x80000001U).c & (1U << 2)) != 0;

    printk(LOG_INFO, "CPU with APIC id %lu (others are not started on x86 yet), %s\n",
           this_cpu()->arch.hwid,
           vmx ? "VMX" : (svm ? "SVM" : "no virtualization, only PV guests could run"));
}

unsigned int arch_launch(void)
{
    printk(LOG_WARNING, "no domains are built on x86 yet\n");
    return 0;
}

void arch_boot_finish(void)
{
    tables_protect();
}

noreturn void arch_enter_loop(void)
{
    printk(LOG_INFO, "nothing runs here yet\n");
    arch_machine_power_off();
}
