/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMC calls of guests, by either conduit (SMCCC 1.2, DEN0028): the Arm architecture service, the
 * standard service, which is PSCI, and the hypervisor's, which is its identity. Workarounds are
 * reported as the firmware has them, so that guests neither call for what does nothing nor miss
 * what is needed.
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

/* Of a service: its number of functions, UID, revision. */
#define GENERAL(fid)     ((fid)&0xc000ffffU)
#define CALL_COUNT       0x8000ff00U
#define CALL_UID         0x8000ff01U
#define REVISION         0x8000ff03U
#define OWNER(fid)       ((fid) >> 24 & 0x3fU)
#define OWNER_STANDARD   4U
#define OWNER_HYPERVISOR 5U

/* XEN-ABI: with Xen's UIDs (public/arch-arm/smccc.h); neither names a 64-bit function. */
static const struct service {
    uint32_t uid[4];
    uint32_t functions;
} standard = {{0x6f3863f8U, 0xbd4c394bU, 0x16ce2092U, 0x6f9fe541U}, 15},
  hypervisor = {{0xdc1218a7U, 0x694398c6U, 0xd179cf9aU, 0x67e6de8dU}, 3};

/* Revisions are 0.1. False: not a question about a service that there is. */
static bool identify(uint64_t *x, uint32_t fid)
{
    const struct service *s = OWNER(fid) == OWNER_STANDARD     ? &standard
                              : OWNER(fid) == OWNER_HYPERVISOR ? &hypervisor
                                                               : NULL;

    if (s == NULL) {
        return false;
    }
    switch (GENERAL(fid)) {
    case CALL_COUNT:
        x[0] = s->functions;
        return true;
    case CALL_UID:
        for (unsigned int i = 0; i < ARRAY_SIZE(s->uid); i++) {
            x[i] = s->uid[i];
        }
        return true;
    case REVISION:
        x[0] = 0;
        x[1] = 1;
        return true;
    default:
        return false;
    }
}

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
    default:
        if (!psci_handle(v, fid) && !identify(x, fid)) {
            x[0] = SMCCC_NOT_SUPPORTED;
        }
        return;
    }
}
