/* SPDX-License-Identifier: Apache-2.0 */
/* Guest addresses: a guest without a first stage, unless a test brings its own. */
#include <hearth/arch/mm.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/p2m.h>
#include <hearth/vcpu.h>

#include <asm/host.h>

static int identity(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame)
{
    struct p2m_entry e;

    if (p2m_lookup(v->domain->p2m[0], gfn(va.a >> PAGE_SHIFT), &e) != 0) {
        return -EFAULT;
    }
    if ((e.access & (write ? P2M_W : P2M_R)) == 0) {
        return -EFAULT;
    }
    *frame = e.mfn;
    return 0;
}

host_translate_fn host_translate = identity;

int arch_guest_translate(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame)
{
    return host_translate(v, va, write, frame);
}
