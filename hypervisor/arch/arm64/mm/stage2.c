/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 of arm64: VMIDs, VTCR, TLB maintenance, and translation of guest addresses by the CPU.
 *
 * TLB operations by IPA or VMID act on the VMID in VTTBR_EL2, so another domain's is loaded for
 * their duration; no guest runs on this CPU meanwhile.
 */
#include <hearth/arch/mm.h>
#include <hearth/bitmap.h>
#include <hearth/errno.h>
#include <hearth/lock.h>
#include <hearth/p2m.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/sysreg.h>

#define MAX_VMIDS 4096U
/* More pages than this are invalidated by VMID, in one go. */
#define FLUSH_RANGE_MAX 64U

static DECLARE_BITMAP(vmids, MAX_VMIDS) = {1}; /* 0 is no guest's */
static struct spinlock vmid_lock = SPINLOCK_INIT(RANK_MAP);
static uint64_t vtcr_value;

/* VTCR_EL2: RES1, 4 KiB granule, inner shareable write-back walks, as pt_init() shapes the root. */
static uint64_t vtcr_for(const struct pt *pt, unsigned int address_bits)
{
    uint64_t mmfr1 = read_sysreg(id_aa64mmfr1_el1);
    uint64_t ps = read_sysreg(id_aa64mmfr0_el1) & 7;
    uint64_t vs = ((mmfr1 >> 4) & 15) == 2 ? 1UL << 19 : 0;
    uint64_t sl0 = pt->levels == 4 ? 2 : pt->levels == 3 ? 1 : 0;

    return (1UL << 31) | vs | (ps > 5 ? 5 : ps) << 16 | 0x3500 | sl0 << 6 | (64 - address_bits);
}

static unsigned int vmid_count(void)
{
    return ((read_sysreg(id_aa64mmfr1_el1) >> 4) & 15) == 2 ? MAX_VMIDS : 256;
}

const struct pt_ops *arch_p2m_pt_ops(void)
{
    return &pt_arm64_s2;
}

int arch_p2m_init(struct p2m *p2m, unsigned int address_bits)
{
    unsigned int vmid;

    spin_lock(&vmid_lock);
    vmid = bitmap_next_zero(vmids, vmid_count(), 0);
    if (vmid < vmid_count()) {
        bit_set(vmids, vmid);
    }
    spin_unlock(&vmid_lock);
    if (vmid == vmid_count()) {
        return -ENOSPC;
    }
    p2m->vmid = (uint16_t)vmid;
    vtcr_value = vtcr_for(&p2m->pt, address_bits); /* the same for all: one address width */
    arch_p2m_flush_all(p2m);
    return 0;
}

void arch_p2m_destroy(struct p2m *p2m)
{
    arch_p2m_flush_all(p2m);
    spin_lock(&vmid_lock);
    bit_clear(vmids, p2m->vmid);
    spin_unlock(&vmid_lock);
}

uint64_t stage2_vtcr(void)
{
    return vtcr_value;
}

uint64_t stage2_vttbr(const struct p2m *p2m)
{
    return pt_root_paddr(&p2m->pt).a | (uint64_t)p2m->vmid << 48;
}

/* Returns what VTTBR_EL2 held. */
static uint64_t enter_vmid(const struct p2m *p2m)
{
    uint64_t old = read_sysreg(vttbr_el2);
    uint64_t mine = stage2_vttbr(p2m);

    if (old != mine) {
        write_sysreg(vttbr_el2, mine);
        isb();
    }
    return old;
}

static void leave_vmid(uint64_t old)
{
    if (read_sysreg(vttbr_el2) != old) {
        write_sysreg(vttbr_el2, old);
        isb();
    }
}

void arch_p2m_flush_all(struct p2m *p2m)
{
    uint64_t old = enter_vmid(p2m);

    __asm__ volatile("dsb ishst\n\ttlbi vmalls12e1is\n\tdsb ish\n\tisb" ::: "memory");
    leave_vmid(old);
}

/* Of the VMID in VTTBR_EL2; count > 0. */
static always_inline void flush_pages(uint64_t gfn, uint64_t count)
{
    dsb_ishst();
    do {
        __asm__ volatile("tlbi ipas2e1is, %0" : : "r"(gfn++) : "memory");
    } while (--count != 0);
    /* Stage 1 entries may cache the combination: all of this VMID's. */
    __asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
}

static noinline void flush_pages_of(struct p2m *p2m, uint64_t gfn, uint64_t count)
{
    uint64_t old = enter_vmid(p2m);

    flush_pages(gfn, count);
    leave_vmid(old);
}

void arch_p2m_flush_range(struct p2m *p2m, gfn_t start, uint64_t count)
{
    if (unlikely(count - 1 >= FLUSH_RANGE_MAX)) {
        arch_p2m_flush_all(p2m);
    } else if (likely(read_sysreg(vttbr_el2) == stage2_vttbr(p2m))) {
        flush_pages(start.n, count);
    } else {
        flush_pages_of(p2m, start.n, count);
    }
}

void arch_p2m_sync_entry(const void *entry)
{
    (void)entry;
    dsb_ishst();
}

int arch_guest_translate(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame)
{
    uint64_t saved = read_sysreg(par_el1);
    uint64_t par;

    (void)v; /* its EL1 registers are in the hardware */
    if (write) {
        __asm__ volatile("at s12e1w, %0" : : "r"(va.a));
    } else {
        __asm__ volatile("at s12e1r, %0" : : "r"(va.a));
    }
    isb();
    par = read_sysreg(par_el1);
    write_sysreg(par_el1, saved);
    if (unlikely((par & PAR_F) != 0)) {
        return -EFAULT;
    }
    *frame = mfn((par & PAR_PA_MASK) >> PAGE_SHIFT);
    return 0;
}
