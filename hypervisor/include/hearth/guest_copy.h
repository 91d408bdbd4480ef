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

struct vcpu;

int guest_copy_in(void *dst, guest_ptr_t src, size_t n) must_check;
int guest_copy_out(guest_ptr_t dst, const void *src, size_t n) must_check;
int guest_clear(guest_ptr_t dst, size_t n) must_check;

/*
 * An argument that goes in and comes out, for one translation: words of eight bytes, aligned, in
 * one page of the domain's own. The page is held from open to close, so no preemption check may be
 * in between; own, so that a write cannot reach what the guest has given back to another meanwhile.
 * False: as above instead. v is the current vCPU; `n` is the same constant in all three, a multiple
 * of 8, at most a page.
 */
struct guest_window {
    uint64_t *at;
    mfn_t frame;
};
bool guest_window_open(struct vcpu *v, struct guest_window *w, guest_ptr_t at, size_t n) must_check;

/* The snapshot: each word is read once. */
static always_inline void guest_window_read(const struct guest_window *w, void *dst, size_t n)
{
    const uint64_t *from = w->at;
    uint64_t *to = dst;

    UNROLL
    for (size_t i = 0; i < n / 8; i++) {
        to[i] = READ_ONCE(from[i]);
    }
    compiler_barrier();
}

static always_inline void guest_window_close(const struct guest_window *w, const void *src,
                                             size_t n)
{
    const uint64_t *from = src;
    uint64_t *to = w->at;

    UNROLL
    for (size_t i = 0; i < n / 8; i++) {
        to[i] = from[i];
    }
    page_put(w->frame);
}

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
