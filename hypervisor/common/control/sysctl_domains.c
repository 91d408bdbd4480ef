/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: the list of domains, the console ring, debug keys. */
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/hypercall/sysctl_ops.h>
#include <hearth/softirq.h>

#define RING_CHUNK 256U
#define MOST_KEYS  64U

/*
 * Progress of a long list is its own: domains from first_domain on, num_domains told so far stands
 * in the buffer. One list is short of 64 K domains, and each is some hundred instructions: the
 * caller gets it in one piece, up to MOST_AT_ONCE, and asks again from the last one on, as libxc
 * does whenever it gets as many as it has room for.
 */
#define MOST_AT_ONCE 1024U

int sysctl_op_getdomaininfolist(struct vcpu *v, struct sysctl_getdomaininfolist_arg *a)
{
    struct domctl_getdomaininfo_arg info;
    uint32_t most = MIN(a->max_domains, MOST_AT_ONCE);
    struct domain *d;
    uint32_t n = 0;

    (void)v;
    for_each_domain (d) {
        guest_ptr_t at;

        if (d->id < a->first_domain) {
            continue;
        }
        if (n == most) {
            break;
        }
        domain_info(d, &info);
        if (!guest_ptr_index(a->buffer, n, sizeof(info), &at) ||
            guest_copy_out(at, &info, sizeof(info)) != 0) {
            return -EFAULT;
        }
        n++;
    }
    a->num_domains = n;
    return 0;
}

int sysctl_op_readconsole(struct vcpu *v, struct sysctl_readconsole_arg *a)
{
    uint32_t index = a->incremental != 0 ? a->index : console_ring_start();
    char chunk[RING_CHUNK];
    uint32_t done = 0;

    (void)v;
    while (done < a->count) {
        size_t n = console_ring_read(chunk, MIN(a->count - done, RING_CHUNK), &index);
        guest_ptr_t at;

        if (n == 0) {
            break;
        }
        if (!guest_ptr_index(a->buffer, done, 1, &at) || guest_copy_out(at, chunk, n) != 0) {
            return -EFAULT;
        }
        done += (uint32_t)n;
    }
    if (a->clear != 0) {
        console_ring_clear(index); /* XEN-ABI: what was not read stays */
    }
    a->index = index;
    a->count = done;
    return 0;
}

int sysctl_op_debug_keys(struct vcpu *v, struct sysctl_debug_keys_arg *a)
{
    char key;

    (void)v;
    if (a->nr_keys > MOST_KEYS) {
        return -E2BIG;
    }
    for (uint32_t i = 0; i < a->nr_keys; i++) {
        guest_ptr_t at;

        if (!guest_ptr_index(a->keys, i, 1, &at) || guest_copy_in(&key, at, 1) != 0) {
            return -EFAULT;
        }
        debug_key(key);
    }
    return 0;
}
