// SPDX-License-Identifier: Apache-2.0
/*
 * Identity map, exceptions, virtual timer, PSCI. The map has 1 GiB blocks: the first gigabyte is
 * device memory (all of QEMU's and of Xen's guest layout below RAM), then normal memory up to 256
 * GiB.
 */
#include <guest.h>

#define BLOCK_NORMAL      0x701ULL            /* block, attributes 0, inner shareable, accessed */
#define BLOCK_DEVICE      0x60000000000405ULL /* block, attributes 1, accessed, never executed */

#define PSCI_CPU_OFF      0x84000002u
#define PSCI_CPU_ON64     0xc4000003u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

extern uint64_t page_table[512];
void mmu_fill(void);
void guest_start(const void *fdt);
void trap_sync(struct trap_frame *frame);
void trap_irq(struct trap_frame *frame);
void trap_serror(struct trap_frame *frame);
void trap_unexpected(struct trap_frame *frame);
void secondary_start(void);

volatile struct trap_record trap_last;
static volatile bool expecting;
static irq_handler_t irq_handler;

void mmu_fill(void)
{
    for (uint64_t i = 0; i < 512; i++) {
        bool normal = i >= 1 && i < 256;

        page_table[i] = (i << 30) | (normal ? BLOCK_NORMAL : BLOCK_DEVICE);
    }
    dsb();
}

void guest_start(const void *fdt)
{
    platform_init(fdt);
    console_init();
    gic_init();
    gic_init_cpu();
    test_main();
    test_finish();
}

void trap_expect(bool on)
{
    trap_last.count = 0;
    barrier();
    expecting = on;
    barrier();
}

void trap_sync(struct trap_frame *frame)
{
    uint64_t esr = sysreg_read("esr_el1");
    unsigned int class = (unsigned int)(esr >> 26);

    trap_last.count++;
    trap_last.esr = esr;
    trap_last.far = sysreg_read("far_el1");
    trap_last.elr = frame->elr;
    if (!expecting) {
        guest_panic("unexpected exception: esr %lx elr %lx far %lx", (unsigned long)esr,
                    (unsigned long)frame->elr, (unsigned long)trap_last.far);
    }
    if (class == 0x21 || class == 0x22) {
        frame->elr = frame->x[30]; /* a call to nowhere: return to the caller */
    } else {
        frame->elr += 4;
    }
}

void trap_serror(struct trap_frame *frame)
{
    trap_last.count++;
    trap_last.esr = sysreg_read("esr_el1");
    trap_last.elr = frame->elr;
    if (!expecting) {
        guest_panic("unexpected SError: esr %lx", (unsigned long)trap_last.esr);
    }
}

void trap_unexpected(struct trap_frame *frame)
{
    guest_panic("exception from an unexpected mode: elr %lx", (unsigned long)frame->elr);
}

void irq_set_handler(irq_handler_t handler)
{
    irq_handler = handler;
}

void trap_irq(struct trap_frame *frame)
{
    unsigned int irq = gic_acknowledge();

    (void)frame;
    if (irq >= 1020) {
        return;
    }
    if (irq_handler != NULL) {
        irq_handler(irq);
    }
    gic_end(irq);
}

uint64_t timer_now(void)
{
    isb();
    return sysreg_read("cntvct_el0");
}

uint64_t timer_frequency(void)
{
    return sysreg_read("cntfrq_el0");
}

void timer_set(uint64_t when)
{
    sysreg_write("cntv_cval_el0", when);
    sysreg_write("cntv_ctl_el0", 1);
    isb();
}

void timer_stop(void)
{
    sysreg_write("cntv_ctl_el0", 0);
    isb();
}

void timer_delay_us(uint64_t us)
{
    uint64_t end = timer_now() + us * timer_frequency() / 1000000;

    while (timer_now() < end) {
        cpu_relax();
    }
}

unsigned int cpu_number(void)
{
    return (unsigned int)(sysreg_read("mpidr_el1") & 0xff);
}

long psci_cpu_on(unsigned int cpu, void (*entry)(void))
{
    return (long)smccc_hvc(PSCI_CPU_ON64, cpu, (uint64_t)(uintptr_t)&secondary_start,
                           (uint64_t)(uintptr_t)entry);
}

long psci_cpu_off(void)
{
    return (long)smccc_hvc(PSCI_CPU_OFF, 0, 0, 0);
}

void guest_off(void)
{
    smccc_hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) {
        wait_irq();
    }
}

void guest_reset(void)
{
    smccc_hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    for (;;) {
        wait_irq();
    }
}
