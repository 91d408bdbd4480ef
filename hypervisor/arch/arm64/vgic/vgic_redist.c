/* SPDX-License-Identifier: Apache-2.0 */
/* The RD frame of a v3 redistributor (IHI 0069 12.11). No LPIs: their registers read as zero. */
#include "private.h"

#define RD_IIDR               (0x04 / 4)
#define RD_TYPER              (0x08 / 4)
#define RD_TYPER_HI           (0x0c / 4)
#define RD_WAKER              (0x14 / 4)
#define RD_PIDR2              (0xffe8 / 4)

#define RD_IIDR_VALUE         0x4800043bU
#define RD_TYPER_LAST         (1U << 4)
#define WAKER_PROCESSOR_SLEEP (1U << 1)
#define WAKER_CHILDREN_ASLEEP (1U << 2)

/* The last redistributor of a region of contiguous ones. */
static bool is_last(const struct vgic_vcpu *v)
{
    const struct vgic_domain *d = v->domain;

    for (unsigned int i = 0; i < d->nr_redist; i++) {
        if (v->id == d->redist[i].first_vcpu + d->redist[i].count - 1) {
            return true;
        }
    }
    return v->id + 1U == d->max_vcpus;
}

uint32_t vgic_redist_read(struct vgic_vcpu *v, unsigned int word)
{
    switch (word) {
    case RD_IIDR:
        return RD_IIDR_VALUE;
    case RD_TYPER:
        return (uint32_t)v->id << 8 | (is_last(v) ? RD_TYPER_LAST : 0);
    case RD_TYPER_HI: /* affinity: as the vCPU's MPIDR */
        return (v->id / 16U) << 8 | v->id % 16U;
    case RD_WAKER:
        return v->asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
    case RD_PIDR2:
        return 0x3b;
    default:
        return 0;
    }
}

void vgic_redist_write(struct vgic_vcpu *v, unsigned int word, uint32_t value)
{
    if (word == RD_WAKER) {
        v->asleep = (value & WAKER_PROCESSOR_SLEEP) != 0;
    }
}
