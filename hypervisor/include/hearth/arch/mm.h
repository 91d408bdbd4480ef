/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: Hearth's own address space, guest address translation, cache and copy primitives. */
#pragma once

#include <hearth/num.h>

struct vcpu;
struct p2m;
struct pt_ops;

/* Maps device memory into Hearth's space, uncached; permanent. NULL when out of space. */
void *arch_map_device(paddr_t start, size_t size);

/* Fills with zeros, as fast as the CPU can; len is a multiple of 64, dst aligned to 64. */
void arch_zero(void *dst, size_t len);
/* Copies one page (both aligned). */
void arch_copy_page(void *dst, const void *src);
/* Writes back (and invalidates) to the point of coherency; so that a guest with its caches off, or
 * a device, sees what Hearth wrote. */
void arch_clean_to_poc(const void *va, size_t len);
/* arch_zero() and arch_clean_to_poc() in one go. */
void arch_zero_to_poc(void *dst, size_t len);
/* Copies multiples of 256 bytes, both sides aligned to 64, and cleans the copy to the point of
 * coherency. Only before the first guest runs: it may use registers that hold guests' state. */
void arch_boot_copy(void *dst, const void *src, size_t len);
/* Makes instructions written there visible to fetches. */
void arch_sync_icache(const void *va, size_t len);

/*
 * Translates the current vCPU's virtual address through its own tables and its p2m, with its
 * privilege and the wanted access. *frame is machine. -EFAULT when any stage refuses.
 */
int arch_guest_translate(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame) must_check;

/*
 * Stage-2 environment of a p2m. The format is one of <hearth/pt.h>, chosen once at start-up; the
 * root register's value derives from pt_root_paddr(&p2m->pt), pt.levels and pt.root_order.
 */
const struct pt_ops *arch_p2m_pt_ops(void);
/* Allocates identifiers; p2m->pt is made already (empty), and may get a lower pt.max_level here.
 * -EINVAL, -ENOSPC. Nothing of the p2m's former identifier may be left in a TLB. */
int arch_p2m_init(struct p2m *p2m, unsigned int address_bits) must_check;
void arch_p2m_destroy(struct p2m *p2m);
/*
 * Invalidates all, or a range of, p2m's translations on every CPU and waits for it. Entries that
 * were written before are seen by walks after it. The range form is for leaf entries whose size
 * did not change; with tables unlinked or blocks split, p2m asks for all.
 */
void arch_p2m_flush_all(struct p2m *p2m);
void arch_p2m_flush_range(struct p2m *p2m, gfn_t start, uint64_t count);
/* Table entries were written, from `entry` on and within its page: makes them visible to the
 * walkers, if the CPU needs it. Called once for each run, not for each entry. */
void arch_p2m_sync_entry(const void *entry);
