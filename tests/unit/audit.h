/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole system looked over at rest: no CPU is in an operation, no grace period is open. Each
 * frame is in one class, and free, or the hypervisor's, or owned by one domain and on its list;
 * each reference on a frame is explained by an entry of a p2m, a pin, a FIFO page or a vcpu_info;
 * tables by the p2m that they belong to; pins by handles; ports by their peers; a domain's
 * references by pins; armed timers by who armed them; free memory and the heap add up.
 * For the host's machine, whose stage 2 is arm64's, with CPU 0 alone.
 */
#pragma once

#include <hearth/domain.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/vcpu.h>

/* PAGE_SHARED frames that the test itself holds. */
struct audit_own {
    const mfn_t *frame;
    unsigned int nr;
};

/* Once, when the machine is up and before the first domain. */
void audit_begin(void);

/* NULL, or what is wrong. */
const char *audit_machine(const struct audit_own *own);
