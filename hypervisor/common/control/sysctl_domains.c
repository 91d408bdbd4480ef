/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: the list of domains, the console ring, debug keys. */
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/hypercall/sysctl_ops.h>
#include <hearth/softirq.h>

/* Above the id of the domain with which a preempted list goes on, after num_domains of them. */
#define GOES_ON 0x8000U

/* The ring is read in pieces: at most all that it holds. */
#define RING_CHUNK  256U
#define MOST_CHUNKS 64U

int sysctl_op_getdomaininfolist(struct vcpu *v, struct sysctl_getdomaininfolist_arg *a)
{
    struct domctl_getdomaininfo_arg info;
    struct domain *d;
    bool told = false;

    (void)v;
    if (a->first_domain >= GOES_ON && a->first_domain < (GOES_ON | DOMID_FIRST_RESERVED)) {
        a->first_domain &= (domid_t)~GOES_ON;
    } else {
        a->num_domains = 0;
    }
    for_each_domain (d) {
        guest_ptr_t at;

        if (d->id < a->first_domain) {
            continue;
        }
        if (a->num_domains >= a->max_domains) {
            break;
        }
        if (told && preempt_check()) {
            a->first_domain = (domid_t)(GOES_ON | d->id);
            return -ERESTART;
        }
        domain_info(d, &info);
        if (!guest_ptr_index(a->buffer, a->num_domains, sizeof(info), &at) ||
            guest_copy_out(at, &info, sizeof(info)) != 0) {
            return -EFAULT;
        }
        a->num_domains++;
        told = true;
    }
    return 0;
}

int sysctl_op_readconsole(struct vcpu *v, struct sysctl_readconsole_arg *a)
{
    uint32_t index = a->incremental != 0 ? a->index : console_ring_start();
    uint32_t most = MIN(a->count, MOST_CHUNKS * RING_CHUNK);
    char chunk[RING_CHUNK];
    uint32_t done = 0;

    (void)v;
    while (done < most) {
        size_t n = console_ring_read(chunk, MIN(most - done, RING_CHUNK), &index);
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

/* What is left stands in the argument. What one key prints is not cut. */
int sysctl_op_debug_keys(struct vcpu *v, struct sysctl_debug_keys_arg *a)
{
    char key;

    (void)v;
    for (uint32_t i = 0; i < a->nr_keys; i++) {
        guest_ptr_t at;

        if (!guest_ptr_index(a->keys, i, 1, &at) || guest_copy_in(&key, at, 1) != 0) {
            return -EFAULT;
        }
        if (i != 0 && preempt_check()) {
            a->keys = at;
            a->nr_keys -= i;
            return -ERESTART;
        }
        debug_key(key);
    }
    return 0;
}
