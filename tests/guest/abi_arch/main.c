// SPDX-License-Identifier: Apache-2.0
/*
 * What arm64 guests see beside the hypercalls: trapped registers, SMCCC services, device accesses
 * that the hardware does not describe, both timers, and the FP state of vCPUs that share a CPU.
 */
#include <guest.h>
#include <hypercall.h>

#define IRQ_PTIMER   30u
#define GICD_TYPER   0x004
#define GICD_ISPENDR 0x200
#define GICR_SGI     0x10000
#define NEVER        (3UL << 62) /* beyond 2^63: counts are unsigned */
#define ISTATUS      4u
#define FP_ROUNDS    500

void fp_fill(const void *q, uint64_t fpcr, uint64_t fpsr);
void fp_read(void *q, uint64_t *fpcr, uint64_t *fpsr);

static volatile unsigned int ptimer_irqs, vtimer_irqs;

static void on_irq(unsigned int irq)
{
    if (irq == IRQ_PTIMER) {
        ptimer_irqs++;
        sysreg_write("cntp_ctl_el0", 0);
    } else if (irq == IRQ_VTIMER) {
        vtimer_irqs++;
        sysreg_write("cntv_ctl_el0", 0);
    }
    isb();
}

#define test_raz_wi(name)                                                                          \
    do {                                                                                           \
        uint64_t got_;                                                                             \
        trap_expect(true);                                                                         \
        sysreg_write(name, ~0UL);                                                                  \
        got_ = sysreg_read(name);                                                                  \
        test_check(trap_last.count == 0 && got_ == 0, name " reads 0 and ignores writes");         \
        trap_expect(false);                                                                        \
    } while (0)

static void test_registers(void)
{
    test_raz_wi("pmcr_el0");
    test_raz_wi("pmcntenset_el0");
    test_raz_wi("pmcntenclr_el0");
    test_raz_wi("pmovsclr_el0");
    test_raz_wi("pmselr_el0");
    test_raz_wi("pmccntr_el0");
    test_raz_wi("pmxevtyper_el0");
    test_raz_wi("pmxevcntr_el0");
    test_raz_wi("pmuserenr_el0");
    test_raz_wi("pmovsset_el0");
    test_raz_wi("pmintenset_el1");
    test_raz_wi("pmintenclr_el1");
    test_equal((long)sysreg_read("s2_0_c1_c1_4"), 8, "OSLSR_EL1: there is an OS lock");
    trap_expect(true);
    (void)sysreg_read("s3_0_c13_c0_7"); /* SCXTNUM_EL1 */
    test_check(trap_last.count != 0 || (sysreg_read("id_aa64pfr0_el1") >> 56 & 15) >= 2,
               "SCXTNUM_EL1 is there only if CSV2 says so");
    test_check(trap_last.count == 0 || (sysreg_read("id_aa64pfr0_el1") >> 56 & 15) < 2,
               "CSV2 promises SCXTNUM_EL1 only if it is there");
    trap_expect(false);
}

static void smccc(uint32_t function, uint32_t *out)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x2 __asm__("x2") = 0;
    register uint64_t x3 __asm__("x3") = 0;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    out[0] = (uint32_t)x0;
    out[1] = (uint32_t)x1;
    out[2] = (uint32_t)x2;
    out[3] = (uint32_t)x3;
}

static void test_service(const char *name, uint32_t base, uint32_t count, const uint32_t *uid)
{
    uint32_t r[4];

    smccc(base | 0xff00, r);
    test_check(r[0] == count, "%s: %u functions", name, r[0]);
    smccc(base | 0xff01, r);
    test_check(memcmp(r, uid, sizeof(r)) == 0, "%s: UID %x %x %x %x", name, r[0], r[1], r[2], r[3]);
    smccc(base | 0xff03, r);
    test_check(r[0] == 0 && r[1] == 1, "%s: revision %u.%u", name, r[0], r[1]);
}

static void test_smccc(void)
{
    static const uint32_t standard[4] = {0x6f3863f8, 0xbd4c394b, 0x16ce2092, 0x6f9fe541};
    static const uint32_t hypervisor[4] = {0xdc1218a7, 0x694398c6, 0xd179cf9a, 0x67e6de8d};

    test_service("standard service", 0x84000000, 15, standard);
    test_service("hypervisor service", 0x85000000, 3, hypervisor);
}

