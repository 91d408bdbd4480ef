/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 in arm64's format, with TLB maintenance recorded. */
#include <hearth/arch/mm.h>
#include <hearth/errno.h>
#include <hearth/p2m.h>

#include <asm/host.h>

const struct pt_ops *arch_p2m_pt_ops(void)
{
    return &pt_arm64_s2;
}

int arch_p2m_init(struct p2m *p2m, unsigned int address_bits)
{
    static uint16_t last_vmid;

    if (address_bits > 48) {
        return -EINVAL;
    }
    p2m->vmid = ++last_vmid;
    return 0;
}

void arch_p2m_destroy(struct p2m *p2m)
{
    p2m->vmid = 0;
}

void arch_p2m_flush_all(struct p2m *p2m)
{
    host_record(HOST_FLUSH_ALL, p2m->vmid, 0);
}

void arch_p2m_flush_range(struct p2m *p2m, gfn_t start, uint64_t count)
{
    (void)p2m;
    host_record(HOST_FLUSH_RANGE, start.n, count);
}

void arch_p2m_sync_entry(const void *entry)
{
    host_record(HOST_SYNC_ENTRY, (uintptr_t)entry, 0);
}
