/* SPDX-License-Identifier: Apache-2.0
 *
 * arm64 part of the tiny-kernel library: hypercalls, traps, interrupts, timer, PSCI.
 */
#ifndef HEARTH_GUEST_ARM64_ARCH_H
#define HEARTH_GUEST_ARM64_ARCH_H

#ifndef HEARTH_GUEST_H
#include <guest.h>
#endif

#define sysreg_read(name)                                                                          \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_)::"memory");                                \
        value_;                                                                                    \
    })
#define sysreg_write(name, v) __asm__ volatile("msr " name ", %0" ::"r"((uint64_t)(v)) : "memory")

/* Does nothing, at any exception level; tests/bench/plugin/count.c records each execution. */
#define MARKER(number) __asm__ volatile("movz xzr, #%0" ::"i"(0xb000 | (number)) : "memory")

#define barrier()      __asm__ volatile("" ::: "memory")
#define isb()          __asm__ volatile("isb" ::: "memory")
#define dsb()          __asm__ volatile("dsb sy" ::: "memory")
#define cpu_relax()    __asm__ volatile("yield" ::: "memory")
#define wait_event()   __asm__ volatile("wfe" ::: "memory")
#define wait_irq()     __asm__ volatile("dsb sy\n\twfi" ::: "memory")

long hypercall(unsigned long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
               uint64_t a4);
uint64_t smccc_hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t smccc_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* Traps. An exception that the guest expects is counted and skipped; any other one is a panic. */
struct trap_frame {
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
    uint64_t pad;
};
struct trap_record {
    unsigned int count;
    uint64_t esr;
    uint64_t far;
    uint64_t elr;
};
extern volatile struct trap_record trap_last;
void trap_expect(bool on);
typedef void (*irq_handler_t)(unsigned int irq);
void irq_set_handler(irq_handler_t handler);
static inline void irq_enable(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}
static inline void irq_disable(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}
static inline bool irqs_enabled(void)
{
    return (sysreg_read("daif") & (1u << 7)) == 0;
}

/* gic.c: GICv2 and GICv3. */
#define IRQ_VTIMER 27u
void gic_init(void);
void gic_init_cpu(void);
void gic_enable(unsigned int irq);
void gic_disable(unsigned int irq);
unsigned int gic_acknowledge(void);
void gic_end(unsigned int irq);
void gic_send_self(unsigned int sgi);
void gic_send_cpu(unsigned int cpu, unsigned int sgi);
uint32_t mmio_read32(uint64_t address);
void mmio_write32(uint64_t address, uint32_t value);

/* timer.c: the virtual timer. */
uint64_t timer_now(void);
uint64_t timer_frequency(void);
void timer_set(uint64_t when);
void timer_stop(void);
void timer_delay_us(uint64_t us);

/* psci.c */
long psci_cpu_on(unsigned int cpu, void (*entry)(void));
long psci_cpu_off(void);
NORETURN void guest_off(void);
NORETURN void guest_reset(void);

unsigned int cpu_number(void);

#endif
