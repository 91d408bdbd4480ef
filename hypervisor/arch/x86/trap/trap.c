/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables and the hypervisor's own faults (SDM 3A, chapters 6 and 8). */
#include <hearth/arch/cpu.h>
#include <hearth/bug.h>
#include <hearth/console.h>

#include <asm/arch_vcpu.h>
#include <asm/layout.h>
#include <asm/x86.h>

#define VECTORS    256U
#define EXCEPTIONS 32U
#define STUB_SIZE  16U
#define EMERGENCY  1U /* interrupt stack table entry */

#define PAGE_FAULT 14U

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t zero;
};

static_assert(sizeof(struct gate) == 16, "SDM 3A figure 6-8");

struct packed tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap;
};

static_assert(sizeof(struct tss) == 104, "SDM 3A figure 8-11");

struct packed table_pointer {
    uint16_t limit;
    uint64_t base;
};

static const char *const names[EXCEPTIONS] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound",
    "invalid opcode",
    "no device",
    "double fault",
    NULL,
    "invalid TSS",
    "no segment",
    "stack fault",
    "general protection fault",
    "page fault",
    NULL,
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization exception",
    "control protection",
};

extern const char trap_stubs[];
extern uint64_t gdt[];

static struct gate idt[VECTORS] aligned(16);
static struct tss tss aligned(16);
static uint8_t emergency_stack[4096] aligned(16);
static const struct arch_regs *fault;

noreturn void x86_trap(const struct arch_regs *regs);

static bool is_emergency(unsigned int vector)
{
    return vector == 2 || vector == 8 || vector == 18;
}

static void set_gate(unsigned int vector)
{
    uint64_t to = (uint64_t)trap_stubs + MIN(vector, EXCEPTIONS) * STUB_SIZE;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)to,
        .selector = SELECTOR_CODE,
        .ist = is_emergency(vector) ? EMERGENCY : 0,
        .type = 0x8e, /* present, interrupt gate */
        .offset_middle = (uint16_t)(to >> 16),
        .offset_high = (uint32_t)(to >> 32),
    };
}

void traps_install(void)
{
    struct table_pointer idtr = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};
    uint64_t base = (uint64_t)&tss;
    uint64_t *descriptor = &gdt[SELECTOR_TSS / 8];

    for (unsigned int i = 0; i < VECTORS; i++) {
        set_gate(i);
    }
    tss.ist[EMERGENCY - 1] = (uint64_t)(emergency_stack + sizeof(emergency_stack));
    tss.iomap = sizeof(tss);
    descriptor[0] =
        (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
    __asm__ volatile("lidt %0\n\tltr %w1" : : "m"(idtr), "r"(SELECTOR_TSS) : "memory");
}

noreturn void x86_trap(const struct arch_regs *regs)
{
    const char *name = regs->vector < EXCEPTIONS ? names[regs->vector] : "interrupt";

    if (fault != NULL) {
        arch_cpu_halt(); /* a fault while one is reported */
    }
    fault = regs;
    panic("%s (vector %lu, error code 0x%lx) at 0x%lx, address 0x%lx",
          name != NULL ? name : "exception", regs->vector, regs->error, regs->rip,
          regs->vector == PAGE_FAULT ? cr2_read() : 0);
}

void arch_dump_state(void)
{
    const struct arch_regs *r = fault;

    if (r == NULL) {
        return;
    }
    printk(LOG_ERR, "rip %016lx rsp %016lx rflags %08lx cs %04lx ss %04lx\n", r->rip, r->rsp,
           r->rflags, r->cs, r->ss);
    printk(LOG_ERR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx,
           r->rdx);
    printk(LOG_ERR, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
    printk(LOG_ERR, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    printk(LOG_ERR, "r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
}
