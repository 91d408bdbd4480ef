/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>

#include "ring.h"

#include <string.h>

/* Copies between the ring and a buffer; `at` is an index of the ring, `n` at most its size. */
static void copy_out(char *to, const char *ring, uint32_t at, size_t n)
{
    size_t start = MASK_XENSTORE_IDX(at), first = XENSTORE_RING_SIZE - start;

    first = n < first ? n : first;
    memcpy(to, ring + start, first);
    memcpy(to + first, ring, n - first);
}

static void copy_in(char *ring, uint32_t at, const char *from, size_t n)
{
    size_t start = MASK_XENSTORE_IDX(at), first = XENSTORE_RING_SIZE - start;

    first = n < first ? n : first;
    memcpy(ring + start, from, first);
    memcpy(ring, from + first, n - first);
}

ssize_t ring_read(const struct xenstore_domain_interface *page, void *to, size_t room)
{
    uint32_t cons = __atomic_load_n(&page->req_cons, __ATOMIC_RELAXED);
    /* Pairs with the release of whoever produced: the bytes are there before the index. */
    uint32_t prod = __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE);
    size_t n = prod - cons;

    if (n > XENSTORE_RING_SIZE) {
        return -EINVAL;
    }
    n = n < room ? n : room;
    copy_out(to, page->req, cons, n);
    return (ssize_t)n;
}

void ring_took(struct xenstore_domain_interface *page, size_t n)
{
    uint32_t cons = __atomic_load_n(&page->req_cons, __ATOMIC_RELAXED);

    /* The bytes are read before the domain may put others there. */
    __atomic_store_n(&page->req_cons, cons + (uint32_t)n, __ATOMIC_RELEASE);
}

bool ring_waits(const struct xenstore_domain_interface *page)
{
    return __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) !=
           __atomic_load_n(&page->req_cons, __ATOMIC_RELAXED);
}

ssize_t ring_write(struct xenstore_domain_interface *page, const void *from, size_t len)
{
    uint32_t cons = __atomic_load_n(&page->rsp_cons, __ATOMIC_ACQUIRE);
    uint32_t prod = __atomic_load_n(&page->rsp_prod, __ATOMIC_RELAXED);
    size_t n = XENSTORE_RING_SIZE - (size_t)(prod - cons);

    if ((size_t)(prod - cons) > XENSTORE_RING_SIZE) {
        return -EINVAL;
    }
    n = n < len ? n : len;
    copy_in(page->rsp, prod, from, n);
    __atomic_store_n(&page->rsp_prod, prod + (uint32_t)n, __ATOMIC_RELEASE);
    return (ssize_t)n;
}
