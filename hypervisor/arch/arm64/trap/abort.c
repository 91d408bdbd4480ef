/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 aborts: emulated devices, races with changes of the p2m, and everything else, which the
 * guest gets back as an external abort.
 */
#include <hearth/domain.h>
#include <hearth/guest_copy.h>
#include <hearth/p2m.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>

#include <asm/decode.h>
#include <asm/trap.h>
#include <asm/vgic.h>

/* ISS of a data abort (DDI 0487 "ISS encoding for an exception from a Data Abort"). */
#define ISS_SAS(e)      (1U << (((e) >> 22) & 3))
#define ISS_SAS_MASK    (3UL << 22)
#define ISS_SAS_WORD    (2UL << 22)
#define ISS_SSE         (1UL << 21)
#define ISS_SF          (1UL << 15)
#define ISS_FNV         (1UL << 10)
#define ISS_S1PTW       (1UL << 7)
#define FSC_TYPE_MASK   0x3cUL
#define ISS_WNR         (1UL << 6)
#define FSC_TYPE(e)     ((e)&0x3c)
#define FSC_TRANSLATION 0x04
#define FSC_PERMISSION  0x0c

static uint64_t stage1_translate(uint64_t va)
{
    uint64_t saved = read_sysreg(par_el1);
    uint64_t par;

    __asm__ volatile("at s1e1r, %0" : : "r"(va));
    isb();
    par = read_sysreg(par_el1);
    write_sysreg(par_el1, saved);
    return par;
}

/*
 * Where the guest wanted to go; false when its own tables no longer say so. HPFAR_EL2 holds it for
 * translation faults and for walks; for other permission faults it is UNKNOWN (DDI 0487).
 */
static bool fault_address(uint64_t esr, gaddr_t *addr)
{
    uint64_t offset = read_sysreg(far_el2) & (PAGE_SIZE - 1);
    uint64_t par;

    if (likely(FSC_TYPE(esr) == FSC_TRANSLATION || (esr & ISS_S1PTW) != 0)) {
        *addr = gaddr(((read_sysreg(hpfar_el2) & 0xffffffffff0ULL) << 8) | offset);
        return true;
    }
    par = stage1_translate(read_sysreg(far_el2));
    *addr = gaddr((par & PAR_PA_MASK) | offset);
    return (par & PAR_F) == 0;
}

static uint64_t extend(uint64_t value, uint64_t esr)
{
    unsigned int size = ISS_SAS(esr);

    if (size < 8) {
        unsigned int shift = 64 - 8 * size;

        value = (esr & ISS_SSE) != 0 ? (uint64_t)((int64_t)(value << shift) >> shift)
                                     : (value << shift) >> shift;
    }
    return (esr & ISS_SF) != 0 ? value : (uint32_t)value;
}

/* Another CPU may have been replacing the entry (break before make): then it is there now. */
static bool mapped_meanwhile(struct vcpu *v, gaddr_t addr, unsigned int access)
{
    struct p2m *p2m = v->domain->p2m[0];
    struct p2m_entry e;
    bool mapped;

    spin_lock(&p2m->lock); /* waits for the change to end */
    spin_unlock(&p2m->lock);
    mapped = p2m_lookup(p2m, gaddr_to_gfn(addr), &e) == 0;
    return mapped && (e.access & access) == access;
}

/* A word of the vGIC: nothing is to be extended, and it has nothing else to find out. */
bool trap_vgic_word(struct vcpu *v, uint64_t esr)
{
    const uint64_t mask = ISS_ABORT_ISV | ISS_SAS_MASK | ISS_SSE | ISS_S1PTW | FSC_TYPE_MASK;
    const uint64_t word = ISS_ABORT_ISV | ISS_SAS_WORD | FSC_TRANSLATION;
    unsigned int reg = ISS_ABORT_SRT(esr);
    bool write = (esr & ISS_WNR) != 0;
    gaddr_t addr;
    uint64_t value;

    if ((esr & mask) != word || !fault_address(esr, &addr)) {
        return false;
    }
    value = write ? guest_reg_read(v, reg) : 0;
    if (vgic_mmio(v, addr, write, 4, &value) != VGIC_DONE) {
        return false;
    }
    if (!write) {
        guest_reg_write(v, reg, value);
    }
    return true;
}

