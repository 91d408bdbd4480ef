/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory, page by page through the direct map.
 *
 * A translation is used without a lock: read the p2m's generation, translate, take a reference,
 * and find the generation unchanged. A removal grows the generation before it drops references
 * (release in p2m_unmap, acquire here), so the frame was mapped when the reference was taken. A
 * change in between repeats the attempt, a bounded number of times. So does a fault while the page
 * tables were broken to be made again (pt_breaks()); that section is short, and waited for.
 */
#include <hearth/atomic.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>

#include <hearth/arch/cpu.h>
#include <hearth/arch/mm.h>

#define MAX_ATTEMPTS 64U
#define FEW_BYTES    64U

/* What is done with each chunk. */
enum direction {
    COPY_IN,
    COPY_OUT,
    CLEAR,
};

static void move(enum direction how, void *guest, void *dst, const void *src, size_t n)
{
    switch (how) {
    case COPY_IN:
        memcpy(dst, guest, n);
        break;
    case COPY_OUT:
        memcpy(guest, src, n);
        break;
    case CLEAR:
    default:
        memset(guest, 0, n);
        break;
    }
    /* The snapshot is taken: nothing after this looks at guest memory again. */
    compiler_barrier();
}

static uint32_t wait_for_no_break(const struct p2m *p2m)
{
    uint32_t breaks;

    while (unlikely(((breaks = pt_breaks(&p2m->pt)) & 1U) != 0)) {
        arch_cpu_relax();
    }
    return breaks;
}

/* The frame behind va, with a reference. */
static int get_frame(struct vcpu *v, guest_ptr_t va, bool write, mfn_t *frame)
{
    const struct p2m *p2m = v->domain->p2m[0];
    unsigned int i;

    for (i = 0; i < MAX_ATTEMPTS; i++) {
        uint32_t breaks = wait_for_no_break(p2m);
        uint64_t generation = load_acquire(&p2m->generation);
        domid_t owner;

        if (unlikely(arch_guest_translate(v, va, write, frame) != 0)) {
            if (!p2m_miss_is_doubtful(p2m, breaks)) {
                return -EFAULT;
            }
            continue;
        }
        if (unlikely(!page_get_any(*frame, &owner))) {
            if (load_acquire(&p2m->generation) == generation) {
                return -EFAULT; /* not RAM */
            }
            continue;
        }
        if (likely(load_acquire(&p2m->generation) == generation)) {
            return 0;
        }
        page_put(*frame);
    }
    return -EFAULT;
}

static int guest_move(enum direction how, guest_ptr_t va, uint8_t *dst, const uint8_t *src,
                      size_t n)
{
    struct vcpu *v = current_vcpu();
    uint64_t end;

    if (n > 0 && (v == NULL || !checked_add(va.a, n - 1, &end))) {
        return -EFAULT;
    }
    while (n > 0) {
        size_t offset = va.a & (PAGE_SIZE - 1);
        size_t chunk = MIN(n, PAGE_SIZE - offset);
        uint8_t *page;
        mfn_t m;

        if (get_frame(v, va, how != COPY_IN, &m) != 0) {
            return -EFAULT;
        }
        page = guest_map(m);
        move(how, page + offset, dst, src, chunk);
        guest_unmap(page);
        page_put(m);
        dst = dst != NULL ? dst + chunk : NULL;
        src = src != NULL ? src + chunk : NULL;
        va.a += chunk;
        n -= chunk;
    }
    return 0;
}

/* Few words, aligned, in one page: most arguments and results. */
static always_inline bool is_few(guest_ptr_t va, const void *own, size_t n)
{
    size_t offset = va.a & (PAGE_SIZE - 1);

    return n <= FEW_BYTES && offset + n <= PAGE_SIZE && ((n | va.a | (uintptr_t)own) & 3) == 0;
}

/* Each word once, and no wider than both ends are aligned. */
static always_inline void copy_words(void *dst, const void *src, size_t n)
{
    if (((n | (uintptr_t)src | (uintptr_t)dst) & 7) == 0) {
        const uint64_t *from = src;
        uint64_t *to = dst;

        for (size_t i = 0; i < n / 8; i++) {
            WRITE_ONCE(to[i], READ_ONCE(from[i]));
        }
    } else {
        const uint32_t *from = src;
        uint32_t *to = dst;

        for (size_t i = 0; i < n / 4; i++) {
            WRITE_ONCE(to[i], READ_ONCE(from[i]));
        }
    }
}

/*
 * A few words are read without a reference: the frame may stop being the guest's meanwhile, but
 * then the generation has grown before the frame could be reused, and what was read is forgotten.
 * Whatever is out of the ordinary goes the long way.
 */
