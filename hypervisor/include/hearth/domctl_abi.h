/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interface versions of domctl. Toolstacks name theirs in each request; an adapter turns the
 * request's union into version 0x15's before the handler sees it, and back afterwards.
 */
#pragma once

#include <hearth/abi_domctl.h>

struct domctl_abi {
    uint32_t version;
    uint32_t last; /* number that the version knows; those from 1000 on are gdbsx's */
    /* In place. NULL: nothing differs. -EINVAL: asks for what the internal form cannot say. */
    int (*in)(struct domctl_request_arg *r);
    void (*out)(struct domctl_request_arg *r);
};

/* NULL: a version that is not spoken. */
const struct domctl_abi *domctl_abi_find(uint32_t version);
