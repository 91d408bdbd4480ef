/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMC calls of guests, by either conduit (SMCCC 1.2, DEN0028): the Arm architecture service, PSCI,
 * and the hypervisor's identity. Workarounds are reported as the firmware has them, so that guests
 * neither call for what does nothing nor miss what is needed.
 */
#include <hearth/compiler.h>
#include <hearth/vcpu.h>

#include <asm/arm64.h>
#include <asm/psci.h>

#define SMCCC_NOT_SUPPORTED ((uint64_t)-1)
#define SMCCC_1_2           0x10002U
#define ARCH_WORKAROUND_1   0x80008000U
#define ARCH_WORKAROUND_2   0x80007fffU
#define ARCH_WORKAROUND_3   0x80003fffU
#define HYP_CALL_COUNT      0x8600ff00U
#define HYP_CALL_UID        0x8600ff01U
#define HYP_REVISION        0x8600ff03U

/* Hearth answers with Xen's identity (XEN-ABI: public/arch-arm/smccc.h). */
static const uint32_t xen_uid[4] = {0xa71812dcU, 0xaa46dc98U, 0x7d46cd9dU, 0xa3a8d4afU};

static bool firmware_is_smccc_1_1(void)
{
    struct smccc_result r;

    smccc_smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0, &r);
    if ((int32_t)r.x0 < 0) {
        return false;
    }
    smccc_smc(SMCCC_VERSION, 0, 0, 0, &r);
    return (int32_t)r.x0 >= 0x10001;
}

/* What the firmware says of a workaround; asked once, the answer is the same for all CPUs. */
static uint64_t workaround_status(uint32_t fid)
{
    static int8_t known; /* 0 not asked, 1 firmware is old, 2 firmware answers */
    struct smccc_result r;

    if (READ_ONCE(known) == 0) {
        WRITE_ONCE(known, firmware_is_smccc_1_1() ? 2 : 1);
    }
    if (READ_ONCE(known) == 1) {
        return SMCCC_NOT_SUPPORTED;
    }
    smccc_smc(SMCCC_ARCH_FEATURES, fid, 0, 0, &r);
    return (uint64_t)(int64_t)(int32_t)r.x0;
}

static uint64_t arch_features_of(uint32_t fid)
{
    switch (fid) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return 0;
    case ARCH_WORKAROUND_1:
    case ARCH_WORKAROUND_2:
    case ARCH_WORKAROUND_3:
        return workaround_status(fid);
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

void smccc_handle(struct vcpu *v)
{
    uint64_t *x = v->arch.regs.x;
    uint32_t fid = (uint32_t)x[0];
    struct smccc_result r;

    switch (fid) {
    case SMCCC_VERSION:
        x[0] = SMCCC_1_2;
        return;
    case SMCCC_ARCH_FEATURES:
        x[0] = arch_features_of((uint32_t)x[1]);
        return;
    case ARCH_WORKAROUND_1:
    case ARCH_WORKAROUND_2:
    case ARCH_WORKAROUND_3:
        if (workaround_status(fid) != SMCCC_NOT_SUPPORTED) {
            smccc_smc(fid, x[1], 0, 0, &r);
        }
        return;
    case HYP_CALL_COUNT:
        x[0] = 3;
        return;
    case HYP_CALL_UID:
        for (unsigned int i = 0; i < ARRAY_SIZE(xen_uid); i++) {
            x[i] = xen_uid[i];
        }
        return;
    case HYP_REVISION:
        x[0] = 0;
        x[1] = 1;
        return;
    default:
        if (!psci_handle(v, fid)) {
            x[0] = SMCCC_NOT_SUPPORTED;
        }
        return;
    }
}
