/* SPDX-License-Identifier: Apache-2.0 */
/* domctl: limits of memory, and caches. */
#include <hearth/arch/mm.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>

/* XEN-ABI: one request flushes so many frames at most. */
#define CACHEFLUSH_MOST (1ULL << 18)

int domctl_op_max_mem(struct vcpu *v, struct domain *d, struct domctl_max_mem_arg *a)
{
    uint64_t pages = a->max_memkb >> (PAGE_SHIFT - 10);

    (void)v;
    spin_lock(&d->pages_lock);
    d->max_pages = MIN(pages, (uint64_t)UINT32_MAX);
    spin_unlock(&d->pages_lock);
    return 0;
}

/* The pool is the number of frames that the domain's stage-2 tables may take. */
int domctl_op_set_paging_mempool_size(struct vcpu *v, struct domain *d,
                                      struct domctl_paging_mempool_arg *a)
{
    uint64_t pages = a->size >> PAGE_SHIFT;
    struct p2m *p2m = d->p2m[0];
    int rc = 0;

    (void)v;
    if ((a->size & ~PAGE_MASK) != 0 || pages > UINT32_MAX) {
        return -EINVAL;
    }
    spin_lock(&p2m->lock);
    if (pages < p2m->table_pages || pages == 0) {
        rc = -ENOMEM;
    } else {
        p2m->table_limit = (uint32_t)pages;
    }
    spin_unlock(&p2m->lock);
    return rc;
}

int domctl_op_get_paging_mempool_size(struct vcpu *v, struct domain *d,
                                      struct domctl_paging_mempool_arg *a)
{
    (void)v;
    a->size = (uint64_t)READ_ONCE(d->p2m[0]->table_limit) << PAGE_SHIFT;
    return 0;
}

static void clean_frame(struct domain *d, uint64_t n)
{
    mfn_t m;

    if (p2m_get_page(d->p2m[0], gfn(n), 0, &m) == 0) {
        void *va = guest_map(m);

        arch_clean_to_poc(va, PAGE_SIZE);
        guest_unmap(va);
        page_put(m);
    }
}

/* What the tools wrote through their caches, a guest that starts with its own off shall read. */
int domctl_op_cacheflush(struct vcpu *v, struct domain *d, struct domctl_cacheflush_arg *a)
{
    uint64_t done = 0;

    (void)v;
    if (a->nr_pfns > CACHEFLUSH_MOST || a->start_pfn + a->nr_pfns < a->start_pfn) {
        return -EINVAL;
    }
    while (a->nr_pfns != 0) {
        clean_frame(d, a->start_pfn);
        a->start_pfn++;
        a->nr_pfns--;
        if (++done % 64 == 0 && a->nr_pfns != 0 && preempt_check()) {
            return -ERESTART;
        }
    }
    return 0;
}