/* Of dom0 a PPI (type 2), low and level-triggered (flag 2): public/hvm/params.h. */
static void test_callback(void)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};

    test_equal(hvm_op(HVMOP_get_param, &param), 0, "get the callback parameter");
    test_check(param.value == (platform.is_domu ? 0 : (2UL << 56 | 2U << 8 | platform.evtchn_irq)),
               "the callback is the PPI of the device tree: %lx", (unsigned long)param.value);
}

static void test_post_index(void)
{
    uint64_t typer = mmio_read32(platform.gicd + GICD_TYPER);
    uint64_t at = platform.gicd + GICD_TYPER;
    uint64_t value = ~0UL;
    uint64_t stack, moved;

    trap_expect(true);
    __asm__ volatile("ldr %w0, [%1], #4" : "+r"(value), "+r"(at)::"memory");
    test_check(trap_last.count == 0 && value == typer, "ldr with post-index");
    test_check(at == platform.gicd + GICD_TYPER + 4, "ldr with post-index moves its base");
    __asm__ volatile("str %w1, [%0], #-4" : "+r"(at) : "r"(0) : "memory"); /* GICD_IIDR: ignored */
    test_check(trap_last.count == 0, "str with post-index");
    test_check(at == platform.gicd + GICD_TYPER, "str with post-index moves its base");
    at = platform.gicd + GICD_TYPER;
    __asm__ volatile("mov %0, sp\n\t"
                     "mov sp, %3\n\t"
                     "ldr %w1, [sp], #16\n\t"
                     "mov %2, sp\n\t"
                     "mov sp, %0"
                     : "=&r"(stack), "=&r"(value), "=&r"(moved)
                     : "r"(platform.gicd)
                     : "memory");
    test_check(trap_last.count == 0 && moved == platform.gicd + 16, "the base may be SP");
    __asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(value), "=&r"(moved) : "r"(at) : "memory");
    test_check(trap_last.count == 1, "ldp of a device is an abort");
    trap_expect(false);
}

static void test_ptimer(void)
{
    uint64_t now = sysreg_read("cntpct_el0");

    gic_enable(IRQ_PTIMER);
    sysreg_write("cntp_cval_el0", now + 12345);
    test_equal((long)sysreg_read("cntp_cval_el0"), (long)(now + 12345), "CNTP_CVAL holds");
    sysreg_write("cntp_tval_el0", ~0UL);
    test_check((int32_t)sysreg_read("cntp_tval_el0") < 0, "CNTP_TVAL is signed");
    sysreg_write("cntp_ctl_el0", 3);
    if (boot_option("xen", 0)) {
        timer_delay_us(1000); /* its status comes with its own timer's interrupt */
    }
    test_equal((long)sysreg_read("cntp_ctl_el0"), 3 | ISTATUS, "expired and masked");
    irq_enable();
    timer_delay_us(1000);
    test_equal(ptimer_irqs, 0, "no interrupt while it is masked");
    sysreg_write("cntp_ctl_el0", 1);
    timer_delay_us(1000);
    test_equal(ptimer_irqs, 1, "an interrupt once it is not");
    sysreg_write("cntp_cval_el0", sysreg_read("cntpct_el0") + 3600 * timer_frequency());
    sysreg_write("cntp_ctl_el0", 1);
    test_equal((long)sysreg_read("cntp_ctl_el0"), 1, "enabled, not expired");
    irq_disable();
    sysreg_write("cntp_tval_el0", timer_frequency() / 100);
    while (ptimer_irqs == 1) { /* with WFI, or the interrupt could come before */
        wait_irq();
        irq_enable();
        isb();
        irq_disable();
    }
    test_check(sysreg_read("cntpct_el0") >= sysreg_read("cntp_cval_el0"),
               "and WFI ends, not early");
    test_equal((long)sysreg_read("cntp_ctl_el0"), 0, "disabled: no status");
}

static void test_never(void)
{
    unsigned int wakes = 0;

    gic_enable(IRQ_VTIMER);
    irq_enable();
    if (boot_option("xen", 0)) {
        test_skip("physical timer: 2^63 and more is not past", "on Xen it is");
    } else {
        sysreg_write("cntp_cval_el0", NEVER);
        sysreg_write("cntp_ctl_el0", 1);
        test_equal((long)sysreg_read("cntp_ctl_el0"), 1, "physical timer: 2^63 is not past");
    }
    sysreg_write("cntv_cval_el0", NEVER);
    sysreg_write("cntv_ctl_el0", 1);
    isb();
    test_equal((long)sysreg_read("cntv_ctl_el0"), 1, "virtual timer: 2^63 and more is not past");
    timer_delay_us(1000);
    test_equal(ptimer_irqs + vtimer_irqs, 2, "no interrupt comes of it");
    irq_disable();
    sysreg_write("cntp_tval_el0", timer_frequency() / 20);
    sysreg_write("cntp_ctl_el0", 1);
    while (ptimer_irqs == 2) {
        wait_irq();
        wakes++;
        irq_enable();
        isb();
        irq_disable();
    }
    test_check(wakes < 20, "WFI sleeps: %u returns in 50 ms", wakes);
    timer_stop();
}

