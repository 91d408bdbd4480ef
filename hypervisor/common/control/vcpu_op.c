/* SPDX-License-Identifier: Apache-2.0 */
/* vcpu_op (public/vcpu.h), and what it registers: vcpu_info and runstate areas. */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/evtchn.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/p2m.h>
#include <hearth/shared.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>
#include <hearth/vcpu_ops.h>

#define VMASST_RUNSTATE_UPDATE_FLAG 5U

static void poll_timeout(void *arg)
{
    vcpu_post_work(arg, VCPU_WORK_POLL);
}

void vcpu_ops_init(struct vcpu *v)
{
    timer_init(&v->poll_timer, poll_timeout, v, v->sched.cpu);
}

void vcpu_ops_destroy(struct vcpu *v)
{
    timer_kill(&v->poll_timer);
    if (mfn_is_valid_value(v->info_mfn)) {
        guest_unmap((void *)((uintptr_t)v->info & PAGE_MASK));
        page_put(v->info_mfn);
    }
}

int64_t vcpu_op_is_up(struct vcpu *v, struct vcpu *target)
{
    (void)v;
    return (READ_ONCE(target->sched.pause) & PAUSE_DOWN) == 0;
}

int vcpu_op_register_vcpu_info(struct vcpu *v, struct vcpu *target,
                               struct vcpu_register_vcpu_info_arg *a)
{
    struct domain *d = v->domain;
    struct guest_vcpu_info *old = target->info;
    struct guest_vcpu_info *info;
    mfn_t m;
    int rc;

    if (a->offset > PAGE_SIZE - sizeof(*info) || a->offset % 8 != 0) {
        return -ENXIO;
    }
    if (target != v && (READ_ONCE(target->sched.pause) & PAUSE_DOWN) == 0) {
        return -EINVAL;
    }
    rc = p2m_get_page(d->p2m[0], gfn(a->gfn), P2M_GET_WRITE, &m);
    if (rc != 0) {
        return -EINVAL;
    }
    info = (void *)((char *)guest_map(m) + a->offset);
    spin_lock(&d->lock);
    if (mfn_is_valid_value(target->info_mfn)) {
        rc = -EINVAL; /* once only */
    } else {
        if (old != NULL) {
            memcpy(info, old, sizeof(*info));
        } else {
            memset(info, 0, sizeof(*info));
        }
        target->info_mfn = m;
        store_release(&target->info, info); /* pairs with the senders' load */
    }
    spin_unlock(&d->lock);
    if (rc != 0) {
        guest_unmap((void *)((uintptr_t)info & PAGE_MASK));
        page_put(m);
        return rc;
    }
    evtchn_vcpu_info_moved(target);
    return 0;
}

void vcpu_update_runstate_area(struct vcpu *v)
{
    struct runstate_info now_state;
    struct guest_runstate r;
    guest_ptr_t area = v->runstate_area;
    guest_ptr_t entry_time = guest_ptr(area.a + offsetof(struct guest_runstate, entry_time));
    bool flag = (v->domain->vm_assist & (1UL << VMASST_RUNSTATE_UPDATE_FLAG)) != 0;
    int rc = 0;

    sched_runstate(v, &now_state);
    memset(&r, 0, sizeof(r));
    r.state = (int32_t)now_state.state;
    r.entry_time = now_state.entry_time;
    memcpy(r.time, now_state.time, sizeof(r.time));
    if (flag) {
        r.entry_time |= GUEST_RUNSTATE_UPDATE;
        rc = guest_copy_out(entry_time, &r.entry_time, sizeof(r.entry_time));
        smp_mb(); /* readers of the area see the flag before anything changes */
    }
    if (rc == 0) {
        rc = guest_copy_out(area, &r, sizeof(r));
    }
    if (rc == 0 && flag) {
        smp_mb();
        r.entry_time &= ~GUEST_RUNSTATE_UPDATE;
        rc = guest_copy_out(entry_time, &r.entry_time, sizeof(r.entry_time));
    }
    (void)rc; /* the guest may have unmapped it: its loss alone */
}

int vcpu_op_register_runstate_memory_area(struct vcpu *v, struct vcpu *target,
                                          struct vcpu_register_runstate_arg *a)
{
    (void)v;
    if (a->area.a > UINT64_MAX - sizeof(struct guest_runstate)) {
        return -EFAULT;
    }
    target->runstate_area = a->area;
    if (a->area.a != 0) {
        (void)atomic_fetch_or(&target->work, VCPU_WORK_RUNSTATE);
    }
    return 0;
}