static always_inline bool copy_in_few(void *dst, guest_ptr_t src, size_t n)
{
    struct vcpu *v = current_vcpu();
    const struct p2m *p2m;
    const uint8_t *page;
    uint64_t generation;
    mfn_t m;

    if (!is_few(src, dst, n) || v == NULL) {
        return false;
    }
    p2m = v->domain->p2m[0];
    generation = load_acquire(&p2m->generation);
    if (unlikely(arch_guest_translate(v, src, false, &m) != 0 || !page_is_guests(m))) {
        return false;
    }
    page = guest_map(m);
    copy_words(dst, page + (src.a & (PAGE_SIZE - 1)), n);
    guest_unmap(page);
    smp_rmb(); /* pairs with the release in p2m_unmap */
    return READ_ONCE(p2m->generation) == generation;
}

/* They are written with a reference, as get_frame() takes it, at the first attempt. */
static always_inline bool copy_out_few(guest_ptr_t dst, const void *src, size_t n)
{
    struct vcpu *v = current_vcpu();
    const struct p2m *p2m;
    uint64_t generation;
    domid_t owner;
    uint8_t *page;
    bool good;
    mfn_t m;

    if (!is_few(dst, src, n) || v == NULL) {
        return false;
    }
    p2m = v->domain->p2m[0];
    generation = load_acquire(&p2m->generation);
    if (unlikely(arch_guest_translate(v, dst, true, &m) != 0 || !page_get_any(m, &owner))) {
        return false;
    }
    good = likely(load_acquire(&p2m->generation) == generation);
    if (good) {
        page = guest_map(m);
        copy_words(page + (dst.a & (PAGE_SIZE - 1)), src, n);
        guest_unmap(page);
    }
    page_put(m);
    return good;
}

int guest_copy_in(void *dst, guest_ptr_t src, size_t n)
{
    if (likely(copy_in_few(dst, src, n))) {
        return 0;
    }
    return guest_move(COPY_IN, src, dst, NULL, n);
}

int guest_copy_out(guest_ptr_t dst, const void *src, size_t n)
{
    if (likely(copy_out_few(dst, src, n))) {
        return 0;
    }
    return guest_move(COPY_OUT, dst, NULL, src, n);
}

bool guest_window_open(struct vcpu *v, struct guest_window *w, guest_ptr_t at, size_t n)
{
    size_t offset = at.a & (PAGE_SIZE - 1);
    const struct p2m *p2m = v->domain->p2m[0];
    uint64_t generation;

    if (offset > PAGE_SIZE - n || (at.a & 7) != 0) {
        return false;
    }
    generation = load_acquire(&p2m->generation);
    if (unlikely(arch_guest_translate(v, at, true, &w->frame) != 0 ||
                 !page_get(w->frame, v->domain))) {
        return false;
    }
    if (unlikely(load_acquire(&p2m->generation) != generation)) {
        page_put(w->frame);
        return false;
    }
    w->at = (uint64_t *)(void *)((char *)guest_map(w->frame) + offset);
    return true;
}

int guest_clear(guest_ptr_t dst, size_t n)
{
    return guest_move(CLEAR, dst, NULL, NULL, n);
}

bool guest_ptr_index(guest_ptr_t base, uint64_t index, size_t size, guest_ptr_t *out)
{
    uint64_t offset;

    return checked_mul(index, size, &offset) && checked_add(base.a, offset, &out->a);
}

static int phys_move(enum direction how, struct domain *d, gaddr_t at, uint8_t *dst,
                     const uint8_t *src, size_t n)
{
    unsigned int flags = P2M_GET_FOREIGN | (how == COPY_IN ? 0 : P2M_GET_WRITE);
    uint64_t end;

    if (n > 0 && !checked_add(at.a, n - 1, &end)) {
        return -EFAULT;
    }
    while (n > 0) {
        size_t offset = at.a & (PAGE_SIZE - 1);
        size_t chunk = MIN(n, PAGE_SIZE - offset);
        uint8_t *page;
        mfn_t m;

        if (p2m_get_page(d->p2m[0], gaddr_to_gfn(at), flags, &m) != 0) {
            return -EFAULT;
        }
        page = guest_map(m);
        move(how, page + offset, dst, src, chunk);
        guest_unmap(page);
        page_put(m);
        dst = dst != NULL ? dst + chunk : NULL;
        src = src != NULL ? src + chunk : NULL;
        at.a += chunk;
        n -= chunk;
    }
    return 0;
}

int guest_phys_copy_in(struct domain *d, void *dst, gaddr_t src, size_t n)
{
    return phys_move(COPY_IN, d, src, dst, NULL, n);
}

int guest_phys_copy_out(struct domain *d, gaddr_t dst, const void *src, size_t n)
{
    return phys_move(COPY_OUT, d, dst, NULL, src, n);
}
