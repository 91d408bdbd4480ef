/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs that never run: they count what is asked of them. */
#include <hearth/arch/vcpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/vcpu.h>

#include <asm/host.h>

#define RECORD_VERSION 1

int arch_vcpu_create(struct vcpu *v)
{
    v->arch = (struct arch_vcpu){.entry = 0};
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    (void)v;
}

void arch_vcpu_set_entry(struct vcpu *v, gaddr_t entry, uint64_t argument)
{
    v->arch.entry = entry.a;
    v->arch.argument = argument;
}

void (*host_on_vcpu_save)(struct vcpu *v);

void arch_vcpu_save(struct vcpu *v)
{
    v->arch.saves++;
    if (host_on_vcpu_save != NULL) {
        host_on_vcpu_save(v);
    }
}

void arch_vcpu_load(struct vcpu *v)
{
    v->arch.loads++;
}

void arch_vcpu_entry_work(struct vcpu *v)
{
    v->arch.entry_works++;
}

bool arch_vcpu_wakeable(struct vcpu *v)
{
    return v->arch.wakeable;
}

void arch_vcpu_upcall(struct vcpu *v)
{
    __atomic_fetch_add(&v->arch.upcalls, 1, __ATOMIC_RELAXED);
}

void arch_vcpu_dump(struct vcpu *v)
{
    (void)v;
}

void arch_vcpu_set_result(struct vcpu *v, int64_t result)
{
    v->arch.result = result;
}

void arch_vcpu_update_time(struct vcpu *v)
{
    (void)v;
}

struct record {
    uint64_t entry;
    uint64_t argument;
};

void arch_vcpu_state_save(struct vcpu *v, struct state_stream *s)
{
    struct record body = {v->arch.entry, v->arch.argument};
    struct state_header h = {
        .type = STATE_VCPU_ARCH,
        .version = RECORD_VERSION,
        .domid = v->domain->id,
        .instance = v->id,
        .length = sizeof(body),
    };

    state_save(s, &h, &body);
}

int arch_vcpu_state_load(struct vcpu *v, struct state_stream *s)
{
    struct state_header h;
    const void *p;
    int err = state_next(s, &h, &p);

    if (err != 0) {
        return err;
    }
    if (h.type != STATE_VCPU_ARCH || state_expect(&h, RECORD_VERSION, sizeof(struct record)) != 0) {
        return -EINVAL;
    }
    v->arch.entry = ((const struct record *)p)->entry;
    v->arch.argument = ((const struct record *)p)->argument;
    return 0;
}

int arch_vcpu_context_in(struct vcpu *v, guest_ptr_t from, bool *online)
{
    uint64_t c[2]; /* entry, flags */

    if (guest_copy_in(c, from, sizeof(c)) != 0) {
        return -EFAULT;
    }
    if ((c[1] & ~1ULL) != 0) {
        return -EINVAL;
    }
    v->arch.entry = c[0];
    *online = c[1] != 0;
    return 0;
}

int arch_vcpu_context_out(struct vcpu *v, guest_ptr_t to)
{
    const uint64_t c[2] = {v->arch.entry, (v->sched.pause & PAUSE_DOWN) == 0};

    return guest_copy_out(to, c, sizeof(c));
}
