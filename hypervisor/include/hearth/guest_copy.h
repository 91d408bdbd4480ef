/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to look at memory that a guest can write. guest_copy_in() makes a by-value snapshot;
 * checks and use are on the snapshot. Addresses are the current vCPU's own virtual addresses
 * (the ABI's guest handles). -EFAULT when any byte is not mapped readable (writable) RAM; bytes
 * before the fault may have been copied. Never blocks; no lock is needed or taken.
 */
#pragma once

#include <hearth/num.h>
#include <hearth/page.h>

int guest_copy_in(void *dst, guest_ptr_t src, size_t n) must_check;
int guest_copy_out(guest_ptr_t dst, const void *src, size_t n) must_check;
int guest_clear(guest_ptr_t dst, size_t n) must_check;

/*
 * An argument that goes in and comes out, for one translation: few words in one page of the
 * domain's own. The page is held in between, so no preemption check may be; own, so that a write
 * cannot reach what the guest has given back to another meanwhile. False: as above instead.
 */
struct guest_window {
    mfn_t frame;
    unsigned int offset;
};
bool guest_window_in(struct guest_window *w, void *dst, guest_ptr_t src, size_t n) must_check;
void guest_window_out(const struct guest_window *w, const void *src, size_t n);

/* ptr + index * size with overflow checked: false when it wraps. */
bool guest_ptr_index(guest_ptr_t base, uint64_t index, size_t size, guest_ptr_t *out) must_check;

/* By guest-physical address, of any domain (launch, device models). Same errors. */
struct domain;
int guest_phys_copy_in(struct domain *d, void *dst, gaddr_t src, size_t n) must_check;
int guest_phys_copy_out(struct domain *d, gaddr_t dst, const void *src, size_t n) must_check;

/*
 * A window on a guest frame on which the caller holds a reference. Direct map today; per-CPU
 * windows later, so unmap in reverse order and hold none across a preemption check.
 */
static inline void *must_check guest_map(mfn_t m)
{
    return mfn_to_virt(m);
}

static inline void guest_unmap(const void *va)
{
    (void)va;
}
