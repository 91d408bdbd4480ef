/* SPDX-License-Identifier: Apache-2.0 */
/* From head.S to start_hypervisor(), on the boot CPU and on the others. */
#include <hearth/arch/boot.h>
#include <hearth/arch/irq.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/fdt.h>
#include <hearth/launch.h>
#include <hearth/uart.h>

#include <asm/arm64.h>
#include <asm/early_uart.h>
#include <asm/gic.h>
#include <asm/layout.h>
#include <asm/sysreg.h>

noreturn void arm64_boot(uint64_t fdt_paddr, uint64_t image_paddr);
noreturn void arm64_boot_secondary(void);
noreturn void enter_loop(void *stack_top);

extern const char _image_start[], _image_end[];
extern char boot_stack_top[];

static struct cpu boot_cpu;
static uint64_t image_paddr_start;
static uint64_t fdt_paddr_given;

paddr_t image_to_paddr(const void *symbol)
{
    return paddr((uint64_t)symbol - (uint64_t)_image_start + image_paddr_start);
}

noreturn void arm64_boot(uint64_t fdt_paddr, uint64_t image_paddr)
{
    image_paddr_start = image_paddr;
    fdt_paddr_given = fdt_paddr;
    boot_cpu.arch.stack_top = boot_stack_top;
    boot_cpu.arch.hwid = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
    boot_cpu.arch.midr = read_sysreg(midr_el1);
    boot_cpu.online = true;
    cpus[0] = &boot_cpu;
    nr_cpus = 1;
    write_sysreg(tpidr_el2, (uint64_t)&boot_cpu);
    start_hypervisor();
}

void arch_boot_describe(struct boot_info *info)
{
    const uint8_t *blob = (const uint8_t *)FDT_VIRT_BASE + (fdt_paddr_given & (MiB(2) - 1));

    cpu_features_init();
    if (fdt_paddr_given == 0 || (fdt_paddr_given & 7) != 0) {
        panic("no device tree: the boot loader gave %#lx in x0, where its address is expected",
              fdt_paddr_given);
    }
    if (boot_fdt_open(info, blob, fdt_paddr_given) != 0) {
        panic("the device tree at %#lx cannot be used", fdt_paddr_given);
    }
    boot_fdt_memory();
    boot_fdt_image(image_paddr_start, (uint64_t)(_image_end - _image_start));
    boot_fdt_reserve(info);
}

void arch_console_init(void)
{
    if (uart_probe_fdt() != 0) {
        panic("no UART that Hearth can drive: give dtuart=<path or alias of a PL011>");
    }
}

void arch_console_fallback(void)
{
    early_uart_register();
}

void arch_irq_init(void)
{
    gic_init();
}

noreturn void arm64_boot_secondary(void)
{
    arch_cpu_init();
    gic_init_cpu();
    arch_timer_init();
    start_secondary();
}

noreturn void arch_enter_loop(void)
{
    enter_loop(this_cpu()->arch.stack_top);
}