/* --- With a second vCPU --- */

static volatile unsigned int step;

static uint64_t pending_register(void)
{
    bool v3 = platform.gic_version == 3;

    return (v3 ? platform.gicr_or_gicc + 0x20000 * cpu_number() + GICR_SGI : platform.gicd) +
           GICD_ISPENDR;
}

static void leave_line_high(void)
{
    irq_disable();
    gic_enable(IRQ_PTIMER);
    sysreg_write("cntp_cval_el0", 0);
    sysreg_write("cntp_ctl_el0", 1);
    isb();
    test_check((mmio_read32(pending_register()) >> IRQ_PTIMER & 1) != 0, "the line is high");
    barrier();
    step = 1;
    psci_cpu_off();
}

static void look_at_line(void)
{
    test_equal((long)sysreg_read("cntp_ctl_el0"), 0, "CPU_ON: the physical timer is off");
    test_check((mmio_read32(pending_register()) >> IRQ_PTIMER & 1) == 0, "and its line is low");
    barrier();
    step = 2;
    psci_cpu_off();
}

static void start_second(void (*entry)(void))
{
    while (psci_cpu_on(1, entry) == -4) { /* ALREADY_ON: on its way out */
        cpu_relax();
    }
}

static void wait_step(unsigned int wanted)
{
    while (step < wanted) {
        sched_op(SCHEDOP_yield, NULL);
        barrier();
    }
}

static void test_reset(void)
{
    if (boot_option("xen", 0)) {
        test_skip("CPU_ON: the physical timer is off", "Xen keeps it");
        step = 2;
        return;
    }
    start_second(leave_line_high);
    wait_step(1);
    start_second(look_at_line);
    wait_step(2);
}

/* Rounds in which what this vCPU has put into its FP registers was not what it found there. */
static unsigned int fp_rounds(unsigned int seed)
{
    uint64_t set[64], got[64], fpcr, fpsr;
    struct prng prng;
    unsigned int bad = 0;

    prng_seed(&prng, seed);
    for (unsigned int round = 0; round < FP_ROUNDS; round++) {
        uint64_t control = prng_next(&prng) & (7UL << 22); /* RMode, FZ */
        uint64_t status = prng_next(&prng) & 0x1f;

        for (unsigned int i = 0; i < ARRAY_SIZE(set); i++) {
            set[i] = prng_next(&prng);
        }
        fp_fill(set, control, status);
        sched_op(SCHEDOP_yield, NULL);
        fp_read(got, &fpcr, &fpsr);
        bad += memcmp(set, got, sizeof(set)) != 0 || fpcr != control || fpsr != status;
    }
    return bad;
}

static volatile unsigned int fp_bad;

static void fp_second(void)
{
    uint64_t got[64], fpcr, fpsr;

    fp_read(got, &fpcr, &fpsr);
    test_check(all_bytes(got, 0, sizeof(got)) && fpcr == 0, "a new vCPU's FP registers are zero");
    step = 3;
    fp_bad = fp_rounds(2);
    barrier();
    step = 4;
    psci_cpu_off();
}

static void test_fp(void)
{
    uint64_t ones[64];
    unsigned int bad;

    memset(ones, 0xff, sizeof(ones));
    fp_fill(ones, 0, 0x1f);
    start_second(fp_second);
    wait_step(3);
    bad = fp_rounds(1);
    wait_step(4);
    test_equal(bad, 0, "FP state of the first vCPU");
    test_equal(fp_bad, 0, "FP state of the second vCPU");
}

void test_main(void)
{
    irq_set_handler(on_irq);
    test_registers();
    test_smccc();
    test_callback();
    test_post_index();
    test_ptimer();
    test_never();
    if (boot_option("cpus", 1) > 1) {
        test_reset();
        test_fp();
    }
    test_finish();
}
