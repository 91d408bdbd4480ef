/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual PSCI 1.1 of guests (DEN0022). Power states below OFF behave as WFI. */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/p2m.h>
#include <hearth/sched.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/psci.h>
#include <asm/vgic.h>

#define PSCI_1_1             0x10001U

#define PSCI_SUCCESS         0
#define PSCI_NOT_SUPPORTED   (-1)
#define PSCI_INVALID         (-2)
#define PSCI_ALREADY_ON      (-4)
#define PSCI_INVALID_ADDRESS (-9)
#define PSCI_AFFINITY_ON     0
#define PSCI_AFFINITY_OFF    1
#define PSCI_NO_TRUSTED_OS   2

#define MPIDR_AFF_MASK       0xff00ffffffUL

/* vCPU by its MPIDR affinity fields, as arch_vcpu_create() numbers them. */
static struct vcpu *by_mpidr(struct domain *d, uint64_t mpidr)
{
    if ((mpidr & ~0xfffUL & MPIDR_AFF_MASK) != 0 || (mpidr & 0xf0) != 0 ||
        (mpidr & ~MPIDR_AFF_MASK) != 0) {
        return NULL;
    }
    return domain_vcpu(d, (uint32_t)((mpidr & 15) | (mpidr >> 8 & 15) << 4));
}

/*
 * Waits for a vCPU that is on its way out of CPU_OFF: false when it is up. Without the domain's
 * lock, which the softirqs of that vCPU's CPU may want before its state is saved.
 */
static bool is_down(struct vcpu *v)
{
    while (load_acquire(&v->sched.on_cpu) != CPU_NONE) { /* pairs with switch_to() */
        if ((READ_ONCE(v->sched.pause) & PAUSE_DOWN) == 0) {
            return false;
        }
        arch_cpu_relax();
    }
    return (READ_ONCE(v->sched.pause) & PAUSE_DOWN) != 0;
}

static int32_t cpu_on(struct vcpu *caller, uint64_t mpidr, uint64_t entry, uint64_t context)
{
    struct domain *d = caller->domain;
    struct vcpu *v = by_mpidr(d, mpidr);
    int32_t rc = PSCI_ALREADY_ON;

    if (v == NULL) {
        return PSCI_INVALID;
    }
    if ((entry & 3) != 0 || entry >> PAGE_SHIFT >= d->p2m[0]->max_gfn) {
        return PSCI_INVALID_ADDRESS;
    }
    while (rc == PSCI_ALREADY_ON && is_down(v)) {
        spin_lock(&d->lock);
        /* Another vCPU may have turned it on, and it may have turned itself off again, since. */
        if ((READ_ONCE(v->sched.pause) & PAUSE_DOWN) != 0 &&
            load_acquire(&v->sched.on_cpu) == CPU_NONE) {
            vgic_vcpu_reset(v);
            arch_vcpu_set_entry(v, gaddr(entry), context);
            v->initialised = true;
            sched_clear_pause(v, PAUSE_DOWN);
            rc = PSCI_SUCCESS;
        }
        spin_unlock(&d->lock);
    }
    return rc;
}

static int32_t affinity_info(struct vcpu *caller, uint64_t mpidr, uint64_t level)
{
    struct vcpu *v;
    bool found = false;

    if (level == 0) {
        v = by_mpidr(caller->domain, mpidr);
        if (v == NULL) {
            return PSCI_INVALID;
        }
        return (READ_ONCE(v->sched.pause) & PAUSE_DOWN) != 0 ? PSCI_AFFINITY_OFF : PSCI_AFFINITY_ON;
    }
    if (level > 3) {
        return PSCI_INVALID;
    }
    for (uint32_t i = 0; i < caller->domain->max_vcpus; i++) {
        v = domain_vcpu(caller->domain, i);
        if (v != NULL && ((v->arch.vmpidr ^ mpidr) & MPIDR_AFF_MASK) >> (8 * level) == 0) {
            found = true;
            if ((READ_ONCE(v->sched.pause) & PAUSE_DOWN) == 0) {
                return PSCI_AFFINITY_ON;
            }
        }
    }
    return found ? PSCI_AFFINITY_OFF : PSCI_INVALID;
}

static int32_t features(uint32_t fid)
{
    switch (fid & ~PSCI_64) {
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_ON:
    case PSCI_AFFINITY_INFO:
        return 0;
    case PSCI_VERSION:
    case PSCI_CPU_OFF:
    case PSCI_MIGRATE_TYPE:
    case PSCI_FEATURES:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case SMCCC_VERSION:
        return (fid & PSCI_64) == 0 ? 0 : PSCI_NOT_SUPPORTED;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

static void set_result(struct vcpu *v, int32_t value)
{
    v->arch.regs.x[0] = (uint64_t)(int64_t)value;
}

bool psci_handle(struct vcpu *v, uint32_t fid)
{
    const uint64_t *x = v->arch.regs.x;
    uint64_t mask = (fid & PSCI_64) != 0 ? ~0UL : 0xffffffffUL;

    if (features(fid) == PSCI_NOT_SUPPORTED || fid == SMCCC_VERSION) {
        return false;
    }
    switch (fid & ~PSCI_64) {
    case PSCI_VERSION:
        set_result(v, (int32_t)PSCI_1_1);
        break;
    case PSCI_CPU_SUSPEND:
        set_result(v, PSCI_SUCCESS);
        sched_block_current();
        break;
    case PSCI_CPU_OFF:
        sched_set_pause(v, PAUSE_DOWN);
        break;
    case PSCI_CPU_ON:
        set_result(v, cpu_on(v, x[1] & mask, x[2] & mask, x[3] & mask));
        break;
    case PSCI_AFFINITY_INFO:
        set_result(v, affinity_info(v, x[1] & mask, x[2] & mask));
        break;
    case PSCI_MIGRATE_TYPE:
        set_result(v, PSCI_NO_TRUSTED_OS);
        break;
    case PSCI_FEATURES:
        set_result(v, features((uint32_t)x[1]));
        break;
    case PSCI_SYSTEM_OFF:
        domain_shutdown(v->domain, SHUTDOWN_POWEROFF);
        break;
    case PSCI_SYSTEM_RESET:
        domain_shutdown(v->domain, SHUTDOWN_REBOOT);
        break;
    default:
        return false;
    }
    return true;
}
