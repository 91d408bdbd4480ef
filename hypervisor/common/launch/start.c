/* SPDX-License-Identifier: Apache-2.0 */
/* The order of start-up, and nothing else. */
#include <hearth/arch/boot.h>
#include <hearth/arch/cpu.h>
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/page.h>
#include <hearth/sched.h>
#include <hearth/xsm.h>

#include <hearth/bootmem.h>
#include <generated/version.h>

noreturn void start_hypervisor(void)
{
    arch_cpu_init();
    printk(LOG_INFO, "Hearth version %s (%s)\n", HEARTH_VERSION, HEARTH_ARCH);
    arch_boot_describe(&boot_info);
    cmdline_parse(boot_info.cmdline);
    arch_mm_init();
    page_alloc_init(options.bootscrub);
    arch_console_init();
    arch_irq_init();
    arch_timer_init();
    xsm_init(options.xsm);
    sched_init();
    arch_smp_init();
    domain_init();
    (void)arch_launch();
    console_boot_done();
    panic_restarts();
    arch_boot_finish();
    arch_enter_loop();
}

noreturn void start_secondary(void)
{
    struct cpu *c = this_cpu();

    sched_init_cpu();
    store_release(&c->online, true); /* pairs with arch_smp_init() */
    arch_enter_loop();
}
