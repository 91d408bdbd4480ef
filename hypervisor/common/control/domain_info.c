/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools are told of a domain. */
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/p2m.h>
#include <hearth/sched.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#define NO_VCPU UINT32_MAX

/* XEN-ABI: blocked says that there are vCPUs, and none that is up could run. */
static uint32_t vcpu_flags(struct domain *d, struct domctl_getdomaininfo_arg *info)
{
    uint32_t flags = DOMINF_BLOCKED;
    struct runstate_info runstate;
    struct vcpu *v;
    uint32_t i;

    info->max_vcpu_id = NO_VCPU;
    for_each_vcpu (d, i, v) {
        unsigned long pause = READ_ONCE(v->sched.pause);

        sched_runstate(v, &runstate);
        info->cpu_time += runstate.time[RUNSTATE_RUNNING];
        info->max_vcpu_id = i;
        if ((pause & PAUSE_DOWN) != 0) {
            continue;
        }
        info->nr_online_vcpus++;
        if ((pause & PAUSE_BLOCKED) == 0) {
            flags &= ~DOMINF_BLOCKED;
        }
        if (runstate.state == RUNSTATE_RUNNING) {
            flags |= DOMINF_RUNNING;
        }
    }
    return info->nr_online_vcpus != 0 ? flags : 0;
}

static uint32_t life_flags(struct domain *d)
{
    uint32_t flags = DOMINF_HVM_GUEST | DOMINF_HAP;
    uint32_t code;

    if (READ_ONCE(d->life) != DOMAIN_ALIVE) {
        flags |= DOMINF_DYING;
    }
    if (load_acquire(&d->is_shut_down)) { /* pairs with domain_shutdown() */
        flags |= DOMINF_SHUTDOWN;
    }
    /* XEN-ABI: the reason stands there before the end, if it was given; all ones mean none. */
    code = READ_ONCE(d->shutdown_code);
    flags |= (code == SHUTDOWN_NONE ? UINT16_MAX : code) << DOMINF_SHUTDOWN_SHIFT;
    if (READ_ONCE(d->tools_pause_count) != 0) {
        flags |= DOMINF_PAUSED;
    }
    if (READ_ONCE(d->is_debugged)) {
        flags |= DOMINF_DEBUGGED;
    }
    return flags | (d->config.is_xenstore ? DOMINF_XS_DOMAIN : 0);
}

void domain_info(struct domain *d, struct domctl_getdomaininfo_arg *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->flags = life_flags(d) | vcpu_flags(d, info);
    info->tot_pages = READ_ONCE(d->tot_pages);
    info->max_pages = READ_ONCE(d->max_pages);
    info->shr_pages = READ_ONCE(d->shared_pages);
    info->shared_info_frame = ~0ULL; /* where the guest put it is not kept */
    info->ssidref = d->ssid;
    info->cpupool = 0;
    info->gpaddr_bits = (uint8_t)arch_guest_address_bits();
    memcpy(info->handle, d->handle, sizeof(info->handle));
    arch_domain_config_out(d, info->arch_config);
}
