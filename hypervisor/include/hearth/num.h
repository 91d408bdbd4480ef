/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed numbers. Frame numbers and addresses of machine, guest and device space are distinct
 * one-member structs in all builds; arithmetic on them is by the helpers here, which check.
 */
#pragma once

#include <hearth/compiler.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

typedef uint16_t domid_t;
typedef uint32_t evtchn_port_t;
typedef uint32_t grant_ref_t;

/* Machine frame, guest frame. */
typedef struct {
    uint64_t n;
} mfn_t;
typedef struct {
    uint64_t n;
} gfn_t;
/* Machine (physical) address, guest-physical address, address in the guest's own virtual space. */
typedef struct {
    uint64_t a;
} paddr_t;
typedef struct {
    uint64_t a;
} gaddr_t;
typedef struct {
    uint64_t a;
} guest_ptr_t;

#define INVALID_MFN ((mfn_t){~0ULL})
#define INVALID_GFN ((gfn_t){~0ULL})

static inline mfn_t mfn(uint64_t n)
{
    return (mfn_t){n};
}

static inline gfn_t gfn(uint64_t n)
{
    return (gfn_t){n};
}

static inline paddr_t paddr(uint64_t a)
{
    return (paddr_t){a};
}

static inline gaddr_t gaddr(uint64_t a)
{
    return (gaddr_t){a};
}

static inline guest_ptr_t guest_ptr(uint64_t a)
{
    return (guest_ptr_t){a};
}

static inline bool guest_ptr_is_null(guest_ptr_t p)
{
    return p.a == 0;
}

static inline mfn_t mfn_add(mfn_t m, uint64_t i)
{
    return (mfn_t){m.n + i};
}

static inline gfn_t gfn_add(gfn_t g, uint64_t i)
{
    return (gfn_t){g.n + i};
}

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}

static inline bool gfn_eq(gfn_t a, gfn_t b)
{
    return a.n == b.n;
}

static inline bool mfn_is_valid_value(mfn_t m)
{
    return m.n != ~0ULL;
}

static inline paddr_t mfn_to_paddr(mfn_t m)
{
    return (paddr_t){m.n << PAGE_SHIFT};
}

static inline mfn_t paddr_to_mfn(paddr_t p)
{
    return (mfn_t){p.a >> PAGE_SHIFT};
}

static inline gaddr_t gfn_to_gaddr(gfn_t g)
{
    return (gaddr_t){g.n << PAGE_SHIFT};
}

static inline gfn_t gaddr_to_gfn(gaddr_t a)
{
    return (gfn_t){a.a >> PAGE_SHIFT};
}

/* *sum = a + b; false when it does not fit in 64 bits. */
static inline must_check bool checked_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* *product = a * b; false when it does not fit in 64 bits. */
static inline must_check bool checked_mul(uint64_t a, uint64_t b, uint64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* True when [start, start + count) lies in [0, limit), without overflow. */
static inline must_check bool range_fits(uint64_t start, uint64_t count, uint64_t limit)
{
    return start <= limit && count <= limit - start;
}