static enum vgic_result device_access(struct vcpu *v, gaddr_t addr, bool write, unsigned int size,
                                      uint64_t *value)
{
    enum vgic_result done = vgic_mmio(v, addr, write, size, value);

    if (done == VGIC_NOT_MINE && v->domain->vuart != NULL && size <= 4 &&
        vpl011_mmio(v, addr, write, size, value)) {
        done = VGIC_DONE;
    }
    return done;
}

static enum vgic_result described_access(struct vcpu *v, gaddr_t addr, uint64_t esr)
{
    bool write = (esr & ISS_WNR) != 0;
    uint64_t value = write ? guest_reg_read(v, ISS_ABORT_SRT(esr)) : 0;
    enum vgic_result done = device_access(v, addr, write, ISS_SAS(esr), &value);

    if (likely(done == VGIC_DONE) && !write) {
        guest_reg_write(v, ISS_ABORT_SRT(esr), extend(value, esr));
    }
    return done;
}

static void move_base(struct vcpu *v, const struct post_indexed *i)
{
    uint64_t by = (uint64_t)i->offset;

    if (i->rn != 31) {
        v->arch.regs.x[i->rn] += by;
    } else if ((v->arch.regs.pstate & PSR_MODE_MASK) == PSR_EL1H) {
        write_sysreg(sp_el1, read_sysreg(sp_el1) + by);
    } else {
        write_sysreg(sp_el0, read_sysreg(sp_el0) + by);
    }
}

/* The instruction as it is now: the guest may have changed it, and then only fools itself. */
static enum vgic_result decoded_access(struct vcpu *v, gaddr_t addr, bool write)
{
    const struct arch_regs *r = &v->arch.regs;
    enum vgic_result done;
    struct post_indexed i;
    uint64_t value;
    uint32_t insn;

    if ((r->pstate & PSR_32) != 0 || guest_copy_in(&insn, guest_ptr(r->pc), sizeof(insn)) != 0 ||
        !decode_post_indexed(insn, &i) || i.write != write) {
        return VGIC_NOT_MINE;
    }
    value = write ? guest_reg_read(v, i.rt) : 0;
    done = device_access(v, addr, write, i.size, &value);
    if (done == VGIC_DONE) {
        if (!write) {
            guest_reg_write(v, i.rt, value & ~0UL >> (64 - 8 * i.size));
        }
        move_base(v, &i);
    }
    return done;
}

enum trap_verdict trap_data_abort(struct vcpu *v, uint64_t esr)
{
    bool write = (esr & ISS_WNR) != 0;
    unsigned int type = FSC_TYPE(esr);
    enum vgic_result done = VGIC_NOT_MINE;
    gaddr_t addr;

    if (type != FSC_TRANSLATION && type != FSC_PERMISSION) {
        return TRAP_DATA_ABORT;
    }
    if (!fault_address(esr, &addr)) {
        return TRAP_DONE; /* the guest changes its tables meanwhile: it runs into its own fault */
    }
    if (likely((esr & (ISS_ABORT_ISV | ISS_S1PTW)) == ISS_ABORT_ISV)) {
        done = described_access(v, addr, esr);
    } else if ((esr & ISS_S1PTW) == 0) {
        done = decoded_access(v, addr, write);
    }
    if (likely(done == VGIC_DONE)) {
        return TRAP_SKIP;
    }
    if (done == VGIC_NOT_MINE && mapped_meanwhile(v, addr, write ? P2M_W : P2M_R)) {
        return TRAP_DONE;
    }
    return TRAP_DATA_ABORT;
}

enum trap_verdict trap_insn_abort(struct vcpu *v, uint64_t esr)
{
    unsigned int type = FSC_TYPE(esr);
    gaddr_t addr;

    if (type != FSC_TRANSLATION && type != FSC_PERMISSION) {
        return TRAP_INSN_ABORT;
    }
    if (!fault_address(esr, &addr) || mapped_meanwhile(v, addr, P2M_X)) {
        return TRAP_DONE;
    }
    return TRAP_INSN_ABORT;
}
