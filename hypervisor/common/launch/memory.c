/* SPDX-License-Identifier: Apache-2.0 */
/* RAM of a domain that is being built, and what is put into it. */
#include <hearth/launch.h>

#include <hearth/arch/mm.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/string.h>

#include "private.h"

#define ORDER_2M      9U
#define ORDER_SIZE(o) (PAGE_SIZE << (o))

/* --- One to one --- */

/* Puts a block into the sorted list of banks, merged with its neighbours. */
static int add_block(struct launch *l, uint64_t start, uint64_t size)
{
    unsigned int i;

    for (i = 0; i < l->nr_banks && l->bank[i].start + l->bank[i].size < start; i++) {
    }
    if (i < l->nr_banks && l->bank[i].start + l->bank[i].size == start) {
        l->bank[i].size += size;
        if (i + 1 < l->nr_banks && l->bank[i].start + l->bank[i].size == l->bank[i + 1].start) {
            l->bank[i].size += l->bank[i + 1].size;
            l->nr_banks--;
            memmove(&l->bank[i + 1], &l->bank[i + 2], (l->nr_banks - i - 1) * sizeof(l->bank[0]));
        }
    } else if (i < l->nr_banks && start + size == l->bank[i].start) {
        l->bank[i].start = start;
        l->bank[i].size += size;
    } else {
        if (l->nr_banks == LAUNCH_BANKS) {
            return -E2BIG;
        }
        memmove(&l->bank[i + 1], &l->bank[i], (l->nr_banks - i) * sizeof(l->bank[0]));
        l->bank[i] = (struct launch_bank){start, size};
        l->nr_banks++;
    }
    return 0;
}

/* One block of at most `left` bytes, the largest that there is; low memory first. */
static int take_block(struct domain *d, uint64_t left, unsigned int *order, mfn_t *m)
{
    unsigned int o;

    for (o = MIN(*order, MAX_ORDER); o >= ORDER_2M; o--) {
        if (ORDER_SIZE(o) <= left &&
            (page_alloc_guest(d, o, ALLOC_LOW4G, m) == 0 || page_alloc_guest(d, o, 0, m) == 0)) {
            *order = o;
            return 0;
        }
    }
    return -ENOMEM;
}

int launch_memory_direct(struct launch *l)
{
    struct domain *d = l->domain;
    uint64_t left = ALIGN_UP(l->plan->memory, ORDER_SIZE(ORDER_2M));
    unsigned int order = MAX_ORDER;
    mfn_t m;
    int rc = 0;

    d->max_pages = left >> PAGE_SHIFT;
    while (left != 0 && rc == 0) {
        rc = take_block(d, left, &order, &m);
        if (rc == 0) {
            rc = add_block(l, mfn_to_paddr(m).a, ORDER_SIZE(order));
        }
        if (rc == 0) {
            rc = p2m_map(d->p2m[0], gfn(m.n), m, 1ULL << order, P2M_RAM, P2M_RWX);
            left -= ORDER_SIZE(order);
        }
    }
    return rc;
}

/* --- In windows of a fixed layout --- */

static unsigned int order_for(uint64_t address, uint64_t left)
{
    unsigned int o = MAX_ORDER;

    while (o > 0 && (ORDER_SIZE(o) > left || !IS_ALIGNED(address, ORDER_SIZE(o)))) {
        o--;
    }
    return o;
}

static int fill_bank(struct domain *d, uint64_t at, uint64_t end)
{
    unsigned int order, limit = MAX_ORDER;
    mfn_t m;
    int rc;

    while (at < end) {
        order = MIN(order_for(at, end - at), limit);
        rc = page_alloc_guest(d, order, 0, &m);
        if (rc != 0 && order == 0) {
            return rc;
        }
        if (rc != 0) {
            limit = order - 1;
            continue;
        }
        rc = p2m_map(d->p2m[0], gaddr_to_gfn(gaddr(at)), m, 1ULL << order, P2M_RAM, P2M_RWX);
        if (rc != 0) {
            return rc;
        }
        at += ORDER_SIZE(order);
    }
    return 0;
}

int launch_memory(struct launch *l, const struct launch_bank *windows, unsigned int count)
{
    uint64_t left = l->plan->memory, size;
    unsigned int i;
    int rc;

    for (i = 0; i < count && left != 0; i++) {
        size = MIN(left, windows[i].size);
        l->bank[l->nr_banks++] = (struct launch_bank){windows[i].start, size};
        left -= size;
    }
    if (left != 0) {
        return -E2BIG;
    }
    for (i = 0; i < l->nr_banks; i++) {
        rc = fill_bank(l->domain, l->bank[i].start, l->bank[i].start + l->bank[i].size);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* --- Contents --- */

int launch_place(struct launch *l, uint64_t offset, uint64_t size, uint64_t fdt_size)
{
    uint64_t ramdisk_size = ALIGN_UP(l->plan->ramdisk.size, MiB(2));
    uint64_t kernel, end;
    unsigned int i;

    for (i = 0; i < l->nr_banks; i++) {
        kernel = ALIGN_UP(l->bank[i].start, MiB(2)) + offset;
        l->kernel_end = kernel + size;
        l->ramdisk = ALIGN_UP(l->kernel_end, MiB(2));
        l->fdt = l->ramdisk + ramdisk_size;
        end = l->bank[i].start + l->bank[i].size;
        if (l->fdt < end && range_fits(l->fdt, fdt_size, end)) {
            l->entry = kernel;
            return 0;
        }
    }
    printk(LOG_ERR, "%s: kernel (%llu KiB) and ramdisk (%llu KiB) do not fit into its memory\n",
           l->plan->name, (unsigned long long)(size >> 10),
           (unsigned long long)(l->plan->ramdisk.size >> 10));
    return -ENOSPC;
}

/* Whole aligned pages as such, the rest by bytes; cleaned for a guest with its caches off. */
static void copy_pages(uint8_t *to, const uint8_t *from, uint64_t size)
{
    uint64_t whole = 0;

    if (((uintptr_t)to & ~PAGE_MASK) == 0 && ((uintptr_t)from & ~PAGE_MASK) == 0) {
        whole = size & PAGE_MASK;
        arch_boot_copy(to, from, whole);
    }
    memcpy(to + whole, from + whole, size - whole);
    arch_clean_to_poc(to + whole, size - whole);
}

int launch_copy(struct domain *d, uint64_t to, const void *from, uint64_t size)
{
    const uint8_t *source = from;
    struct p2m_entry entry;
    uint64_t offset, n, frames;
    uint8_t *target;

    while (size != 0) {
        if (p2m_lookup(d->p2m[0], gaddr_to_gfn(gaddr(to)), &entry) != 0 || entry.type != P2M_RAM) {
            return -EFAULT;
        }
        frames = (1ULL << entry.order) - ((to >> PAGE_SHIFT) & ((1ULL << entry.order) - 1));
        offset = to & ~PAGE_MASK;
        n = MIN(size, (frames << PAGE_SHIFT) - offset);
        target = (uint8_t *)mfn_to_virt(entry.mfn) + offset;
        copy_pages(target, source, n);
        source += n;
        to += n;
        size -= n;
    }
    return 0;
}
