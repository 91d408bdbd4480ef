/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of riscv64: from head.S to the common order, and the steps that the common order asks.
 */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/arch/irq.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/fdt.h>
#include <hearth/launch.h>
#include <hearth/string.h>
#include <hearth/uart.h>

#include <asm/layout.h>
#include <asm/riscv64.h>

extern char _image_start[], _image_end[], boot_stack_top[];

/* tp points at it from the first C line on. */
extern struct cpu boot_cpu;
struct cpu boot_cpu;

static uint64_t image_paddr __ro_after_init;
static uint64_t fdt_paddr __ro_after_init;

noreturn void riscv64_boot(uint64_t hart, uint64_t fdt, uint64_t image);

noreturn void riscv64_boot(uint64_t hart, uint64_t fdt, uint64_t image)
{
    image_paddr = image;
    fdt_paddr = fdt;
    boot_cpu.arch.hwid = hart;
    boot_cpu.arch.stack_top = boot_stack_top;
    boot_cpu.online = true;
    cpus[0] = &boot_cpu;
    nr_cpus = 1;
    start_hypervisor();
}

paddr_t image_to_paddr(const void *symbol)
{
    return paddr((uint64_t)symbol - HEARTH_VIRT_BASE + image_paddr);
}

void arch_boot_describe(struct boot_info *info)
{
    const void *blob = (const void *)(DIRECT_MAP_BASE + fdt_paddr);

    if (boot_fdt_open(info, blob, fdt_paddr) != 0) {
        arch_console_fallback();
        panic("the device tree at 0x%lx cannot be used", fdt_paddr);
    }
    boot_fdt_memory();
    boot_fdt_image(image_paddr, (uint64_t)(_image_end - _image_start));
    boot_fdt_reserve(info);
}

void arch_console_init(void)
{
    if (uart_probe_fdt() != 0) {
        sbi_uart_init();
    }
}

void arch_console_fallback(void)
{
    sbi_uart_init();
}

void arch_irq_init(void)
{
    csr_write(sie, 0);
}

/* "rv64imafdch_zicsr...": single letters up to the first underscore; or a list of names. */
static bool isa_has_h(uint32_t node)
{
    const char *isa = fdt_string(&host_fdt, node, "riscv,isa");
    struct fdt_prop list;
    const char *name;
    uint32_t at = 0;

    if (isa != NULL && strlen(isa) > 4) {
        const char *h = strchr(isa + 4, 'h');
        const char *end = strchr(isa, '_');

        return h != NULL && (end == NULL || h < end);
    }
    if (fdt_get(&host_fdt, node, "riscv,isa-extensions", &list)) {
        while ((name = fdt_next_string(&list, &at)) != NULL) {
            if (strcmp(name, "h") == 0) {
                return true;
            }
        }
    }
    return false;
}

void arch_cpu_init(void)
{
    /* What a guest may do is set when there are guests. */
}

void arch_smp_init(void)
{
    uint32_t cpus_node = fdt_find(&host_fdt, "/cpus");
    unsigned int harts = 0;
    bool has_h = false;
    uint32_t node;

    fdt_for_each_child (&host_fdt, node, cpus_node) {
        uint64_t hart;

        if (fdt_compatible(&host_fdt, node, "riscv") && fdt_number(&host_fdt, node, "reg", &hart)) {
            harts++;
            has_h = has_h || (hart == this_cpu()->arch.hwid && isa_has_h(node));
        }
    }
    printk(LOG_INFO, "hart %lu of %u (others are not started on riscv64 yet), H extension: %s\n",
           this_cpu()->arch.hwid, harts, has_h ? "yes" : "no, guests cannot run");
}

unsigned int arch_launch(void)
{
    printk(LOG_WARNING, "no domains are built on riscv64 yet\n");
    return 0;
}

void arch_boot_finish(void)
{
    tables_protect();
}

noreturn void arch_enter_loop(void)
{
    printk(LOG_INFO, "nothing runs here yet: the machine is powered off\n");
    arch_machine_power_off();
}

void arch_send_ipi(unsigned int cpu)
{
    panic("interrupt to CPU %u: not on riscv64 yet", cpu);
}
